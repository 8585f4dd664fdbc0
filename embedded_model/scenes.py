"""Procedural scenes the model learns from; a scene is plain data, and only drawing decides the exact geometry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

Rgb = tuple[int, int, int]

COLORS: dict[str, Rgb] = {
    "red": (225, 30, 35),
    "orange": (250, 140, 20),
    "yellow": (250, 220, 50),
    "green": (35, 160, 65),
    "cyan": (50, 210, 220),
    "blue": (35, 85, 220),
    "purple": (130, 50, 180),
    "pink": (250, 145, 195),
    "brown": (120, 72, 35),
    "white": (250, 250, 250),
    "gray": (140, 140, 140),
    "black": (18, 18, 18),
}
SHAPES = ("circle", "square", "triangle", "star", "heart", "ring", "cross", "diamond")
PLACES = (
    "top left", "top", "top right", "left", "center", "right", "bottom left", "bottom", "bottom right",
)  # fmt: skip
SIZES = ("small", "medium", "large")
BACKGROUNDS = (*COLORS, "night", "sunset", "day", "plain")
GROUNDS = ("none", "hills", "mountains", "sea", "snow", "desert")
LIGHTS = ("none", "sun", "moon")
TREES = ("none", "one", "many")
OPPOSITE_PLACE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}

_SHAPE_WEIGHTS = np.array([1.0, 1.0, 1.1, 1.9, 1.4, 1.0, 1.2, 1.4])
_SKIES = ("day", "night", "sunset", "pink", "blue", "purple", "orange")
_SKY_SHARES = (0.4, 0.2, 0.2, 0.05, 0.05, 0.05, 0.05)
HELD_OUT_SHARE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object: what it is and where it stands."""

    shape: str
    color: str
    place: str = "center"
    size: str = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a caption can say about a picture; `things` are in the order the caption mentions them."""

    background: str
    things: tuple[Thing, ...] = ()
    ground: str = "none"
    light: str = "none"
    trees: str = "none"


def is_held_out(scene: Scene) -> bool:
    """Whether this combination of background, colors and shapes is kept out of training (one in ten)."""
    if not scene.things:
        return False
    things = sorted(f"{thing.color} {thing.shape}" for thing in scene.things)
    key = "|".join([scene.background, *things])
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % HELD_OUT_SHARE == 0


def sample_scene(rng: np.random.Generator) -> Scene:
    """A random scene of the training distribution, held-out combinations excluded."""
    while True:
        kind = rng.random()
        if kind < 0.38:
            scene = sample_single(rng, sample_background(rng))
        elif kind < 0.80:
            scene = sample_pair(rng, sample_background(rng))
        elif kind < 0.86:
            scene = sample_group(rng, sample_background(rng))
        else:
            scene = sample_landscape(rng)
        if not is_held_out(scene):
            return scene


def sample_background(rng: np.random.Generator) -> str:
    """A background for a scene of objects: mostly a color, else none stated, night or sunset."""
    draw_value = rng.random()
    if draw_value < 0.74:
        return str(rng.choice(list(COLORS)))
    return "plain" if draw_value < 0.88 else ("night" if draw_value < 0.94 else "sunset")


def _sample_thing(rng: np.random.Generator, background: str, place: str, size: str) -> Thing:
    avoided = {"night": "black", "sunset": "orange"}.get(background, background)
    color = str(rng.choice([name for name in COLORS if name != avoided]))
    shape = str(rng.choice(SHAPES, p=_SHAPE_WEIGHTS / _SHAPE_WEIGHTS.sum()))
    return Thing(shape=shape, color=color, place=place, size=size)


def sample_single(rng: np.random.Generator, background: str) -> Scene:
    """One object at one of nine places."""
    place = "center" if rng.random() < 0.35 else str(rng.choice(PLACES))
    size = "medium" if rng.random() < 0.45 else str(rng.choice(SIZES))
    return Scene(background=background, things=(_sample_thing(rng, background, place, size),))


def sample_pair(rng: np.random.Generator, background: str, *, plain_sizes: bool = False) -> Scene:
    """Two objects side by side or one above the other."""
    place = str(rng.choice(list(OPPOSITE_PLACE)))
    sized = not plain_sizes and rng.random() < 0.25
    sizes = [str(rng.choice(SIZES)) if sized else "medium" for _ in range(2)]
    first = _sample_thing(rng, background, place, sizes[0])
    second = _sample_thing(rng, background, OPPOSITE_PLACE[place], sizes[1])
    return Scene(background=background, things=(first, second))


def sample_group(rng: np.random.Generator, background: str) -> Scene:
    """Two or three equal objects in a row."""
    places = ("left", "right") if rng.random() < 0.6 else ("left", "center", "right")
    thing = _sample_thing(rng, background, "left", "medium")
    things = tuple(Thing(shape=thing.shape, color=thing.color, place=place) for place in places)
    return Scene(background=background, things=things)


def sample_landscape(rng: np.random.Generator) -> Scene:
    """Sky, ground, perhaps a sun or moon, perhaps trees."""
    sky = str(rng.choice(_SKIES, p=_SKY_SHARES))
    ground = str(rng.choice(GROUNDS[1:]))
    light = "moon" if sky == "night" else "sun"
    light = light if rng.random() < 0.55 else "none"
    trees = "none" if ground in ("sea", "desert") else str(rng.choice(TREES, p=[0.5, 0.3, 0.2]))
    return Scene(background=sky, ground=ground, light=light, trees=trees)
