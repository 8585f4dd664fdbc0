"""The vertex provider: every body it sends, and everything that Vertex AI may answer."""

import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    InvalidSizeError,
    InvalidTypeError,
    InvalidValueError,
    MissingParameterError,
    ModelNotFoundError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderNotConfiguredError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.money import PriceUnit
from imagegate.domain.provider import Completed, Failed, Pollable, ProviderCall, Refused, Submission
from imagegate.domain.request import Operation, OutputFormat, Size
from imagegate.domain.warning import WarningType
from imagegate.domain.wire import GoogleToken, HttpResponse
from imagegate.providers.vertex import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import PICTURE, a_call, cost_of_usage, estimate_of

FLASH = "gemini-3.1-flash-image"
IMAGE = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PICTURE.data).decode()}}
SQUARE = {"image": {"aspectRatio": "ASPECT_RATIO_ONE_BY_ONE", "imageSize": "IMAGE_SIZE_ONE_K"}}


def _call(model: str = FLASH, **changes: Any) -> ProviderCall:
    wishes = {"prompt": "a red circle", "settings": {"project": "my-project"}, **changes}
    return a_call(f"vertex/{model}", **wishes)


def _body(model: str = FLASH, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(provider.submit(_call(model, **changes)).body)
    return body


def _read(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, **changes: Any) -> Submission:
    response = HttpResponse(status=status, headers=headers or {"content-type": "application/json"}, body=body)
    return provider.read_submitted(_call(**changes), response)


def _candidate(**changes: object) -> Submission:
    answer = fixture_json("vertex/made.json")
    answer["candidates"][0] |= changes
    return _read(json.dumps(answer).encode())


def test_it_is_found_by_its_file_name_and_answers_at_once() -> None:
    assert providers.load("vertex") is provider
    assert not isinstance(provider, Pollable)


def test_a_generation_is_sent_exactly_so() -> None:
    request = provider.submit(_call(prompt="a lake", size=Size(2752, 1536), seed=7, output_format=OutputFormat.JPEG))

    assert request.method == "POST"
    assert request.url == (
        "https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/publishers/google/models/"
        "gemini-3.1-flash-image:generateContent"
    )
    assert request.headers == {"content-type": "application/json"}
    assert request.auth == (GoogleToken(scope="https://www.googleapis.com/auth/cloud-platform"),)
    assert request.body == (
        b'{"contents": [{"role": "user", "parts": [{"text": "a lake"}]}], '
        b'"generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "responseFormat": [{"image": '
        b'{"aspectRatio": "ASPECT_RATIO_SIXTEEN_BY_NINE", "imageSize": "IMAGE_SIZE_TWO_K", '
        b'"mimeType": "IMAGE_JPEG"}}], "seed": 7}}'
    )


def test_a_plain_generation_says_no_more_than_its_size() -> None:
    assert _body() == {
        "contents": [{"role": "user", "parts": [{"text": "a red circle"}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "responseFormat": [SQUARE]},
    }


def test_an_edit_sends_its_pictures_after_the_prompt_and_leaves_the_shape_to_them() -> None:
    assert _body(inputs=2) == {
        "contents": [{"role": "user", "parts": [{"text": "a red circle"}, IMAGE, IMAGE]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
    }


def test_an_edit_may_ask_for_another_shape() -> None:
    image = _body(inputs=1, size=Size(5504, 3072))["generationConfig"]["responseFormat"][0]["image"]

    assert image == {"aspectRatio": "ASPECT_RATIO_SIXTEEN_BY_NINE", "imageSize": "IMAGE_SIZE_FOUR_K"}


def test_a_model_with_one_size_is_told_no_size() -> None:
    image = _body("gemini-2.5-flash-image", aspect_ratio="21:9")["generationConfig"]["responseFormat"][0]["image"]

    assert image == {"aspectRatio": "ASPECT_RATIO_TWENTY_ONE_BY_NINE"}


@pytest.mark.parametrize(
    ("options", "place", "value"),
    [
        ({"temperature": 0.5}, "generationConfig.temperature", 0.5),
        ({"top_p": 0.9}, "generationConfig.topP", 0.9),
        ({"thinking_level": "HIGH"}, "generationConfig.thinkingConfig", {"thinkingLevel": "HIGH"}),
        ({"system_instruction": "Draw flat."}, "systemInstruction", {"parts": [{"text": "Draw flat."}]}),
    ],
)
def test_every_option_has_its_place(options: dict[str, Any], place: str, value: object) -> None:
    found: Any = _body(options=options)

    for name in place.split("."):
        found = found[name]
    assert found == value


def test_a_safety_threshold_is_set_for_text_and_pictures_alike() -> None:
    settings = _body(options={"safety_threshold": "BLOCK_ONLY_HIGH"})["safetySettings"]

    assert {one["threshold"] for one in settings} == {"BLOCK_ONLY_HIGH"}
    assert {one["category"] for one in settings} >= {
        "HARM_CATEGORY_SEXUALLY_EXPLICIT",
        "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT",
    }
    assert len(settings) == 8


def test_a_location_has_a_host_of_its_own() -> None:
    request = provider.submit(_call(settings={"project": "my-project", "location": "europe-west4"}))

    assert request.url.startswith(
        "https://europe-west4-aiplatform.googleapis.com/v1/projects/my-project/locations/europe-west4/publishers/"
    )


def test_a_private_address_is_kept_whatever_the_location() -> None:
    call = _call(base_url="http://127.0.0.1:4010", settings={"project": "example.com:one", "location": "us-east4"})

    assert provider.submit(call).url == (
        "http://127.0.0.1:4010/v1/projects/example.com:one/locations/us-east4/publishers/google/models/"
        "gemini-3.1-flash-image:generateContent"
    )


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "project"),
        ({"project": ""}, "project"),
        ({"project": "one/../two"}, "project"),
        ({"project": "one", "location": "evil.example/"}, "location"),
    ],
)
def test_a_setting_that_is_missing_or_no_name_is_asked_for(settings: dict[str, str], name: str) -> None:
    with pytest.raises(ProviderNotConfiguredError, match=f"imagegate providers set vertex {name}="):
        provider.submit(_call(settings=settings))


@pytest.mark.parametrize(
    ("changes", "kind", "param"),
    [
        ({"operation": Operation.EDIT}, MissingParameterError, "image"),
        ({"prompt": " "}, EmptyPromptError, "prompt"),
        ({"seed": 2**31}, InvalidValueError, "seed"),
        ({"inputs": 1, "mask": True}, UnsupportedFeatureError, "mask"),
        ({"negative_prompt": "fog"}, UnsupportedFeatureError, "negative_prompt"),
        ({"operation": Operation.UPSCALE}, UnsupportedFeatureError, "model"),
        ({"output_format": OutputFormat.WEBP}, UnsupportedFeatureError, "output_format"),
        ({"size": Size(1000, 300)}, InvalidSizeError, "size"),
        ({"inputs": 15}, InvalidValueError, "image"),
        ({"options": {"brush": 1}}, UnknownParameterError, "provider_options.vertex.brush"),
        ({"options": {"temperature": "hot"}}, InvalidTypeError, "provider_options.vertex.temperature"),
        ({"options": {"temperature": 3}}, InvalidValueError, "provider_options.vertex.temperature"),
        ({"options": {"safety_threshold": "LOW"}}, InvalidValueError, "provider_options.vertex.safety_threshold"),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(
    changes: dict[str, Any], kind: type[Exception], param: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        _body(**changes)

    assert type(refused.value) is kind
    assert refused.value.param == param


def test_the_largest_seed_is_sent() -> None:
    assert _body(seed=2**31 - 1)["generationConfig"]["seed"] == 2**31 - 1


def test_the_last_picture_that_is_no_thought_is_the_picture() -> None:
    submission = _read(fixture_bytes("vertex/made.json"), seed=7)

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"last", seed=7),)
    assert submission.model_version == "gemini-3.1-flash-image"
    assert submission.metadata == {"response_id": "resp-1", "finish_reason": "STOP", "traffic_type": "ON_DEMAND"}
    assert submission.warnings == ()


def test_the_tokens_are_billed_by_what_they_were() -> None:
    submission = _read(fixture_bytes("vertex/made.json"))

    assert isinstance(submission, Completed)
    assert submission.usage is not None
    assert submission.usage.quantities == {
        PriceUnit.INPUT_TEXT_TOKEN: 7,
        PriceUnit.INPUT_IMAGE_TOKEN: 560,
        PriceUnit.OUTPUT_IMAGE_TOKEN: 1120,
        PriceUnit.OUTPUT_TEXT_TOKEN: 100,
    }
    cost = cost_of_usage(_call(), submission.usage)
    assert cost.money.amount == Decimal("0.0677835")
    assert not cost.is_estimate


@pytest.mark.parametrize(
    ("model", "changes", "dollars"),
    [
        (FLASH, {}, "0.0672"),
        (FLASH, {"size": Size(4096, 4096)}, "0.1512"),
        (FLASH, {"inputs": 2}, "0.06832"),
        ("gemini-3.1-flash-lite-image", {}, "0.0336"),
        ("gemini-3-pro-image", {"aspect_ratio": "16:9"}, "0.134"),
        ("gemini-nano-banana-2.1", {}, "0.0336"),
    ],
)
def test_before_the_call_a_picture_is_estimated_by_its_size(model: str, changes: dict[str, Any], dollars: str) -> None:
    cost = estimate_of(_call(model, **changes))

    assert (cost.money.amount, cost.is_estimate) == (Decimal(dollars), True)


def test_tokens_without_details_are_told_apart_by_what_came_of_them() -> None:
    answer = fixture_json("vertex/made.json")
    answer["usageMetadata"] = {"promptTokenCount": 7, "candidatesTokenCount": 1120}

    submission = _read(json.dumps(answer).encode())

    assert isinstance(submission, Completed)
    assert submission.usage is not None
    assert submission.usage.quantities == {PriceUnit.INPUT_TEXT_TOKEN: 7, PriceUnit.OUTPUT_IMAGE_TOKEN: 1120}


def test_without_token_counts_nothing_is_said_of_usage() -> None:
    answer = fixture_json("vertex/made.json")
    del answer["usageMetadata"]

    submission = _read(json.dumps(answer).encode())

    assert isinstance(submission, Completed)
    assert submission.usage is None


def test_another_format_than_was_asked_for_is_told_in_a_warning() -> None:
    submission = _read(fixture_bytes("vertex/made.json"), output_format=OutputFormat.JPEG)

    assert isinstance(submission, Completed)
    assert [(one.type, one.param) for one in submission.warnings] == [(WarningType.ADJUSTED, "output_format")]


def test_a_blocked_prompt_is_a_refusal_with_its_categories_and_tokens() -> None:
    submission = _read(fixture_bytes("vertex/prompt_blocked.json"))

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes) == (Stage.PROMPT, ("sexual.explicit",))
    assert "PROHIBITED_CONTENT" in submission.message
    assert submission.usage is not None
    assert submission.usage.quantities == {PriceUnit.INPUT_TEXT_TOKEN: 9}


def test_a_blocked_picture_is_a_refusal_whose_unknown_categories_are_other() -> None:
    submission = _read(fixture_bytes("vertex/image_safety.json"))

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes) == (Stage.IMAGE, ("hate", "other"))


@pytest.mark.parametrize(
    "reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "MODEL_ARMOR", "IMAGE_SAFETY", "JAILBREAK", "NEW"]
)
def test_every_block_reason_is_a_refusal_of_the_prompt(reason: str) -> None:
    submission = _read(json.dumps({"promptFeedback": {"blockReason": reason}}).encode())

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes, submission.usage) == (Stage.PROMPT, ("other",), None)
    assert submission.metadata["finish_reason"] == reason


