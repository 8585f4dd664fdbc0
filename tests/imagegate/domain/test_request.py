"""Requests: sizes as text, and the digest that tells a repeat from another request."""

from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.filters import Filters
from imagegate.domain.request import (
    Background,
    GenerationRequest,
    Operation,
    OutputFormat,
    Quality,
    Size,
    fingerprint,
    parse_aspect_ratio,
    split_models,
)
from tests.builders import a_request, an_input

sides = st.integers(min_value=1, max_value=99_999)

OTHER_VALUES: dict[str, Any] = {
    "model": "painter/inks",
    "prompt": "another prompt",
    "negative_prompt": "text",
    "count": 2,
    "size": Size(512, 512),
    "quality": Quality.HIGH,
    "background": Background.OPAQUE,
    "output_format": OutputFormat.JPEG,
    "output_compression": 80,
    "seed": 1,
    "end_user": "someone",
    "provider_options": {"painter": {"brush": "wide"}},
    "operation": Operation.EDIT,
    "aspect_ratio": "16:9",
    "steps": 20,
    "guidance": 3.5,
    "strength": 0.5,
    "input_images": (an_input(),),
    "mask": an_input(),
    "filters": Filters(max_price=Decimal("0.05")),
    "has_fallback": False,
}


@given(width=sides, height=sides)
def test_a_size_that_is_written_is_read_back(width: int, height: int) -> None:
    size = Size(width, height)

    assert Size.parse(str(size)) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "auto",
        "1024",
        "x",
        "0x5",
        "01x5",
        "5x0",
        "-1x5",
        "100000x5",
        "5x5x5",
        " 5x5",
        "5X5",
        "5x5\n",
        "\u0665x\u0665",
    ],
)
def test_what_is_not_width_and_height_is_no_size(text: str) -> None:
    assert Size.parse(text) is None


def test_the_aspect_ratio_is_the_same_upright_and_lying() -> None:
    assert Size(512, 1024).aspect_ratio == Size(1024, 512).aspect_ratio == 2.0


def test_a_size_knows_its_pixels() -> None:
    assert Size(20, 30).pixels == 600


@pytest.mark.parametrize(("output_format", "media_type"), [("png", "image/png"), ("jpeg", "image/jpeg")])
def test_a_format_has_a_media_type(output_format: str, media_type: str) -> None:
    assert OutputFormat(output_format).media_type == media_type


def test_equal_requests_share_a_fingerprint_whatever_the_order_of_their_options() -> None:
    one = a_request(provider_options={"a": {"x": 1, "y": 2}, "b": {}})
    other = a_request(provider_options={"b": {}, "a": {"y": 2, "x": 1}})

    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("field", sorted(OTHER_VALUES))
def test_every_field_changes_the_fingerprint(field: str) -> None:
    changed = a_request(**{field: OTHER_VALUES[field]})

    assert fingerprint(changed) != fingerprint(a_request())


def test_names_of_models_are_told_apart_by_commas_each_once() -> None:
    assert split_models("painter/oils, auto,,painter/oils ,a") == ("painter/oils", "auto", "a")
    assert split_models(" , ") == ()


def test_no_field_is_forgotten_in_the_fingerprint() -> None:
    assert set(OTHER_VALUES) == {field.name for field in fields(GenerationRequest)}


@pytest.mark.parametrize(("text", "ratio"), [("1:1", 1.0), ("3:2", 1.5), ("9:16", 0.5625), ("99:1", 99.0)])
def test_an_aspect_ratio_is_width_over_height(text: str, ratio: float) -> None:
    assert parse_aspect_ratio(text) == ratio


@pytest.mark.parametrize("text", ["", "1", "0:1", "1:0", "100:1", "1:1:1", "1/1", "16:9\n", "-1:1"])
def test_what_is_not_two_numbers_is_no_aspect_ratio(text: str) -> None:
    assert parse_aspect_ratio(text) is None
