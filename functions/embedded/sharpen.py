"""Makes soft edges crisp: a pixel moves to the nearer of the two plateaus around it; gradients stay as they are.

Each color channel is sharpened by itself, so edges get colored specks, which `calmed` takes away again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from functions.embedded.weights import Array

_STEEPNESS = np.float32(2)
_LEAST_SPAN, _FULL_SPAN = np.float32(0.3), np.float32(0.7)
Extreme = Callable[[Array, Array], Array]


def sharpened(x: Array, reach: int, rim: int) -> Array:
    """A picture from -1 to 1 whose plateaus are looked for within `reach` pixels, rims up to `rim` pixels ignored."""
    low = _spread(_spread(x, rim, np.maximum), reach + rim, np.minimum)
    span = np.maximum(_spread(_spread(x, rim, np.minimum), reach + rim, np.maximum) - low, np.float32(1e-3))
    share = np.clip(((x - low) / span - np.float32(0.5)) * _STEEPNESS + np.float32(0.5), 0, 1)
    steep = share * share * (3 - 2 * share)
    weight = np.clip((span - _LEAST_SPAN) / (_FULL_SPAN - _LEAST_SPAN), 0, 1)
    mixed: Array = x + weight * (low + span * steep - x)
    return mixed


def calmed(x: Array, side: int) -> Array:
    """A picture from -1 to 1, each value the median of a square window; what is narrower than half a side goes away."""
    picture = Image.fromarray(((x + 1) * np.float32(127.5)).round().clip(0, 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.MedianFilter(side)), np.float32) / np.float32(127.5) - 1


def _spread(x: Array, reach: int, extreme: Extreme) -> Array:
    """The least or greatest value in a square window, by doubling shifts along each axis."""
    for _ in range(2):
        x = x.swapaxes(0, 1)
        padded = np.pad(x, ((reach, reach), (0, 0), (0, 0)), mode="edge")
        seen, wanted = 1, 2 * reach + 1
        while seen < wanted:
            shift = min(seen, wanted - seen)
            padded = extreme(padded[:-shift], padded[shift:])
            seen += shift
        x = padded
    return x