@pytest.mark.parametrize(
    ("reason", "stage"),
    [
        ("SAFETY", Stage.PROVIDER),
        ("PROHIBITED_CONTENT", Stage.PROVIDER),
        ("RECITATION", Stage.PROVIDER),
        ("SPII", Stage.PROVIDER),
        ("BLOCKLIST", Stage.PROVIDER),
        ("MODEL_ARMOR", Stage.PROVIDER),
        ("NO_IMAGE", Stage.PROVIDER),
        ("IMAGE_SAFETY", Stage.IMAGE),
        ("IMAGE_PROHIBITED_CONTENT", Stage.IMAGE),
        ("IMAGE_RECITATION", Stage.IMAGE),
        ("IMAGE_OTHER", Stage.IMAGE),
    ],
)
def test_every_finish_reason_of_moderation_is_a_refusal(reason: str, stage: Stage) -> None:
    submission = _candidate(finishReason=reason, content={"parts": []})

    assert isinstance(submission, Refused)
    assert submission.stage is stage


def test_words_in_place_of_a_picture_are_a_refusal() -> None:
    submission = _read(fixture_bytes("vertex/text_only.json"))

    assert isinstance(submission, Refused)
    assert submission.metadata["finish_reason"] == "TEXT_ONLY"
    assert submission.usage is not None
    assert submission.usage.quantities == {PriceUnit.INPUT_TEXT_TOKEN: 9, PriceUnit.OUTPUT_TEXT_TOKEN: 6}


