"""Brings a square picture to the requested size and file format; an object is never cropped or stretched."""

from __future__ import annotations

import io

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from functions.embedded.weights import Array

_QUALITY = 92
_PNG_LEVEL = 3
_SAMPLES = 128
_WINDOW = 43


def fit(square: NDArray[np.uint8], width: int, height: int) -> Image.Image:
    """The square at the shorter side's size, centered, its borders continued to the longer side."""
    side = min(width, height)
    small = Image.fromarray(square)
    resized = small if small.size == (side, side) else small.resize((side, side), Image.Resampling.LANCZOS)
    if width == height:
        return resized
    pixels = np.asarray(resized)
    is_wide = width > height
    wide = _widened(pixels if is_wide else pixels.swapaxes(0, 1), max(width, height))
    return Image.fromarray(np.ascontiguousarray(wide if is_wide else wide.swapaxes(0, 1)))


def _widened(square: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    before = (width - len(square)) // 2
    after = width - len(square) - before
    left = _continued(square[:, 0].astype(np.float32), before)[:, ::-1]
    right = _continued(square[:, -1].astype(np.float32), after)
    return np.concatenate([left, square, right], 1)


def _continued(edge: Array, length: int) -> NDArray[np.uint8]:
    """Columns that start as the edge and soon become a calm one, so that an object near the edge leaves no streak."""
    share = np.clip(np.arange(1, length + 1, dtype=np.float32) / (len(edge) / 6), 0, 1)
    soft = (share * share * (3 - 2 * share))[None, :, None]
    mixed = edge[:, None] * (1 - soft) + _calm(edge)[:, None] * soft
    continued: NDArray[np.uint8] = (mixed + np.float32(0.5)).astype(np.uint8)
    return continued


def _calm(edge: Array) -> Array:
    """The running median of a column: it drops what is short and keeps a horizon where it is."""
    at = np.linspace(0, len(edge) - 1, _SAMPLES)
    samples = edge[np.rint(at).astype(np.int64)]
    windows = sliding_window_view(np.pad(samples, ((_WINDOW // 2, _WINDOW // 2), (0, 0)), mode="reflect"), _WINDOW, 0)
    medians = np.median(windows, 2)
    rows = np.arange(len(edge))
    return np.stack([np.interp(rows, at, medians[:, channel]) for channel in range(3)], 1).astype(np.float32)


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
