"""Brings a square picture to the requested size and file format; an object is never cropped or stretched."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_QUALITY = 92
_PNG_LEVEL = 3


def fit(square: NDArray[np.uint8], width: int, height: int) -> Image.Image:
    """The square at the shorter side's size, centered, its borders continued to the longer side."""
    side = min(width, height)
    small = Image.fromarray(square)
    resized = small if small.size == (side, side) else small.resize((side, side), Image.Resampling.LANCZOS)
    return resized if width == height else _extended(resized, width, height)


def _extended(square: Image.Image, width: int, height: int) -> Image.Image:
    side = square.width
    left, top = (width - side) // 2, (height - side) // 2
    margins = ((top, height - side - top), (left, width - side - left), (0, 0))
    wide = Image.fromarray(np.pad(np.asarray(square), margins, mode="edge"))
    softened = wide.filter(ImageFilter.GaussianBlur(side / 24))
    weights = np.zeros((height, width), np.float32)
    distance_x = _distance(width, left, side)[None, :]
    distance_y = _distance(height, top, side)[:, None]
    weights = np.clip(np.maximum(distance_x, distance_y) / (side / 6), 0, 1)
    return Image.composite(softened, wide, Image.fromarray((weights * 255).astype(np.uint8)))


def _distance(length: int, start: int, side: int) -> NDArray[np.float32]:
    """How far each pixel lies outside the square along one axis."""
    at = np.arange(length, dtype=np.float32)
    return np.maximum(np.maximum(start - at, at - (start + side - 1)), 0).astype(np.float32)


def encode(image: Image.Image, output_format: str, quality: int | None) -> bytes:
    """The file's bytes; `quality` counts for JPEG and WebP, as PNG loses nothing."""
    buffer = io.BytesIO()
    if output_format == "png":
        image.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    elif output_format == "jpeg":
        image.save(buffer, "JPEG", quality=_QUALITY if quality is None else quality)
    else:
        image.save(buffer, "WEBP", quality=_QUALITY if quality is None else quality, method=2)
    return buffer.getvalue()
