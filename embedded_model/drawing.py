"""Draws a scene; sizes and places jitter, so equal scenes give different pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedded_model.landscapes import draw_background, draw_landscape
from embedded_model.scenes import COLORS, PLACES, Scene
from embedded_model.shapes import Spot, jittered, paint, thing_mask

_RADII = {"small": (0.155, 0.18), "medium": (0.22, 0.26), "large": (0.285, 0.32)}
_CENTER_LARGE = (0.34, 0.41)
_PAIR_RADII = {"small": (0.15, 0.16), "medium": (0.175, 0.195), "large": (0.2, 0.215)}
_TRIPLE_RADIUS = (0.115, 0.13)
_GRID = (0.27, 0.5, 0.73)


def thing_spot(scene: Scene, index: int, rng: np.random.Generator) -> Spot:
    """A spot for one object, jittered and kept inside the picture."""
    thing, count = scene.things[index], len(scene.things)
    if count == 3:
        low, high = _TRIPLE_RADIUS
    elif count == 2:
        low, high = _PAIR_RADII[thing.size]
    else:
        low, high = _CENTER_LARGE if (thing.place, thing.size) == ("center", "large") else _RADII[thing.size]
    radius = float(rng.uniform(low, high))
    row, column = divmod(PLACES.index(thing.place), 3)
    grid = (0.17, 0.5, 0.83) if count == 3 else ((0.245, 0.5, 0.755) if count == 2 else _GRID)
    jitter = 0.02 if count > 1 else 0.03
    edge = min(radius * 1.08 + 0.012, 0.5)
    x, y = (float(np.clip(grid[i] + rng.uniform(-jitter, jitter), edge, 1.0 - edge)) for i in (column, row))
    return Spot(x=x, y=y, radius=radius, tilt=float(rng.uniform(-0.06, 0.06)))


def draw(scene: Scene, rng: np.random.Generator, pixels: int = 64) -> NDArray[np.uint8]:
    """The picture of a scene, (pixels, pixels, 3); equal scenes differ in jitter only."""
    picture = draw_background(scene, rng, pixels)
    if scene.ground != "none":
        picture = draw_landscape(scene, rng, picture)
    for index, thing in enumerate(scene.things):
        mask = thing_mask(thing.shape, thing_spot(scene, index, rng), pixels)
        picture = paint(picture, mask, jittered(COLORS[thing.color], rng))
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)
