"""Reads a picture back into objects: which shape and color stands where; it never sees the caption."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from embedded_model.scenes import COLORS, SHAPES
from embedded_model.shapes import Spot, thing_mask

_NOTICED = 40.0
_SMALLEST_SHARE = 0.006
_GRID = 40
_REACH = 2.1
_LEAST_OVERLAP = 0.65
_THIRDS = (0.385, 0.615)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object in a picture; the shape is "unclear" when no known outline overlaps enough."""

    shape: str
    color: str
    x: float
    y: float

    @property
    def place(self) -> str:
        """The name of the ninth of the picture that the center lies in."""
        row, column = (int(np.searchsorted(_THIRDS, value)) for value in (self.y, self.x))
        name = f"{('top', '', 'bottom')[row]} {('left', '', 'right')[column]}".strip()
        return name or "center"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A picture's background color and its objects, largest first."""

    background: str
    things: tuple[Found, ...]


def nearest_color(value: NDArray[np.float32]) -> str:
    """The palette's closest color name."""
    return min(COLORS, key=lambda name: float(np.square(value - np.array(COLORS[name], np.float32)).sum()))


def read_picture(picture: NDArray[np.uint8]) -> Reading:
    """Finds the background from the border and the objects from what differs from it."""
    pixels = picture.astype(np.float32)
    border = np.concatenate([pixels[:2].reshape(-1, 3), pixels[-2:].reshape(-1, 3), pixels[:, 0], pixels[:, -1]])
    background = np.median(border, 0).astype(np.float32)
    distance = np.sqrt(np.square(pixels - background).sum(2))
    parts = [part for part in _components(distance > _NOTICED) if part.mean() >= _SMALLEST_SHARE]
    things = [_read_thing(pixels, background, distance, part) for part in sorted(parts, key=np.sum, reverse=True)]
    return Reading(background=nearest_color(background), things=tuple(things))


def _read_thing(
    pixels: NDArray[np.float32], background: NDArray[np.float32], distance: NDArray[np.float32], part: Mask
) -> Found:
    core = part & (distance >= np.quantile(distance[part], 0.4))
    color = np.median(pixels[core], 0).astype(np.float32)
    direction = color - background
    share = ((pixels - background) @ direction) / max(float(direction @ direction), 1.0)
    mask = part & (share > 0.5)
    rows, columns = np.nonzero(mask)
    size = len(pixels)
    return Found(
        shape=_read_shape(mask),
        color=nearest_color(color),
        x=float((columns.mean() + 0.5) / size),
        y=float((rows.mean() + 0.5) / size),
    )


def _components(mask: Mask) -> list[Mask]:
    """Connected regions, found by growing one unvisited pixel at a time."""
    left = mask.copy()
    found = []
    height, width = mask.shape
    while left.any():
        start = np.unravel_index(int(left.argmax()), mask.shape)
        region = np.zeros_like(mask)
        stack = [(int(start[0]), int(start[1]))]
        left[stack[0]] = False
        while stack:
            y, x = stack.pop()
            region[y, x] = True
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= near[0] < height and 0 <= near[1] < width and left[near]:
                    left[near] = False
                    stack.append(near)
        found.append(region)
    return found


def _normalized(mask: Mask) -> Mask:
    """The mask moved to its center of mass and scaled to equal spread, on a small grid."""
    rows, columns = np.nonzero(mask)
    center_y, center_x = rows.mean(), columns.mean()
    spread = float(np.sqrt((np.square(rows - center_y) + np.square(columns - center_x)).mean()))
    at = (np.arange(_GRID) + 0.5) / _GRID * 2 - 1
    y = np.rint(center_y + at * _REACH * spread).astype(int)
    x = np.rint(center_x + at * _REACH * spread).astype(int)
    inside = ((y >= 0) & (y < mask.shape[0]))[:, None] & ((x >= 0) & (x < mask.shape[1]))[None, :]
    sampled: Mask = mask[np.clip(y, 0, mask.shape[0] - 1)[:, None], np.clip(x, 0, mask.shape[1] - 1)[None, :]] & inside
    return sampled


@cache
def _templates() -> tuple[tuple[str, Mask], ...]:
    tilts = (-0.12, -0.06, 0.0, 0.06, 0.12)
    return tuple(
        (shape, _normalized(thing_mask(shape, Spot(x=0.5, y=0.5, radius=0.3, tilt=tilt), 128)[..., 0] > 0.5))
        for shape in SHAPES
        for tilt in tilts
    )


def _read_shape(mask: Mask) -> str:
    seen = _normalized(mask)
    overlaps = [(float((seen & known).sum() / (seen | known).sum()), shape) for shape, known in _templates()]
    overlap, shape = max(overlaps)
    return shape if overlap >= _LEAST_OVERLAP else "unclear"
