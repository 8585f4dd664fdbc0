"""OpenAI: what it is sent, as JSON and as a form, and everything that it may answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email.message import Message
from email.parser import BytesParser
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.errors import (
    InvalidRequestError,
    InvalidSizeError,
    InvalidTypeError,
    InvalidValueError,
    ModelNotFoundError,
    ModelRetiredError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage, RemoteImage
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.money import PriceUnit
from imagegate.domain.provider import Completed, Failed, ProviderCall, Refused, Submission
from imagegate.domain.request import Background, Operation, OutputFormat, Quality, Size
from imagegate.domain.wire import ApiKeyHeader, HttpRequest
from imagegate.providers.openai import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import (
    PICTURE,
    a_call,
    an_answer,
    body_of,
    cost_of_usage,
    error_of,
    estimate_of,
    the_card,
)

MODEL = "openai/gpt-image-2"
ALPHA_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x40\x00\x00\x00\x30\x08\x06"
GRAY_PNG = ALPHA_PNG[:-1] + b"\x00"


def _body(model: str = MODEL, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = body_of(provider.submit(a_call(model, **changes)))
    return body


def _read(body: Any, status: int = 200, headers: Mapping[str, str] | None = None, **changes: Any) -> Submission:
    return provider.read_submitted(a_call(MODEL, **changes), an_answer(body, status, headers))


def _completed(submission: Submission) -> Completed:
    assert isinstance(submission, Completed), submission
    return submission


def _edit(mask: bytes | None = None, **changes: Any) -> ProviderCall:
    call = a_call(MODEL, inputs=changes.pop("inputs", 1), mask=mask is not None, **changes)
    return call if mask is None else replace(call, mask=replace(PICTURE, data=mask))


def _parts(request: HttpRequest) -> list[tuple[str, str | None, str, bytes]]:
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    message: Message = BytesParser().parsebytes(head + request.body)
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),  # type: ignore[misc]
        )
        for part in message.walk()
        if not part.is_multipart()
    ]


def test_it_is_found_by_its_file_name() -> None:
    assert providers.load("openai") is provider


def test_a_generation_is_sent_exactly_so() -> None:
    call = a_call(
        MODEL,
        size=Size(1536, 1024),
        count=2,
        quality=Quality.HIGH,
        background=Background.OPAQUE,
        output_format=OutputFormat.WEBP,
        output_compression=80,
        options={"moderation": "low"},
    )

    request = provider.submit(replace(call, end_user="5feceb66ffc86f38"))

    assert request.body == fixture_bytes("openai/generate.json")
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/images/generations")
    assert request.headers == {"content-type": "application/json"}
    assert request.auth == (ApiKeyHeader(prefix="Bearer "),)
    assert request.read_timeout_seconds == 280


def test_quality_and_size_are_always_sent_as_their_absence_may_cost_any_amount() -> None:
    assert _body() == {
        "model": "gpt-image-2-2026-04-21",
        "prompt": "a red circle on a blue square",
        "n": 1,
        "size": "1024x1024",
        "quality": "medium",
        "background": "auto",
        "output_format": "png",
    }


def test_a_request_that_was_not_fitted_leaves_the_format_to_the_provider() -> None:
    call = a_call(MODEL)

    request = provider.submit(replace(call, request=replace(call.request, output_format=None)))

    assert "output_format" not in body_of(request)


def test_the_configured_address_is_used() -> None:
    request = provider.submit(a_call(MODEL, base_url="https://eu.api.openai.com/v1"))

    assert request.url == "https://eu.api.openai.com/v1/images/generations"


def test_an_edit_is_a_form_with_the_picture_and_the_size_left_open() -> None:
    request = provider.submit(_edit())

    assert request.url == "https://api.openai.com/v1/images/edits"
    assert _parts(request) == [
        ("model", None, "text/plain", b"gpt-image-2-2026-04-21"),
        ("prompt", None, "text/plain", b"a red circle on a blue square"),
        ("n", None, "text/plain", b"1"),
        ("size", None, "text/plain", b"auto"),
        ("quality", None, "text/plain", b"medium"),
        ("background", None, "text/plain", b"auto"),
        ("output_format", None, "text/plain", b"png"),
        ("image", "image-0.png", "image/png", b"one"),
    ]


def test_the_same_edit_is_always_the_same_bytes() -> None:
    assert provider.submit(_edit()) == provider.submit(_edit())


def test_several_pictures_and_a_mask_are_parts_of_their_own() -> None:
    parts = _parts(provider.submit(_edit(ALPHA_PNG, inputs=2)))

    assert [(name, filename) for name, filename, *_ in parts if filename] == [
        ("image[]", "image-0.png"),
        ("image[]", "image-1.png"),
        ("mask", "mask.png"),
    ]
    assert parts[-1][3] == ALPHA_PNG


def test_a_mask_without_alpha_is_refused_before_it_is_sent() -> None:
    with pytest.raises(InvalidValueError, match="alpha channel") as refused:
        provider.submit(_edit(GRAY_PNG))

    assert refused.value.param == "mask"


@pytest.mark.parametrize("change", [{"width": 65}, {"height": 47}, {"media_type": "image/jpeg"}])
def test_a_mask_of_another_size_or_format_is_refused_before_it_is_sent(change: dict[str, Any]) -> None:
    call = _edit(ALPHA_PNG)
    assert call.mask is not None

    with pytest.raises(InvalidValueError, match="64x48"):
        provider.submit(replace(call, mask=replace(call.mask, **change)))


def test_transparent_jpeg_is_refused_before_it_is_sent() -> None:
    with pytest.raises(UnsupportedFeatureError, match="JPEG has no transparency") as refused:
        provider.submit(a_call(MODEL, background=Background.TRANSPARENT, output_format=OutputFormat.JPEG))

    assert refused.value.param == "output_format"


@pytest.mark.parametrize("output_format", [OutputFormat.PNG, OutputFormat.WEBP])
def test_transparency_is_asked_for_in_formats_that_have_it(output_format: OutputFormat) -> None:
    assert _body(background=Background.TRANSPARENT, output_format=output_format)["background"] == "transparent"


@pytest.mark.parametrize("value", ["low", "medium", "high"])
def test_complexity_is_told_to_the_models_that_know_it(value: str) -> None:
    assert _body("openai/gpt-image-2.6-flare", options={"complexity": value})["complexity"] == value


@pytest.mark.parametrize("value", ["low", "high"])
def test_fidelity_to_the_input_is_told_for_edits(value: str) -> None:
    request = provider.submit(a_call("openai/gpt-image-2.5-flare", inputs=1, options={"input_fidelity": value}))

    assert ("input_fidelity", None, "text/plain", value.encode()) in _parts(request)


@pytest.mark.parametrize(
    ("model", "inputs", "options"),
    [
        (MODEL, 0, {"complexity": "low"}),
        ("openai/gpt-image-2.5-flare", 0, {"complexity": "low"}),
        (MODEL, 1, {"input_fidelity": "high"}),
        ("openai/gpt-image-2.5-flare", 0, {"input_fidelity": "high"}),
        (MODEL, 1, {"moderation": "low"}),
    ],
)
def test_an_option_that_this_model_or_operation_lacks_is_refused(
    model: str, inputs: int, options: dict[str, str]
) -> None:
    with pytest.raises(UnsupportedFeatureError, match="Leave it out") as refused:
        provider.submit(a_call(model, inputs=inputs, options=options))

    assert refused.value.param == f"provider_options.openai.{next(iter(options))}"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"seed": 1}, UnknownParameterError),
        ({"moderation": "off"}, InvalidValueError),
        ({"complexity": 3}, InvalidValueError),
        ({"input_fidelity": ["high"]}, InvalidValueError),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises((error, InvalidTypeError), match="Known options: complexity, input_fidelity, moderation"):
        provider.submit(a_call(MODEL, options=options))


def test_a_success_holds_the_pictures_the_tokens_and_what_was_decided() -> None:
    completed = _completed(_read(fixture_bytes("openai/succeeded.json"), headers={"x-request-id": "req_1"}, count=2))

    assert completed.images == (InlineImage(data=b"one"), InlineImage(data=b"two"))
    assert completed.model_version == "gpt-image-2-2026-04-21"
    assert completed.withheld == 0
    assert completed.metadata == {
        "created": 1795200000,
        "size": "1024x1024",
        "quality": "low",
        "background": "opaque",
        "output_format": "png",
        "request_id": "req_1",
    }


def test_tokens_become_money_at_the_price_of_each_kind() -> None:
    call = a_call(MODEL, quality=Quality.LOW, count=2)
    completed = _completed(provider.read_submitted(call, an_answer(fixture_bytes("openai/succeeded.json"))))

    cost = cost_of_usage(call, completed.usage)

    assert cost.money.amount == 14 * Decimal("0.000005") + 392 * Decimal("0.00003")
    assert not cost.is_estimate


def test_tokens_for_text_in_the_output_are_counted_apart() -> None:
    completed = _completed(_read(fixture_bytes("openai/edited.json"), inputs=1))

    assert completed.usage is not None
    assert completed.usage.quantities == {
        PriceUnit.INPUT_TEXT_TOKEN: 36,
        PriceUnit.INPUT_IMAGE_TOKEN: 1000,
        PriceUnit.OUTPUT_TEXT_TOKEN: 44,
        PriceUnit.OUTPUT_IMAGE_TOKEN: 1056,
    }


def test_usage_without_details_is_text_in_and_image_out() -> None:
    completed = _completed(_read({"data": [{"b64_json": "b25l"}], "usage": {"input_tokens": 5, "output_tokens": 7}}))

    assert completed.usage is not None
    assert completed.usage.quantities == {PriceUnit.INPUT_TEXT_TOKEN: 5, PriceUnit.OUTPUT_IMAGE_TOKEN: 7}


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": 3}])
def test_an_answer_that_tells_no_usage_leaves_the_price_to_the_estimate(usage: Any) -> None:
    assert _completed(_read({"data": [{"b64_json": "b25l"}], "usage": usage})).usage is None


def test_fewer_pictures_than_asked_for_are_a_partial_success() -> None:
    body = {"data": [{"b64_json": "b25l"}, {"b64_json": None}]}

    assert _completed(_read(body, count=2)).images == (InlineImage(data=b"one"),)


def test_an_address_in_place_of_bytes_is_not_trusted() -> None:
    body = {"data": [{"url": "https://files.example/one.png"}]}

    assert _completed(_read(body)).images == (RemoteImage(url="https://files.example/one.png"),)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": [{}]}, {"data": [{"url": ""}]}])
def test_a_success_without_an_image_is_a_failure(body: Any) -> None:
    error = error_of(_read(body))

    assert type(error) is ProviderFailedError
    assert "without an image" in str(error)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b"<html>hello</html>", b'{"data": [{"b64_json": "not base64!"}]}'],
)
def test_an_answer_that_is_not_the_expected_json_is_a_failure(body: bytes) -> None:
    error = error_of(_read(body, headers={"content-type": "text/html"}))

    assert type(error) is ProviderFailedError
    assert "could not be read" in str(error)


def test_a_refusal_is_an_outcome_with_our_categories() -> None:
    refused = _read(fixture_bytes("openai/moderation_blocked.json"), 400, {"x-request-id": "req_1"})

    assert isinstance(refused, Refused)
    assert refused.codes == ("violence.graphic", "sexual.explicit")
    assert refused.usage is None
    assert "violence.graphic, sexual.explicit" in refused.message
    assert refused.metadata == {
        "status": 400,
        "code": "moderation_blocked",
        "type": "image_generation_user_error",
        "request_id": "req_1",
    }


@pytest.mark.parametrize("message", ["Rejected.", "safety_violations=[]", "safety_violations=[astrology]", None])
def test_a_refusal_that_names_no_category_of_ours_is_other(message: str | None) -> None:
    refused = _read({"error": {"code": "content_policy_violation", "message": message}}, 400)

    assert isinstance(refused, Refused)
    assert refused.codes == ("other",)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (403, ProviderCredentialsError),
        (404, ProviderFailedError),
        (408, ProviderFailedError),
        (409, ProviderFailedError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (502, ProviderFailedError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (302, ProviderFailedError),
        (418, ProviderFailedError),
        (520, ProviderFailedError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"error": {"message": "sk-secret", "type": "t"}}'])
def test_every_status_is_an_error_of_its_kind(status: int, kind: type[Exception], body: bytes) -> None:
    failed = _read(body, status)

    assert isinstance(failed, Failed)
    assert type(failed.error) is kind
    assert failed.metadata["status"] == status
    assert ("sk-secret" in failed.error.message) <= (kind is InvalidRequestError)


def test_a_status_that_we_do_not_know_is_named() -> None:
    assert "418" in str(error_of(_read(b"", 418)))


def test_a_wrong_value_is_the_callers_with_openais_own_words() -> None:
    error = error_of(_read(fixture_bytes("openai/invalid_value.json"), 400))

    assert type(error) is InvalidRequestError
    assert error.message.endswith("OpenAI says: " + fixture_json("openai/invalid_value.json")["error"]["message"])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 2),
        ({"retry-after": "9"}, 9),
        ({"retry-after-ms": "soon", "retry-after": "Sun, 22 Nov 2026 12:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_a_throttle_may_be_repeated_after_the_time_it_names(headers: dict[str, str], seconds: int | None) -> None:
    error = error_of(_read(fixture_bytes("openai/rate_limited.json"), 429, {"x-request-id": "req_1", **headers}))

    assert type(error) is ProviderThrottledError
    assert error.retryable
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    "change", [{}, {"code": None}, {"type": "requests"}, {"code": "billing_hard_limit_reached", "type": None}]
)
@pytest.mark.parametrize("status", [400, 429])
def test_a_used_up_quota_is_not_worth_repeating(change: dict[str, Any], status: int) -> None:
    body = {"error": fixture_json("openai/insufficient_quota.json")["error"] | change}

    error = error_of(_read(body, status))

    assert type(error) is ProviderQuotaError
    assert not error.retryable


@pytest.mark.parametrize("status", [400, 404])
def test_a_model_that_is_gone_is_told_with_advice(status: int) -> None:
    error = error_of(_read(fixture_bytes("openai/model_not_found.json"), status))

    assert type(error) is ModelNotFoundError
    assert "Choose another model" in error.message


@pytest.mark.parametrize(
    ("model", "quality", "size", "amount"),
    [
        # What OpenAI's own calculator says for a square: 196, 1,756 and 7,024 tokens.
        ("gpt-image-2", Quality.LOW, Size(1024, 1024), "0.006"),
        ("gpt-image-2", Quality.AUTO, Size(1024, 1024), "0.053"),
        ("gpt-image-2", Quality.HIGH, Size(1024, 1024), "0.211"),
        # At least the 664 and 1,353 tokens that were seen.
        ("gpt-image-2.6-flare", Quality.LOW, Size(1536, 1024), "0.062"),
        ("gpt-image-2.6-flare", Quality.MAX, Size(1536, 1024), "0.247"),
        ("gpt-image-1-mini", Quality.HIGH, Size(1024, 1536), "0.052"),
    ],
)
def test_a_generation_is_estimated_by_quality_and_size(model: str, quality: Quality, size: Size, amount: str) -> None:
    cost = estimate_of(a_call(f"openai/{model}", quality=quality, size=size))

    assert round(cost.money.amount, 3) == Decimal(amount)
    assert cost.is_estimate


def test_every_model_has_exactly_one_estimate_for_each_quality_and_counts_input_images() -> None:
    for card in read_file("openai")[1]:
        for quality in sorted(card.qualities):
            one = estimate_of(a_call(card.id, quality=quality)).money.amount
            two = estimate_of(a_call(card.id, quality=quality, inputs=2)).money.amount

            assert 0 < one < Decimal("0.3"), (card.id, quality)
            assert two > one


@pytest.mark.parametrize(
    "size", [Size(512, 512), Size(1000, 1000), Size(3856, 1296), Size(3072, 1008), Size(3840, 2176)]
)
def test_a_size_that_openai_does_not_make_is_refused_before_it_is_sent(size: Size) -> None:
    with pytest.raises(InvalidSizeError):
        a_call(MODEL, size=size)


@pytest.mark.parametrize("size", [Size(1024, 640), Size(3840, 2160), Size(2160, 3840), Size(3072, 1024)])
def test_any_size_within_openais_bounds_is_made(size: Size) -> None:
    assert _body(size=size)["size"] == str(size)


def test_the_catalog_says_which_models_are_gone_and_what_took_their_place() -> None:
    today = date(2026, 11, 22)
    ids = {card.id for card in read_file("openai")[1]}

    for name in ("gpt-image-1", "dall-e-2", "dall-e-3"):
        with pytest.raises(ModelRetiredError, match=r"Use openai/gpt-image-2\.6-sunburst"):
            check_lifecycle(the_card(f"openai/{name}"), today)
    for name in ("gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"):
        card = the_card(f"openai/{name}")
        assert "2026-12-01" in check_lifecycle(card, today)[0].message
        assert card.lifecycle.replacement in ids


def test_only_what_openai_can_do_is_on_the_cards() -> None:
    for card in read_file("openai")[1]:
        assert not card.has_seed
        assert not card.has_negative_prompt
        assert card.steps is card.guidance is card.strength is None
        assert card.operations <= {Operation.GENERATE, Operation.EDIT}
        assert card.is_pinned == (card.version != card.name)
