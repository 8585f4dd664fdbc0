"""Outlines of the shapes, and how they are laid over a picture; coordinates run from 0 to 1, y downwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from embedded_model.scenes import Rgb

Points = list[tuple[float, float]]
FloatImage = NDArray[np.float32]
RING_HOLE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a shape stands: center and radius in picture widths, tilt in radians."""

    x: float
    y: float
    radius: float
    tilt: float = 0.0


def shape_outline(shape: str) -> Points:
    """The outline of a shape in a frame from -1 to 1, y downwards; a ring's outline is its outer edge."""
    turn = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    if shape in ("circle", "ring"):
        return [(float(np.cos(a)), float(np.sin(a))) for a in turn]
    if shape == "heart":
        x = 16 * np.sin(turn) ** 3
        y = 13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn)
        return [(float(a / 16.0), float(-(b + 2.5) / 15.5)) for a, b in zip(x, y, strict=True)]
    if shape == "star":
        spokes = [(-np.pi / 2 + i * np.pi / 5, 1.12 if i % 2 == 0 else 0.5) for i in range(10)]
        return [(float(r * np.cos(a)), float(r * np.sin(a) + 0.06)) for a, r in spokes]
    arm = 0.34
    outlines: dict[str, Points] = {
        "square": [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        "triangle": [(0.0, -1.0), (1.04, 0.82), (-1.04, 0.82)],
        "diamond": [(0.0, -1.12), (0.84, 0.0), (0.0, 1.12), (-0.84, 0.0)],
        "cross": [
            (-arm, -1), (arm, -1), (arm, -arm), (1, -arm), (1, arm), (arm, arm),
            (arm, 1), (-arm, 1), (-arm, arm), (-1, arm), (-1, -arm), (-arm, -arm),
        ],
    }  # fmt: skip
    return outlines[shape]


def polygon_mask(outlines: list[Points], pixels: int, holes: list[Points] | None = None) -> FloatImage:
    """Coverage (0 to 1) of polygons given in picture coordinates from 0 to 1, drawn at four times the size."""
    scale = 4
    canvas = Image.new("L", (pixels * scale, pixels * scale))
    pen = ImageDraw.Draw(canvas)
    for fill, group in ((255, outlines), (0, holes or [])):
        for outline in group:
            pen.polygon([(x * pixels * scale, y * pixels * scale) for x, y in outline], fill=fill)
    small = canvas.reduce(scale)
    return np.asarray(small, np.float32)[..., None] / np.float32(255.0)


def thing_mask(shape: str, spot: Spot, pixels: int) -> FloatImage:
    """Coverage of one shape at a spot."""
    cos, sin = float(np.cos(spot.tilt)), float(np.sin(spot.tilt))

    def moved(scale: float) -> Points:
        points = [(px * spot.radius * scale, py * spot.radius * scale) for px, py in shape_outline(shape)]
        return [(spot.x + px * cos - py * sin, spot.y + px * sin + py * cos) for px, py in points]

    return polygon_mask([moved(1.0)], pixels, [moved(RING_HOLE)] if shape == "ring" else None)


def paint(picture: FloatImage, mask: FloatImage, color: FloatImage) -> FloatImage:
    """The picture with a color laid over it where the mask is set."""
    return (picture * (1 - mask) + color * mask).astype(np.float32)


def jittered(color: Rgb, rng: np.random.Generator) -> FloatImage:
    """A color moved a little, so that the model does not learn single values."""
    return np.clip(np.array(color, np.float32) + rng.uniform(-5, 5, 3), 0, 255).astype(np.float32)
