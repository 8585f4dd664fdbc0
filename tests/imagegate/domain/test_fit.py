"""Fitting a request to a card: every wish is kept, warned about, or refused, and never dropped in silence."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.card import ModelCard, Range, SizeRule
from imagegate.domain.errors import (
    InvalidCountError,
    InvalidRequestError,
    InvalidSizeError,
    InvalidValueError,
    PromptTooLongError,
    UnsupportedFeatureError,
)
from imagegate.domain.fit import FittedRequest, fit
from imagegate.domain.request import Background, GenerationRequest, Operation, OutputFormat, Quality, Size
from imagegate.domain.warning import WarningType
from tests.builders import a_card, a_request, an_input

requests = st.builds(
    GenerationRequest,
    model=st.just("auto"),
    prompt=st.text(min_size=1, max_size=30),
    negative_prompt=st.none() | st.text(min_size=1, max_size=10),
    count=st.integers(1, 10),
    size=st.none() | st.builds(Size, st.sampled_from([64, 256, 512, 999]), st.sampled_from([256, 512, 4096])),
    quality=st.sampled_from(Quality),
    background=st.sampled_from(Background),
    output_format=st.none() | st.sampled_from(OutputFormat),
    output_compression=st.none() | st.integers(0, 100),
    seed=st.none() | st.integers(0, 99),
    operation=st.sampled_from(Operation),
    aspect_ratio=st.none() | st.sampled_from(["1:1", "16:9", "1:3"]),
    steps=st.none() | st.integers(1, 60),
    guidance=st.none() | st.floats(0, 12),
    strength=st.none() | st.floats(0, 1),
    input_images=st.sampled_from([(), (an_input(),), (an_input(),) * 3]),
    mask=st.sampled_from([None, an_input()]),
    end_user=st.none() | st.text(max_size=5),
    provider_options=st.dictionaries(st.sampled_from(["painter", "other"]), st.just({"a": 1}), max_size=2),
)
cards = st.builds(
    a_card,
    operations=st.sampled_from([frozenset(Operation), frozenset[Operation]()]),
    max_count=st.integers(1, 10),
    max_prompt_characters=st.integers(1, 40),
    output_formats=st.frozensets(st.sampled_from(OutputFormat), min_size=1),
    backgrounds=st.frozensets(st.sampled_from(Background)),
    qualities=st.frozensets(st.sampled_from(Quality)),
    has_seed=st.booleans(),
    has_negative_prompt=st.booleans(),
    has_mask=st.booleans(),
    has_compression=st.booleans(),
    default_format=st.sampled_from(OutputFormat),
    steps=st.sampled_from([None, Range(minimum=1, maximum=50)]),
    guidance=st.sampled_from([None, Range(minimum=0, maximum=10)]),
    strength=st.sampled_from([None, Range(minimum=0, maximum=1)]),
)
# What a field is called in a request's JSON, where the name differs.
PARAMS = {"count": "n"}
# A ratio wins over a size; the API takes only one of them.
OWN_DEFAULT = {"size"}


def _fit_or_refusal(request: GenerationRequest, card: ModelCard) -> FittedRequest | InvalidRequestError:
    try:
        return fit(request, card)
    except InvalidRequestError as refusal:
        return refusal


@given(request=requests, card=cards)
def test_a_wish_is_kept_or_warned_about_or_refused(request: GenerationRequest, card: ModelCard) -> None:
    fitted = _fit_or_refusal(request, card)
    if isinstance(fitted, InvalidRequestError):
        assert fitted.param
        return

    warned = {warning.param for warning in fitted.warnings}
    for field in fields(GenerationRequest):
        wish, result = getattr(request, field.name), getattr(fitted.request, field.name)
        # An aspect ratio is kept as the size that it leads to.
        left_open = field.name in {"model", "aspect_ratio"} or wish is None
        assert left_open or wish == result or field.name in OWN_DEFAULT or PARAMS.get(field.name, field.name) in warned
    assert fitted.request.size is not None or request.input_images
    assert request.aspect_ratio is None or fitted.request.size is not None
    assert ("other" in request.provider_options) == ("provider_options" in warned)


@given(request=requests, card=cards)
def test_fitting_twice_changes_no_more(request: GenerationRequest, card: ModelCard) -> None:
    once = _fit_or_refusal(request, card)

    assert isinstance(once, InvalidRequestError) or fit(once.request, card).request == once.request


def test_open_choices_are_resolved_by_the_card() -> None:
    fitted = fit(a_request(model="auto"), a_card())

    assert fitted.request.model == "painter/oils"
    assert fitted.request.size == Size(1024, 1024)
    assert fitted.warnings == ()


@pytest.mark.parametrize(
    ("wish", "facts", "param"),
    [
        ({}, {"operations": frozenset()}, "model"),
        ({"seed": 0}, {"has_seed": False}, "seed"),
        ({"negative_prompt": "text"}, {"has_negative_prompt": False}, "negative_prompt"),
        ({"background": Background.TRANSPARENT}, {"backgrounds": frozenset({Background.OPAQUE})}, "background"),
        ({"mask": an_input()}, {"has_mask": False}, "mask"),
        ({"steps": 5}, {"steps": None}, "steps"),
        ({"guidance": 0.0}, {"guidance": None}, "guidance"),
        ({"strength": 0.0}, {"strength": None}, "strength"),
        ({"output_format": OutputFormat.WEBP}, {"output_formats": frozenset({OutputFormat.PNG})}, "output_format"),
    ],
)
def test_a_wish_that_the_model_cannot_express_is_refused(
    wish: dict[str, Any], facts: dict[str, Any], param: str
) -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        fit(a_request(**wish), a_card(**facts))

    assert refused.value.param == param
    assert param in refused.value.message


def test_a_background_that_is_left_open_needs_no_support() -> None:
    assert fit(a_request(), a_card(backgrounds=frozenset())).request.background is Background.AUTO


def test_a_size_outside_the_card_is_refused_with_what_is_possible() -> None:
    card = a_card(sizes=SizeRule(default=Size(512, 512), allowed=(Size(512, 512),)))

    with pytest.raises(InvalidSizeError, match="one of 512x512") as refused:
        fit(a_request(size=Size(513, 512)), card)

    assert refused.value.param == "size"


def test_more_images_than_the_card_makes_are_refused() -> None:
    assert fit(a_request(count=4), a_card(max_count=4)).request.count == 4
    with pytest.raises(InvalidCountError) as refused:
        fit(a_request(count=5), a_card(max_count=4))

    assert refused.value.param == "n"


def test_a_prompt_longer_than_the_card_takes_is_refused() -> None:
    assert fit(a_request(prompt="12345"), a_card(max_prompt_characters=5))
    with pytest.raises(PromptTooLongError) as refused:
        fit(a_request(prompt="123456"), a_card(max_prompt_characters=5))

    assert refused.value.param == "prompt"


def test_an_unknown_quality_is_a_hint_that_is_dropped_with_a_warning() -> None:
    fitted = fit(a_request(quality=Quality.MAX), a_card())

    assert fitted.request.quality is Quality.AUTO
    assert [(one.type, one.param) for one in fitted.warnings] == [(WarningType.UNSUPPORTED, "quality")]


def test_compression_is_kept_where_the_format_has_it_and_dropped_for_png() -> None:
    kept = fit(a_request(output_format=OutputFormat.JPEG, output_compression=70), a_card())
    dropped = fit(a_request(output_compression=70), a_card())
    unknown = fit(a_request(output_format=OutputFormat.JPEG, output_compression=70), a_card(has_compression=False))

    assert (kept.request.output_compression, kept.warnings) == (70, ())
    assert dropped.request.output_compression is None
    assert [one.param for one in dropped.warnings] == ["output_compression"]
    assert unknown.request.output_compression is None
    assert "has no such setting" in unknown.warnings[0].message


def test_a_card_with_a_notice_says_it_every_time() -> None:
    fitted = fit(a_request(), a_card(notice="a demo"))

    assert [(one.type, one.message) for one in fitted.warnings] == [(WarningType.OTHER, "a demo")]


def test_options_for_another_provider_are_told_as_unused() -> None:
    fitted = fit(a_request(provider_options={"painter": {}, "zed": {}, "abc": {}}), a_card())

    assert [one.message.split("'")[1] for one in fitted.warnings] == ["abc", "zed"]


@pytest.mark.parametrize(("param", "value"), [("steps", 0), ("steps", 51), ("guidance", 10.5), ("strength", 1.5)])
def test_a_number_outside_the_cards_range_is_refused_with_the_range(param: str, value: float) -> None:
    with pytest.raises(InvalidValueError, match=f"takes `{param}` from") as refused:
        fit(a_request(input_images=(an_input(),), **{param: value}), a_card())

    assert refused.value.param == param


def test_a_strength_needs_an_input_image_to_keep() -> None:
    with pytest.raises(UnsupportedFeatureError, match="without an input image") as refused:
        fit(a_request(strength=0.5), a_card())

    assert refused.value.param == "strength"


def test_more_input_images_than_the_card_takes_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="at most 2 input images"):
        fit(a_request(input_images=(an_input(),) * 3), a_card())


def test_a_format_that_is_left_open_is_the_cards_own() -> None:
    assert fit(a_request(), a_card(default_format=OutputFormat.WEBP)).request.output_format is OutputFormat.WEBP
    assert fit(a_request(), a_card(default_quality=Quality.HIGH)).request.quality is Quality.HIGH


def test_an_edit_without_a_size_has_the_size_of_its_source() -> None:
    assert fit(a_request(input_images=(an_input(),)), a_card()).request.size is None


def test_an_aspect_ratio_becomes_a_size_or_is_refused() -> None:
    assert fit(a_request(aspect_ratio="2:1"), a_card()).request.size == Size(1440, 720)
    with pytest.raises(InvalidSizeError, match="the aspect ratio 3:1") as refused:
        fit(a_request(aspect_ratio="3:1"), a_card())

    assert refused.value.param == "aspect_ratio"


def test_a_size_of_a_listed_shape_is_adapted_with_a_warning() -> None:
    rule = SizeRule(default=Size(512, 512), allowed=(Size(512, 512), Size(1344, 768)), is_adaptable=True)

    fitted = fit(a_request(size=Size(1920, 1080)), a_card(sizes=rule))

    assert fitted.request.size == Size(1344, 768)
    assert [(one.type, one.param) for one in fitted.warnings] == [(WarningType.ADJUSTED, "size")]
