"""Azure AI Foundry: the four shapes that its models are asked in, and everything that the resource may answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email.parser import BytesParser
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.decision import Stage
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
from imagegate.domain.request import Background, OutputFormat, Quality, Size
from imagegate.domain.wire import ApiKeyHeader, ClientCredentials, HttpRequest
from imagegate.providers.azure import provider
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

ROOT = "https://studio.services.ai.azure.com"
ALPHA_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x40\x00\x00\x00\x30\x08\x06"
GPT_IMAGE = "gpt-image-2.5-flare"


def _call(model: str = GPT_IMAGE, **changes: Any) -> ProviderCall:
    return a_call(f"azure/{model}", base_url=changes.pop("base_url", ROOT), **changes)


def _submit(model: str = GPT_IMAGE, **changes: Any) -> HttpRequest:
    return provider.submit(_call(model, **changes))


def _read(body: Any, status: int = 200, headers: Mapping[str, str] | None = None, **changes: Any) -> Submission:
    return provider.read_submitted(_call(**changes), an_answer(body, status, headers))


def _read_fixture(name: str, status: int = 200, **changes: Any) -> Submission:
    return _read(fixture_bytes(f"azure/{name}.json"), status, **changes)


def _completed(submission: Submission) -> Completed:
    assert isinstance(submission, Completed), submission
    return submission


def _form(request: HttpRequest) -> dict[str, bytes]:
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = [part for part in BytesParser().parsebytes(head + request.body).walk() if not part.is_multipart()]
    names = [str(part.get_param("name", header="content-disposition")) for part in parts]
    payloads: list[Any] = [part.get_payload(decode=True) for part in parts]
    return dict(zip(names, payloads, strict=True))


def test_it_is_found_by_its_file_name() -> None:
    assert providers.load("azure") is provider


def test_gpt_image_is_asked_by_the_name_of_its_deployment() -> None:
    call = _call(
        size=Size(1536, 1024),
        count=2,
        quality=Quality.HIGH,
        background=Background.OPAQUE,
        output_format=OutputFormat.JPEG,
        output_compression=80,
        options={"moderation": "low"},
        settings={"deployments": "gpt-image-2=other, gpt-image-2.5-flare = pictures"},
    )

    request = provider.submit(replace(call, end_user="5feceb66ffc86f38"))

    assert request.body == fixture_bytes("azure/generate.json")
    assert (request.method, request.url) == ("POST", f"{ROOT}/openai/v1/images/generations")
    assert request.headers == {"content-type": "application/json"}


def test_a_key_or_entra_id_opens_the_resource() -> None:
    assert _submit().auth == (
        ApiKeyHeader(header="api-key"),
        ClientCredentials(
            token_url="https://login.microsoftonline.com/{tenant_id}/oauth2/v2.0/token",
            scope="https://cognitiveservices.azure.com/.default",
        ),
    )


@pytest.mark.parametrize("settings", [{}, {"deployments": ""}, {"deployments": "gpt-image-2=x"}, {"deployments": ",="}])
def test_a_deployment_without_a_name_of_its_own_is_called_like_its_model(settings: dict[str, str]) -> None:
    assert body_of(_submit(settings=settings))["model"] == "gpt-image-2.5-flare"


def test_the_address_may_be_given_as_the_vendors_sdk_takes_it() -> None:
    assert _submit(base_url=f"{ROOT}/openai/v1").url == f"{ROOT}/openai/v1/images/generations"
    assert _submit("mai-image-2.6", base_url=f"{ROOT}/openai/v1").url.startswith(f"{ROOT}/mai/v1/")


def test_a_gpt_image_edit_is_a_form_with_pictures_and_mask() -> None:
    call = _call(inputs=2, mask=True, options={"input_fidelity": "high", "moderation": "auto"})

    request = provider.submit(replace(call, mask=replace(PICTURE, data=ALPHA_PNG)))

    assert request.url == f"{ROOT}/openai/v1/images/edits"
    assert _form(request) == {
        "model": b"gpt-image-2.5-flare",
        "prompt": b"a red circle on a blue square",
        "n": b"1",
        "size": b"auto",
        "quality": b"medium",
        "background": b"auto",
        "output_format": b"png",
        "input_fidelity": b"high",
        "moderation": b"auto",
        "image[]": b"one",
        "mask": ALPHA_PNG,
    }


def test_a_mask_without_alpha_is_refused_before_it_is_sent() -> None:
    with pytest.raises(InvalidValueError, match="alpha channel"):
        provider.submit(_call(inputs=1, mask=True))


def test_mai_image_takes_sides_and_nothing_else() -> None:
    request = _submit("mai-image-2.6", size=Size(1536, 1024))

    assert request.body == fixture_bytes("azure/generate_mai.json")
    assert request.url == f"{ROOT}/mai/v1/images/generations?api-version=preview"


def test_a_mai_image_edit_is_a_form_without_a_size() -> None:
    request = _submit("mai-image-2.6", inputs=1)

    assert request.url == f"{ROOT}/mai/v1/images/edits?api-version=preview"
    assert _form(request) == {
        "model": b"MAI-Image-2.6",
        "prompt": b"a red circle on a blue square",
        "image": b"one",
    }


def test_a_mai_image_edit_with_a_size_is_refused_before_it_is_sent() -> None:
    with pytest.raises(UnsupportedFeatureError, match="size of its source") as refused:
        _submit("mai-image-2.6", inputs=1, size=Size(1024, 1024))

    assert refused.value.param == "size"


def test_flux_2_is_asked_in_its_makers_own_shape() -> None:
    request = _submit(
        "flux.2-flex",
        size=Size(1024, 768),
        seed=7,
        steps=20,
        guidance=3.5,
        output_format=OutputFormat.JPEG,
        options={"safety_tolerance": 2},
    )

    assert request.body == fixture_bytes("azure/generate_flux2.json")
    assert request.url == f"{ROOT}/providers/blackforestlabs/v1/flux-2-flex?api-version=preview"


def test_a_flux_2_edit_carries_its_pictures_as_base64() -> None:
    request = _submit("flux.2-pro", inputs=3)

    assert request.url == f"{ROOT}/providers/blackforestlabs/v1/flux-2-pro?api-version=preview"
    assert body_of(request) == {
        "model": "FLUX.2-pro",
        "prompt": "a red circle on a blue square",
        "output_format": "png",
        "input_image": "b25l",
        "input_image_2": "b25l",
        "input_image_3": "b25l",
    }


def test_flux_1_is_asked_at_the_path_of_its_deployment() -> None:
    request = _submit("flux-1.1-pro", settings={"deployments": "flux-1.1-pro=my flux/one"})

    assert request.url == (
        f"{ROOT}/openai/deployments/my%20flux%2Fone/images/generations?api-version=2025-04-01-preview"
    )
    assert body_of(request) == {
        "model": "my flux/one",
        "prompt": "a red circle on a blue square",
        "n": 1,
        "size": "1024x1024",
        "output_format": "png",
    }


def test_a_kontext_edit_is_a_form_at_the_path_of_its_deployment() -> None:
    request = _submit("flux.1-kontext-pro", inputs=1)

    assert request.url.startswith(f"{ROOT}/openai/deployments/FLUX.1-Kontext-pro/images/edits?")
    assert _form(request)["image"] == b"one"


def test_transparent_jpeg_is_refused_before_it_is_sent() -> None:
    with pytest.raises(UnsupportedFeatureError, match="JPEG has no transparency"):
        _submit(background=Background.TRANSPARENT, output_format=OutputFormat.JPEG)


@pytest.mark.parametrize(
    ("model", "inputs", "options"),
    [
        ("mai-image-2.6", 0, {"moderation": "low"}),
        ("flux.2-pro", 0, {"moderation": "low"}),
        ("flux-1.1-pro", 0, {"safety_tolerance": 2}),
        (GPT_IMAGE, 0, {"safety_tolerance": 2}),
        (GPT_IMAGE, 0, {"input_fidelity": "high"}),
        ("gpt-image-2", 1, {"input_fidelity": "high"}),
    ],
)
def test_an_option_that_this_model_or_operation_lacks_is_refused(
    model: str, inputs: int, options: dict[str, Any]
) -> None:
    with pytest.raises(UnsupportedFeatureError, match="Leave it out") as refused:
        _submit(model, inputs=inputs, options=options)

    assert refused.value.param == f"provider_options.azure.{next(iter(options))}"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"complexity": "low"}, UnknownParameterError),
        ({"moderation": "off"}, InvalidValueError),
        ({"safety_tolerance": 6}, InvalidValueError),
        ({"safety_tolerance": "2"}, InvalidTypeError),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="Known options: input_fidelity, moderation, safety_tolerance"):
        _submit(options=options)


def test_a_success_holds_the_pictures_and_names_the_deployment() -> None:
    completed = _completed(_read_fixture("succeeded", headers={"apim-request-id": "req_1"}, count=2))

    assert completed.images == (InlineImage(data=b"one"), InlineImage(data=b"two"))
    assert completed.withheld == 0
    assert completed.model_version == "gpt-image-2.5-flare"
    assert completed.metadata == {"size": "1024x1024", "deployment": "gpt-image-2.5-flare", "request_id": "req_1"}


def test_a_picture_that_the_filter_took_out_is_counted_as_withheld() -> None:
    completed = _completed(_read_fixture("partly_filtered", count=2))

    assert completed.images == (InlineImage(data=b"one"),)
    assert completed.withheld == 1


def test_a_success_whose_every_picture_was_filtered_is_a_refusal_of_images_that_may_be_billed() -> None:
    body = fixture_json("azure/partly_filtered.json")

    refused = _read(body | {"data": body["data"][1:]})

    assert isinstance(refused, Refused)
    assert refused.stage is Stage.IMAGE
    assert refused.codes == ("sexual.explicit", "violence.graphic", "other")
    assert refused.usage is not None


def test_an_address_in_place_of_bytes_is_not_trusted() -> None:
    assert _completed(_read({"data": [{"url": "https://files.example/1.png"}]})).images == (
        RemoteImage(url="https://files.example/1.png"),
    )


def test_tokens_become_money_at_the_price_of_each_kind() -> None:
    call = _call(quality=Quality.LOW, count=2)
    completed = _completed(provider.read_submitted(call, an_answer(fixture_bytes("azure/succeeded.json"))))

    cost = cost_of_usage(call, completed.usage)

    assert cost.money.amount == 14 * Decimal("0.000005") + 392 * Decimal("0.00003")
    assert not cost.is_estimate


def test_mai_images_own_names_for_tokens_are_understood() -> None:
    call = _call("mai-image-2.6", inputs=1)
    completed = _completed(provider.read_submitted(call, an_answer(fixture_bytes("azure/mai_succeeded.json"))))

    assert completed.usage is not None
    assert completed.usage.quantities == {
        PriceUnit.INPUT_TEXT_TOKEN: 12,
        PriceUnit.INPUT_IMAGE_TOKEN: 1024,
        PriceUnit.OUTPUT_IMAGE_TOKEN: 1024,
    }


@pytest.mark.parametrize("details", [None, {}, "none"])
def test_usage_without_details_is_text_in_and_image_out(details: Any) -> None:
    usage = {"input_tokens": 5, "output_tokens": 7, "input_tokens_details": details}
    completed = _completed(_read({"data": [{"b64_json": "b25l"}], "usage": usage}))

    assert completed.usage is not None
    assert completed.usage.quantities == {PriceUnit.INPUT_TEXT_TOKEN: 5, PriceUnit.OUTPUT_IMAGE_TOKEN: 7}


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": 3}])
def test_an_answer_that_tells_no_usage_leaves_the_price_to_the_estimate(usage: Any) -> None:
    assert _completed(_read({"data": [{"b64_json": "b25l"}], "usage": usage})).usage is None


def test_tokens_of_a_model_that_is_billed_by_the_image_are_left_out() -> None:
    call = _call("flux.2-pro")

    assert _completed(provider.read_submitted(call, an_answer(fixture_bytes("azure/succeeded.json")))).usage is None


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": [{}]}])
def test_a_success_without_an_image_is_a_failure(body: Any) -> None:
    error = error_of(_read(body))

    assert type(error) is ProviderFailedError
    assert "without an image" in str(error)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"<html>", b'{"data": [{"b64_json": "not base64!"}]}'])
def test_an_answer_that_is_not_the_expected_json_is_a_failure(body: bytes) -> None:
    error = error_of(_read(body, headers={"content-type": "text/html"}))

    assert type(error) is ProviderFailedError
    assert "could not be read" in str(error)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("moderation_blocked", ("violence.graphic",)),
        ("content_policy_violation", ("violence.graphic", "other")),
        ("content_filter", ("sexual.explicit",)),
    ],
)
def test_each_of_azures_shapes_of_a_refusal_is_an_outcome(name: str, codes: tuple[str, ...]) -> None:
    refused = _read_fixture(name, 400, headers={"apim-request-id": "req_1"})

    assert isinstance(refused, Refused)
    assert refused.codes == codes
    assert refused.metadata["code"] == name
    assert refused.metadata["request_id"] == "req_1"
    assert "content policy" in refused.message


@pytest.mark.parametrize("spelling", ["inner_error", "innererror"])
def test_the_inner_code_alone_makes_a_refusal(spelling: str) -> None:
    refused = _read({"error": {"code": None, spelling: {"code": "ResponsibleAIPolicyViolation"}}}, 400)

    assert isinstance(refused, Refused)
    assert refused.codes == ("other",)


def test_a_blocked_resource_is_told_apart_from_a_missing_permission() -> None:
    blocked, forbidden = error_of(_read_fixture("resource_blocked", 403)), error_of(_read_fixture("forbidden", 403))

    assert type(blocked) is type(forbidden) is ProviderCredentialsError
    assert "blocked this whole resource" in str(blocked)
    assert "role" in str(forbidden)


def test_words_about_a_block_under_another_status_do_not_count() -> None:
    assert type(error_of(_read_fixture("resource_blocked", 500))) is ProviderFailedError


@pytest.mark.parametrize("status", [400, 404])
def test_a_missing_deployment_is_told_with_advice(status: int) -> None:
    error = error_of(_read_fixture("deployment_not_found", status))

    assert type(error) is ModelNotFoundError
    assert "`deployments`" in error.message


def test_a_used_up_quota_is_not_worth_repeating() -> None:
    assert type(error_of(_read({"error": {"code": "insufficient_quota"}}, 429))) is ProviderQuotaError


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "20001", "retry-after": "9"}, 21),
        ({"retry-after": "9"}, 9),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_a_throttle_may_be_repeated_after_the_time_it_names(headers: dict[str, str], seconds: int | None) -> None:
    error = error_of(_read_fixture("rate_limited", 429, headers={"apim-request-id": "req_1", **headers}))

    assert type(error) is ProviderThrottledError
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (403, ProviderCredentialsError),
        (404, ModelNotFoundError),
        (408, ProviderFailedError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (502, ProviderFailedError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (302, ProviderFailedError),
        (418, ProviderFailedError),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"error": null}', b'{"statusCode": 1}', b'{"error": {"code": 429, "message": "no"}}']
)
def test_every_status_is_an_error_of_its_kind(status: int, kind: type[Exception], body: bytes) -> None:
    failed = _read(body, status)

    assert isinstance(failed, Failed)
    assert type(failed.error) is kind
    assert failed.metadata["status"] == status


def test_a_wrong_value_is_the_callers_with_azures_own_words() -> None:
    error = error_of(_read({"error": {"code": "invalid_request", "message": "bad size"}}, 400))

    assert str(error).endswith("Azure says: bad size")


@pytest.mark.parametrize(
    ("model", "size", "amount"),
    [
        ("gpt-image-2", Size(1024, 1024), "0.053"),
        ("mai-image-2.6", Size(1024, 1024), "0.039"),
        ("mai-image-2.6-flash", Size(1536, 1536), "0.044"),
        ("flux.2-pro", Size(2048, 1024), "0.040"),
        ("flux.2-flex", Size(2048, 1024), "0.105"),
    ],
)
def test_a_generation_is_estimated_by_what_azure_bills(model: str, size: Size, amount: str) -> None:
    assert round(estimate_of(_call(model, size=size)).money.amount, 3) == Decimal(amount)


def test_every_model_has_a_family_and_an_estimate_for_each_quality() -> None:
    for card in read_file("azure")[1]:
        for quality in sorted(card.qualities) or [Quality.AUTO]:
            call = _call(card.name, quality=quality)

            assert provider.submit(call).url.startswith(ROOT)
            assert 0 < estimate_of(call).money.amount < Decimal("0.3"), (card.id, quality)


@pytest.mark.parametrize(
    ("model", "size"),
    [("mai-image-2.6", Size(752, 1024)), ("mai-image-2.6", Size(1552, 1536)), ("mai-image-2.5", Size(1040, 1024))],
)
def test_a_size_that_mai_image_does_not_make_is_refused_before_it_is_sent(model: str, size: Size) -> None:
    with pytest.raises(InvalidSizeError):
        _call(model, size=size)


def test_the_catalog_has_azures_own_dates() -> None:
    today = date(2026, 11, 22)

    for name in ("gpt-image-1", "dall-e-3", "mai-image-2.5", "mai-image-2.5-flash", "mai-image-2.5-pro"):
        with pytest.raises(ModelRetiredError, match="Use azure/"):
            check_lifecycle(the_card(f"azure/{name}"), today)
    assert "2026-12-16" in check_lifecycle(the_card("azure/gpt-image-1.5"), today)[0].message
    assert check_lifecycle(the_card("azure/gpt-image-1-mini"), today) == ()
