"""The judge reads real renders right, catches mistakes, and the shipped scores pass the gate."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from embedded_model.judge import COUNT, cases, check, draw_real, score
from embedded_model.paths import SCORES, WEIGHTS
from embedded_model.reader import read_picture
from embedded_model.scenes import Scene, Thing


@pytest.mark.parametrize("kind", ["single", "pair"])
def test_real_renders_are_read_right(kind: str) -> None:
    totals = score(cases(kind, 48), draw_real)

    assert totals["all"] == 100.0


def test_a_wrong_shape_color_place_or_background_is_noticed() -> None:
    thing = Thing(shape="star", color="red", place="left")
    scene = Scene(background="white", things=(thing,))
    reading = read_picture(draw_real("", scene, 1))

    assert check(scene, reading)["all"]
    for wrong in (replace(thing, shape="heart"), replace(thing, color="blue"), replace(thing, place="top")):
        assert not check(replace(scene, things=(wrong,)), reading)["all"]
    assert not check(replace(scene, background="gray"), reading)["all"]


def test_swapped_pairs_are_noticed() -> None:
    left, right = (Thing(shape="star", color="red", place="left"), Thing(shape="ring", color="blue", place="right"))
    reading = read_picture(draw_real("", Scene(background="white", things=(left, right)), 1))

    swapped = (replace(left, place="right"), replace(right, place="left"))

    assert check(Scene(background="white", things=(right, left)), reading)["all"]
    assert not check(Scene(background="white", things=swapped), reading)["all"]


def test_an_empty_or_noisy_picture_scores_nothing() -> None:
    scene = Scene(background="white", things=(Thing(shape="star", color="red"),))
    empty = np.full((128, 128, 3), 250, np.uint8)
    noisy = np.random.default_rng(1).integers(0, 255, (128, 128, 3)).astype(np.uint8)

    assert not check(scene, read_picture(empty))["all"]
    assert not check(scene, read_picture(noisy))["all"]


def test_the_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size <= 16_000_000


def test_the_scores_belong_to_the_shipped_weights_and_pass_the_gate() -> None:
    scores = json.loads(SCORES.read_text())

    assert scores["weights_sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert COUNT >= 200
    assert min(scores[kind]["captions"] for kind in ("single", "pair")) >= 200
    assert scores["single"]["all"] >= 85
    assert scores["pair"]["all"] >= 50
