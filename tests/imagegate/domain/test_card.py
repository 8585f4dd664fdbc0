"""Size rules of model cards: lists, ranges and how they are told."""

import pytest

from imagegate.domain.card import SizeRule
from imagegate.domain.request import Size
from tests.builders import a_card

FIXED = SizeRule(default=Size(512, 512), allowed=(Size(512, 512), Size(512, 1024)))
RANGE = SizeRule(default=Size(512, 512), min_side=256, max_side=1024, multiple_of=64, max_aspect_ratio=2.0)


def test_a_list_allows_what_it_names_and_nothing_else() -> None:
    assert FIXED.allows(Size(512, 1024))
    assert not FIXED.allows(Size(1024, 512))


def test_a_range_allows_both_of_its_ends() -> None:
    assert RANGE.allows(Size(256, 256))
    assert RANGE.allows(Size(1024, 1024))


def test_a_range_refuses_sides_that_are_too_small_too_large_or_off_the_grid() -> None:
    assert not RANGE.allows(Size(192, 256))
    assert not RANGE.allows(Size(1024, 1088))
    assert not RANGE.allows(Size(256, 257))


def test_a_range_refuses_a_strip() -> None:
    assert RANGE.allows(Size(512, 1024))
    assert not RANGE.allows(Size(448, 1024))


def test_a_rule_says_which_sizes_are_possible() -> None:
    assert FIXED.describe() == "one of 512x512, 512x1024"
    assert RANGE.describe() == (
        "WIDTHxHEIGHT with both sides from 256 to 1024, divisible by 64, and an aspect ratio of at most 2:1"
    )


def test_a_rule_without_sizes_leaves_the_size_to_the_input_image() -> None:
    rule = SizeRule(default=Size(1024, 1024))

    assert not rule.allows(Size(1024, 1024))
    assert rule.of_ratio("1:1") is None
    assert rule.describe() == "nothing else than what follows from the input image"


def test_a_providers_rounded_sides_still_have_the_shape_they_stand_for() -> None:
    wide = SizeRule(
        default=Size(1024, 1024), allowed=(Size(1024, 1024), Size(1536, 640), Size(1344, 768)), is_adaptable=True
    )

    assert wide.of_ratio("21:9") == Size(1536, 640)
    assert wide.nearest(Size(1920, 1080)) == Size(1344, 768)
    assert wide.nearest(Size(1600, 1200)) is None


def test_a_card_is_named_by_provider_and_model() -> None:
    assert a_card(provider="painter", name="inks").id == "painter/inks"


def test_a_rule_may_bound_the_number_of_pixels_too() -> None:
    rule = SizeRule(
        default=Size(1024, 1024),
        min_side=16,
        max_side=2048,
        max_aspect_ratio=3.0,
        min_pixels=655360,
        max_pixels=2000000,
    )

    assert rule.allows(Size(1024, 640))
    assert not rule.allows(Size(1023, 640))
    assert not rule.allows(Size(2000, 1001))
    assert rule.describe().endswith("3:1, at least 655360 pixels, at most 2000000 pixels")


def test_the_nearest_size_has_the_same_shape_and_about_as_many_pixels() -> None:
    sizes = (Size(512, 512), Size(2048, 2048), Size(1536, 1024))
    rule = SizeRule(default=sizes[0], allowed=sizes, is_adaptable=True)

    assert rule.nearest(Size(1900, 1900)) == Size(2048, 2048)
    assert rule.nearest(Size(600, 600)) == Size(512, 512)
    assert rule.nearest(Size(900, 600)) == Size(1536, 1024)
    assert rule.describe().endswith("another size of the same shape as one of them")


def test_a_list_that_may_not_adapt_has_no_nearest_size() -> None:
    assert FIXED.nearest(Size(1024, 1024)) is None


def test_labels_are_the_providers_words_for_its_sizes() -> None:
    labels = {Size(1024, 1024): "1:1", Size(1344, 768): "16:9"}
    rule = SizeRule(default=Size(1024, 1024), allowed=tuple(labels), labels=labels)

    wide = rule.of_ratio("16:9")

    assert wide is not None
    assert rule.labels[wide] == "16:9"
    assert rule.of_ratio("4:3") is None


def test_a_ratio_that_is_none_has_no_size() -> None:
    assert FIXED.of_ratio("wide") is None


@pytest.mark.parametrize("ratio", ["1:1", "4:3", "3:4", "16:9", "9:16", "2:1", "1:2"])
def test_a_ratio_is_kept_and_no_side_leaves_the_range(ratio: str) -> None:
    size = RANGE.of_ratio(ratio)

    width, _, height = ratio.partition(":")
    assert size is not None
    assert RANGE.allows(size)
    assert size.width / size.height == pytest.approx(int(width) / int(height), rel=0.03)


def test_a_ratio_has_about_as_many_pixels_as_the_default() -> None:
    rule = SizeRule(default=Size(1024, 1024), min_side=256, max_side=4096, multiple_of=16, max_aspect_ratio=3.0)

    size = rule.of_ratio("16:9")

    assert size == Size(1360, 768)


def test_a_ratio_shrinks_the_picture_where_a_side_would_be_too_long() -> None:
    rule = SizeRule(default=Size(1024, 1024), min_side=128, max_side=1024, multiple_of=8, max_aspect_ratio=2.0)

    assert rule.of_ratio("16:9") == Size(1024, 576)
    assert rule.of_ratio("1:2") == Size(512, 1024)


@pytest.mark.parametrize("ratio", ["3:1", "1:3", "99:1"])
def test_a_ratio_that_the_range_cannot_keep_is_none(ratio: str) -> None:
    assert RANGE.of_ratio(ratio) is None


def test_a_grid_too_coarse_for_a_ratio_is_no_reason_to_bend_it() -> None:
    coarse = SizeRule(default=Size(512, 512), min_side=512, max_side=1024, multiple_of=512, max_aspect_ratio=2.0)

    assert coarse.of_ratio("4:3") is None
    assert coarse.of_ratio("2:1") == Size(1024, 512)