@pytest.mark.parametrize("reason", ["STOP", "MAX_TOKENS", "OTHER", "MALFORMED_RESPONSE", "SOMETHING_NEW"])
def test_any_other_end_without_a_picture_is_a_failure_that_names_it(reason: str) -> None:
    submission = _candidate(finishReason=reason, content={"parts": []})

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert reason in submission.error.message


def test_a_picture_counts_whatever_the_finish_reason_says_of_its_length() -> None:
    assert isinstance(_candidate(finishReason="MAX_TOKENS"), Completed)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"<html>", b"\xff\xfe", b'{"candidates": 1}', b"{}", b'{"candidates": []}']
)
def test_broken_or_empty_json_is_a_failure(body: bytes) -> None:
    submission = _read(body, headers={"content-type": "text/html"})

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


def test_a_picture_that_is_not_base64_is_a_failure() -> None:
    assert isinstance(_candidate(content={"parts": [{"inlineData": {"data": "not base64!"}}]}), Failed)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "INVALID_ARGUMENT", InvalidRequestError),
        (400, "FAILED_PRECONDITION", ProviderCredentialsError),
        (401, "UNAUTHENTICATED", ProviderCredentialsError),
        (403, "PERMISSION_DENIED", ProviderCredentialsError),
        (404, "NOT_FOUND", ModelNotFoundError),
        (429, "RESOURCE_EXHAUSTED", ProviderThrottledError),
        (500, "INTERNAL", ProviderFailedError),
        (503, "UNAVAILABLE", ProviderUnavailableError),
        (504, "DEADLINE_EXCEEDED", ProviderTimeoutError),
        (400, "SOMETHING_NEW", InvalidRequestError),
        (408, None, ProviderTimeoutError),
        (502, None, ProviderFailedError),
        (418, "SOMETHING_NEW", ProviderFailedError),
    ],
)
def test_every_status_is_an_error_of_its_kind(status: int, code: str | None, kind: type[Exception]) -> None:
    submission = _read(json.dumps({"error": {"status": code, "message": "x"}}).encode(), status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status, "code": code}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "x"}'])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (403, ProviderCredentialsError),
        (404, ModelNotFoundError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
    ],
)
def test_a_body_that_is_not_googles_leaves_the_status_to_tell(status: int, kind: type[Exception], body: bytes) -> None:
    submission = _read(body, status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind


def test_a_bad_request_carries_what_google_says() -> None:
    submission = _read(fixture_bytes("vertex/error.json"), 400)

    assert isinstance(submission, Failed)
    assert "image size 512 is not supported" in submission.error.message


def test_other_errors_do_not_carry_the_names_of_the_project() -> None:
    message = "Publisher Model `projects/my-project/locations/global/models/x` was not found."
    submission = _read(json.dumps({"error": {"status": "NOT_FOUND", "message": message}}).encode(), 404)

    assert isinstance(submission, Failed)
    assert "my-project" not in submission.error.message


def test_billing_that_is_off_is_a_matter_of_quota_and_names_no_project() -> None:
    submission = _read(fixture_bytes("vertex/billing_disabled.json"), 403)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderQuotaError
    assert "123456789012" not in submission.error.message


@pytest.mark.parametrize(("headers", "seconds"), [({}, None), ({"retry-after": "3"}, 3)])
def test_a_throttled_call_may_be_repeated_later(headers: dict[str, str], seconds: int | None) -> None:
    submission = _read(b"", 429, headers or {"x": "y"})

    assert isinstance(submission, Failed)
    assert submission.error.retryable
    assert submission.error.retry_after_seconds == seconds


def test_models_that_were_shut_down_name_what_took_their_place() -> None:
    cards = {card.id: card for card in read_file("vertex")[1]}
    gone = {name: card.lifecycle.replacement for name, card in cards.items() if card.lifecycle.shutdown_on}

    assert gone["vertex/imagen-4.0-generate-001"] == "vertex/gemini-3.1-flash-image"
    assert all(new is not None and cards[new].lifecycle.shutdown_on is None for new in gone.values())
