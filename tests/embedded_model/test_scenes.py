"""Scenes, captions and labels agree, and held-out combinations stay out of training."""

import numpy as np
import pytest

from embedded_model.captions import HEADS, CaptionWriter, scene_labels, vocabulary
from embedded_model.drawing import draw
from embedded_model.judge import cases
from embedded_model.scenes import Scene, Thing, is_held_out, sample_scene
from functions.embedded.tokenizer import MAX_WORDS, Tokenizer
from functions.embedded.weights import read_weights, weights_bytes


def test_training_never_draws_a_held_out_combination() -> None:
    rng = np.random.default_rng(5)

    assert not any(is_held_out(sample_scene(rng)) for _ in range(3000))


@pytest.mark.parametrize("kind", ["single", "pair"])
def test_every_judged_caption_is_held_out_and_none_used_for_choosing_settings_is(kind: str) -> None:
    judged, tuning = cases(kind, 240), cases(kind, 60, held_out=False)

    assert all(is_held_out(case.scene) for case in judged)
    assert not {case.caption for case in judged} & {case.caption for case in tuning}


def test_mirrored_pairs_share_their_fate() -> None:
    left = Thing(shape="star", color="red", place="left")
    right = Thing(shape="ring", color="blue", place="right")

    outcomes = {is_held_out(Scene(background="white", things=things)) for things in ((left, right), (right, left))}

    assert len(outcomes) == 1


def test_every_word_of_a_caption_is_known_and_nearly_all_captions_fit() -> None:
    rng = np.random.default_rng(6)
    writer, tokenizer = CaptionWriter(rng), Tokenizer(vocabulary())

    captions = [writer.write(sample_scene(rng)) for _ in range(500)]

    assert not {word for caption in captions for word in tokenizer.encode(caption).unknown_words}
    assert np.mean([len(caption.split()) <= MAX_WORDS for caption in captions]) > 0.99


def test_labels_name_a_class_for_every_head() -> None:
    scene = Scene(background="white", things=(Thing(shape="star", color="red", place="left"),))

    named = {head: names[label] for (head, names), label in zip(HEADS.items(), scene_labels(scene), strict=True)}

    assert (named["background"], named["shape0"], named["color0"], named["place0"]) == ("white", "star", "red", "left")
    assert (named["shape1"], named["ground"]) == ("none", "none")


def test_the_same_generator_draws_the_same_picture() -> None:
    rng = np.random.default_rng(7)
    scenes = [sample_scene(rng) for _ in range(20)]

    for scene in scenes:
        first, second = (draw(scene, np.random.default_rng(1), 64) for _ in range(2))
        assert first.shape == (64, 64, 3)
        assert np.array_equal(first, second)


def test_the_shipped_vocabulary_is_the_grammars() -> None:
    assert read_weights(weights_bytes()).about["words"] == vocabulary()
