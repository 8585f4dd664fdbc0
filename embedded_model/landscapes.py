"""Backgrounds and landscapes of the procedural scenes: skies, grounds, sun, moon and trees."""

from __future__ import annotations

import numpy as np

from embedded_model.scenes import COLORS, Rgb, Scene
from embedded_model.shapes import FloatImage, Points, Spot, jittered, paint, polygon_mask, thing_mask

_SKIES: dict[str, tuple[Rgb, Rgb]] = {
    "night": (((14, 18, 52)), (38, 46, 96)),
    "sunset": ((108, 50, 130), (252, 150, 70)),
    "day": ((88, 164, 236), (196, 228, 250)),
}
_GROUND_COLORS: dict[str, Rgb] = {
    "hills": (70, 160, 70),
    "mountains": (112, 116, 140),
    "sea": (28, 98, 176),
    "snow": (238, 244, 252),
    "desert": (232, 190, 110),
}
_DIM = {"night": 0.42, "sunset": 0.72}
_TRUNK = ((-0.018, 0.0), (-0.018, -0.1), (0.018, -0.1), (0.018, 0.0))
_CROWN = ((-0.085, -0.07), (0.0, -0.27), (0.085, -0.07))
_PLAIN = (244, 241, 236)
_PLAIN_BEHIND_WHITE = (104, 128, 160)


def draw_background(scene: Scene, rng: np.random.Generator, pixels: int) -> FloatImage:
    """The sky or flat background every scene starts from."""
    down = np.linspace(0, 1, pixels, dtype=np.float32)[:, None, None]
    if scene.background in _SKIES:
        top, low = (jittered(color, rng) for color in _SKIES[scene.background])
    elif scene.background == "plain":
        has_white = any(thing.color == "white" for thing in scene.things)
        top = low = jittered(_PLAIN_BEHIND_WHITE if has_white else _PLAIN, rng)
    else:
        top = jittered(COLORS[scene.background], rng)
        low = top if scene.ground == "none" else (top * 0.6 + 255 * 0.4).astype(np.float32)
    picture = np.broadcast_to(top * (1 - down) + low * down, (pixels, pixels, 3)).astype(np.float32)
    return _with_stars(picture, rng) if scene.background == "night" else picture


def _with_stars(picture: FloatImage, rng: np.random.Generator) -> FloatImage:
    pixels = picture.shape[0]
    spots = [_disc(float(x), float(y) * 0.9, 0.008) for x, y in rng.random((int(rng.integers(8, 16)), 2))]
    return paint(picture, polygon_mask(spots, pixels) * np.float32(0.8), np.full(3, 250, np.float32))


def _disc(x: float, y: float, radius: float) -> Points:
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    return [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in turn]


def _ridge(rng: np.random.Generator, level: float, height: float, waves: float) -> Points:
    x = np.linspace(0, 1, 33)
    phase = rng.uniform(0, 2 * np.pi, 2)
    turn = waves * x * 2 * np.pi
    y = level - height * (np.sin(turn + phase[0]) + 0.4 * np.sin(2.3 * turn + phase[1]))
    return [(0.0, 1.0), *((float(a), float(b)) for a, b in zip(x, y, strict=True)), (1.0, 1.0)]


def draw_landscape(scene: Scene, rng: np.random.Generator, picture: FloatImage) -> FloatImage:
    """Sun or moon, ground and trees laid over a sky."""
    pixels = picture.shape[0]
    dim = np.float32(_DIM.get(scene.background, 1.0))
    if scene.light != "none":
        picture = _draw_light(scene, rng, picture)
    base = jittered(_GROUND_COLORS[scene.ground], rng) * dim
    if scene.ground == "mountains":
        picture = _draw_mountains(rng, picture, base, dim)
        base = jittered(_GROUND_COLORS["hills"], rng) * dim
        picture = paint(picture, polygon_mask([_ridge(rng, 0.84, 0.02, 0.8)], pixels), base)
    elif scene.ground == "sea":
        picture = _draw_sea(rng, picture, base)
    else:
        back = (base * 0.82).astype(np.float32)
        picture = paint(picture, polygon_mask([_ridge(rng, 0.60, 0.045, 0.9)], pixels), back)
        picture = paint(picture, polygon_mask([_ridge(rng, 0.74, 0.035, 0.7)], pixels), base)
    return _draw_trees(scene, rng, picture, dim)


def _draw_light(scene: Scene, rng: np.random.Generator, picture: FloatImage) -> FloatImage:
    color = (255, 226, 90) if scene.light == "sun" else (244, 244, 226)
    if scene.background == "sunset":
        color = (255, 236, 170)
    x, y = float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.18, 0.28))
    spot = Spot(x=x, y=y, radius=float(rng.uniform(0.09, 0.11)))
    mask = thing_mask("circle", spot, picture.shape[0])
    return paint(picture, mask, jittered(color, rng))


def _draw_mountains(rng: np.random.Generator, picture: FloatImage, base: FloatImage, dim: np.float32) -> FloatImage:
    pixels = picture.shape[0]
    for index, x in enumerate(rng.permutation(np.array([0.2, 0.5, 0.8]))):
        middle, peak, width = float(x + rng.uniform(-0.06, 0.06)), float(rng.uniform(0.3, 0.44)), 0.36
        shade = np.float32(0.84 + 0.08 * index)
        cap = 0.3
        slope = width * cap
        drop = (0.88 - peak) * cap
        rock: Points = [(middle - width, 0.88), (middle, peak), (middle + width, 0.88)]
        snow: Points = [(middle - slope, peak + drop), (middle, peak), (middle + slope, peak + drop)]
        picture = paint(picture, polygon_mask([rock], pixels), (base * shade).astype(np.float32))
        picture = paint(picture, polygon_mask([snow], pixels), np.full(3, 244, np.float32) * dim)
    return picture


def _draw_sea(rng: np.random.Generator, picture: FloatImage, base: FloatImage) -> FloatImage:
    pixels = picture.shape[0]
    horizon = float(rng.uniform(0.56, 0.62))
    sea: Points = [(0, horizon), (1, horizon), (1, 1), (0, 1)]
    picture = paint(picture, polygon_mask([sea], pixels), base)
    near: Points = [(0, 0.82), *_ridge(rng, 0.8, 0.012, 2.0)[1:-1], (1, 1), (0, 1)]
    return paint(picture, polygon_mask([near], pixels), (base * 0.8).astype(np.float32))


def _draw_trees(scene: Scene, rng: np.random.Generator, picture: FloatImage, dim: np.float32) -> FloatImage:
    if scene.trees == "none":
        return picture
    pixels = picture.shape[0]
    columns = [float(rng.uniform(0.3, 0.7))] if scene.trees == "one" else [0.16, 0.38, 0.62, 0.84]
    size = 1.5 if scene.trees == "one" else 1.0
    for column in columns:
        x, foot = column + float(rng.uniform(-0.04, 0.04)), float(rng.uniform(0.84, 0.88))
        trunk = [(x + a * size, foot + b * size) for a, b in _TRUNK]
        crown = [(x + a * size, foot + b * size) for a, b in _CROWN]
        picture = paint(picture, polygon_mask([trunk], pixels), np.array([96, 62, 36], np.float32) * dim)
        picture = paint(picture, polygon_mask([crown], pixels), np.array([24, 104, 52], np.float32) * dim)
    return picture
