"""Scores the shipped weights with the shipped runtime on captions whose combinations training never saw."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embedded_model.captions import CaptionWriter
from embedded_model.drawing import draw
from embedded_model.paths import SCORES
from embedded_model.reader import Found, Reading, read_picture
from embedded_model.scenes import COLORS, SHAPES, Scene, Thing, is_held_out, sample_pair, sample_single
from functions.embedded.picture import fit
from functions.embedded.sampler import Painter, Settings
from functions.embedded.weights import read_weights, weights_bytes

COUNT = 240
SIDE = 128
JUDGED_SEED, TUNING_SEED = 2026, 77
CHECKS = ("background", "colors", "shapes", "place", "all")
Paint = Callable[[str, Scene, int], NDArray[np.uint8]]
Checks = dict[str, bool]


@dataclass(frozen=True, slots=True)
class Case:
    """A caption and the scene it describes."""

    caption: str
    scene: Scene


def cases(kind: str, count: int, *, held_out: bool = True) -> list[Case]:
    """Captions in the plain grammar, shapes in equal shares; `held_out=False` gives the set for choosing settings."""
    rng = np.random.default_rng([JUDGED_SEED if held_out else TUNING_SEED, len(kind)])
    writer = CaptionWriter(rng, plain=True)
    found: list[Case] = []
    while len(found) < count:
        scene = _candidate(kind, SHAPES[len(found) % len(SHAPES)], rng)
        if is_held_out(scene) == held_out:
            found.append(Case(writer.write(scene), scene))
    return found


def _candidate(kind: str, shape: str, rng: np.random.Generator) -> Scene:
    background = str(rng.choice(list(COLORS)))
    if kind == "single":
        scene = sample_single(rng, background)
        return replace(scene, things=(replace(scene.things[0], shape=shape),))
    while True:
        scene = sample_pair(rng, background, plain_sizes=True)
        first, second = scene.things
        second = replace(second, shape=str(rng.choice(SHAPES)))
        if (first.color, shape) != (second.color, second.shape):
            return replace(scene, things=(replace(first, shape=shape), second))


def check(scene: Scene, reading: Reading) -> Checks:
    """Which parts of a scene a picture shows; any missing or surplus object fails all but the background."""
    checks = dict.fromkeys(CHECKS, False)
    checks["background"] = reading.background == scene.background
    if len(reading.things) == len(scene.things):
        checks |= _check_single(scene, reading.things[0]) if len(scene.things) == 1 else _check_pair(scene, reading)
    checks["all"] = all(checks[name] for name in CHECKS if name != "all")
    return checks


def _check_single(scene: Scene, found: Found) -> Checks:
    thing = scene.things[0]
    return {
        "colors": found.color == thing.color,
        "shapes": found.shape == thing.shape,
        "place": found.place == thing.place,
    }


def _check_pair(scene: Scene, reading: Reading) -> Checks:
    """Compares the objects by position: what the caption puts left must be left."""
    first, second = scene.things
    is_row = first.place in ("left", "right")
    found = sorted(reading.things, key=lambda thing: thing.x if is_row else thing.y)
    wanted: tuple[Thing, ...] = (first, second) if first.place in ("left", "top") else (second, first)
    across, down = abs(found[0].x - found[1].x), abs(found[0].y - found[1].y)
    return {
        "colors": all(a.color == b.color for a, b in zip(found, wanted, strict=True)),
        "shapes": all(a.shape == b.shape for a, b in zip(found, wanted, strict=True)),
        "place": (across > 2 * down) if is_row else (down > 2 * across),
    }


def score(judged: list[Case], paint: Paint) -> dict[str, object]:
    """Percentages per check, and per shape the share of cases with that shape in which everything is right."""
    pictures = (paint(case.caption, case.scene, index) for index, case in enumerate(judged))
    results = [check(case.scene, read_picture(picture)) for case, picture in zip(judged, pictures, strict=True)]
    by_shape = {
        shape: _percent([r["all"] for c, r in zip(judged, results, strict=True) if shape in _shapes(c.scene)])
        for shape in SHAPES
    }
    totals = {name: _percent([result[name] for result in results]) for name in CHECKS}
    return {"captions": len(judged), **totals, "all_by_shape": by_shape}


def _shapes(scene: Scene) -> set[str]:
    return {thing.shape for thing in scene.things}


def _percent(values: list[bool]) -> float:
    return round(100 * sum(values) / max(len(values), 1), 1)


def draw_real(_caption: str, scene: Scene, index: int) -> NDArray[np.uint8]:
    """A real render in place of a painted picture: measures the judge itself."""
    return draw(scene, np.random.default_rng(index), SIDE)


def main() -> None:
    """Command line: judge and write the scores, or try settings on the other captions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--tune", action="store_true", help="use combinations from training and write nothing")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    arguments = parser.parse_args()
    content = weights_bytes()
    painter = Painter(read_weights(content))
    steps = arguments.steps or painter.default_steps
    guidance = painter.default_guidance if arguments.guidance is None else arguments.guidance

    def paint(caption: str, _scene: Scene, index: int) -> NDArray[np.uint8]:
        picture = painter.paint(caption, None, Settings(seed=index, steps=steps, guidance=guidance))
        return np.asarray(fit(picture, SIDE, SIDE))

    sets = {kind: cases(kind, arguments.count, held_out=not arguments.tune) for kind in ("single", "pair")}
    scores: dict[str, object] = {
        "model_version": painter.model_version,
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "steps": steps,
        "guidance": guidance,
        **{kind: score(judged, paint) for kind, judged in sets.items()},
        **{f"{kind}_on_real_renders": score(judged, draw_real) for kind, judged in sets.items()},
    }
    print(json.dumps(scores, indent=2))
    if not arguments.tune:
        SCORES.write_text(json.dumps(scores, indent=2) + "\n")


if __name__ == "__main__":
    main()
