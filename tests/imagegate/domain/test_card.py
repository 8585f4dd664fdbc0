"""Size rules of model cards: lists, ranges and how they are told."""

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
