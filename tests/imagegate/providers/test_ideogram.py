"""Ideogram: what each endpoint is sent, and everything that a submission or a poll may answer."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from imagegate import multipart, providers
from imagegate.catalog import TomlCatalog, find_card
from imagegate.domain.card import ModelCard
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    InvalidTypeError,
    InvalidValueError,
    MissingParameterError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.money import Billed, PriceUnit, Usage, cost_of, usage_of
from imagegate.domain.provider import (
    Cancelable,
    Completed,
    Failed,
    InputPicture,
    Pending,
    Pollable,
    ProviderCall,
    Refused,
    Submission,
)
from imagegate.domain.request import Operation, Quality, Size
from imagegate.domain.warning import WarningType
from imagegate.domain.wire import ApiKeyHeader, HttpResponse
from imagegate.providers.ideogram import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import a_call

CATALOG = TomlCatalog(("ideogram",))
CARDS = CATALOG.cards()
REF = {"generation_id": "xtdZiqPwRxqY1Y7NExFmzB"}
ONE = InputPicture(data=b"one", media_type="image/png", width=64, height=48, url="https://bucket.example/one")
TWO = replace(ONE, data=b"two", media_type="image/jpeg")
TWO_IMAGES = Usage(quantities={PriceUnit.IMAGE: Decimal(2)})


def _call(name: str, *inputs: InputPicture, **wish: Any) -> ProviderCall:
    call = a_call(f"ideogram/{name}", inputs=len(inputs), **({"prompt": "a red circle"} | wish))
    return replace(call, inputs=inputs)


def _body(call: ProviderCall) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(provider.submit(call).body)
    return body


def _response(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers=names, body=body)


def _submitted(body: bytes, status: int = 200, **headers: str) -> Submission:
    return provider.read_submitted(_call("ideogram-4-6"), _response(body, status, **headers))


def _polled(body: bytes, status: int = 200, **headers: str) -> Submission:
    return provider.read_polled(_call("ideogram-4-6"), REF, _response(body, status, **headers))


def _polled_changed(**changes: Any) -> Submission:
    return _polled(json.dumps(fixture_json("ideogram/completed.json") | changes).encode())


def _pictures(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    pictures = fixture_json("ideogram/completed.json")["data"]
    return [picture | change for picture, change in zip(pictures, changes, strict=True)]


def test_it_is_found_by_its_file_name_and_can_be_polled_but_not_canceled() -> None:
    assert providers.load("ideogram") is provider
    assert isinstance(provider, Pollable)
    assert not isinstance(provider, Cancelable)


def test_a_request_is_sent_exactly_so() -> None:
    call = _call("ideogram-4-6", size=Size(1280, 736), count=3, seed=7, quality=Quality.HIGH)

    request = provider.submit(call)

    assert (request.method, request.url) == ("POST", "https://api.ideogram.ai/v2/image/generate/ideogram-4-6")
    assert request.headers == {"content-type": "application/json", "accept": "application/json"}
    assert request.auth == (ApiKeyHeader(header="Api-Key"),)
    assert json.loads(request.body) == {
        "prompt": "a red circle",
        "num_images": 3,
        "seed": 7,
        "size": "1280x736",
        "quality": "high",
        "async": True,
    }


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_has_an_endpoint_and_a_request(card: ModelCard) -> None:
    inputs = () if Operation.GENERATE in card.operations else (ONE,)
    operation = next(iter(sorted(card.operations, reverse=True)))

    request = provider.submit(_call(card.name, *inputs, operation=operation))

    assert request.url == f"https://api.ideogram.ai/v2/image/{card.version}"


@pytest.mark.parametrize("name", ["ideogram-4", "ideogram-3"])
@pytest.mark.parametrize(
    ("quality", "speed"),
    [
        (Quality.AUTO, "default"),
        (Quality.LOW, "turbo"),
        (Quality.MEDIUM, "default"),
        (Quality.HIGH, "quality"),
        (Quality.MAX, "default"),
    ],
)
def test_quality_is_a_rendering_speed_for_older_models(name: str, quality: Quality, speed: str) -> None:
    body = _body(_call(name, quality=quality))

    assert body["rendering_speed"] == speed
    assert "quality" not in body
    assert "x" in body["resolution"]


def test_ideogram_3_takes_a_negative_prompt_and_its_own_options() -> None:
    options = {
        "magic_prompt": "off",
        "style_type": "design",
        "style_preset": "OIL_PAINTING",
        "color_palette": {"name": "EMBER"},
        "enable_copyright_detection": True,
    }

    body = _body(_call("ideogram-3", aspect_ratio="16:10", negative_prompt="text", options=options))

    assert {name: body[name] for name in options} == options
    assert body["negative_prompt"] == "text"
    assert body["resolution"] == "1280x800"


@pytest.mark.parametrize(
    ("name", "options", "param", "kind"),
    [
        ("ideogram-4-6", {"brush": "wide"}, "brush", UnknownParameterError),
        ("ideogram-4-6", {"style_type": "design"}, "style_type", UnknownParameterError),
        ("ideogram-4-6", {"webhook_url": "https://example.com"}, "webhook_url", UnknownParameterError),
        ("ideogram-4-6", {"magic_prompt": "OFF"}, "magic_prompt", InvalidValueError),
        ("ideogram-4-6", {"enable_copyright_detection": "yes"}, "enable_copyright_detection", InvalidTypeError),
        ("ideogram-3", {"style_type": "custom"}, "style_type", InvalidValueError),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    name: str, options: dict[str, object], param: str, kind: type[InvalidRequestError]
) -> None:
    with pytest.raises(kind) as refused:
        provider.submit(_call(name, options=options))

    assert refused.value.param == f"provider_options.ideogram.{param}"


def test_a_seed_that_is_too_large_is_refused() -> None:
    assert _body(_call("ideogram-4-6", seed=2**31 - 1))["seed"] == 2**31 - 1

    with pytest.raises(InvalidValueError) as refused:
        provider.submit(_call("ideogram-4-6", seed=2**31))

    assert refused.value.param == "seed"


def test_an_edit_sends_its_pictures_in_a_form_and_follows_their_size() -> None:
    request = provider.submit(_call("ideogram-4-5", ONE, TWO, quality=Quality.LOW, options={"magic_prompt": "on"}))

    assert (request.body, request.headers["content-type"]) == multipart.encode(
        [
            ("prompt", "a red circle"),
            ("num_images", "1"),
            ("quality", "low"),
            ("magic_prompt", "on"),
            ("async", "true"),
        ],
        [("images", "1.png", "image/png", b"one"), ("images", "2.jpeg", "image/jpeg", b"two")],
    )


def test_a_precise_edit_sends_the_other_pictures_as_references() -> None:
    request = provider.submit(_call("precise-edit-4-5", ONE, TWO, seed=3))

    assert request.url == "https://api.ideogram.ai/v2/image/precise-edit/ideogram-4-5"
    assert (request.body, request.headers["content-type"]) == multipart.encode(
        [("prompt", "a red circle"), ("num_images", "1"), ("seed", "3"), ("quality", "medium"), ("async", "true")],
        [("image", "1.png", "image/png", b"one"), ("reference_images", "2.jpeg", "image/jpeg", b"two")],
    )


def test_the_background_is_removed_from_a_picture_without_a_prompt() -> None:
    request = provider.submit(_call("remove-background-1", ONE, operation=Operation.REMOVE_BACKGROUND))

    assert request.url == "https://api.ideogram.ai/v2/image/remove-background/ideogram-1"
    assert (request.body, request.headers["content-type"]) == multipart.encode(
        [("async", "true")], [("image", "1.png", "image/png", b"one")]
    )


@pytest.mark.parametrize("prompt", ["a red circle", ""])
def test_a_prompt_that_was_not_used_is_told_in_a_warning(prompt: str) -> None:
    call = _call("remove-background-1", ONE, operation=Operation.REMOVE_BACKGROUND, prompt=prompt)

    submission = provider.read_polled(call, REF, _response(fixture_bytes("ideogram/completed.json")))

    assert isinstance(submission, Completed)
    expected = [(WarningType.UNSUPPORTED, "prompt")] if prompt else []
    assert [(one.type, one.param) for one in submission.warnings] == expected


def test_an_edit_without_a_prompt_is_refused() -> None:
    with pytest.raises(EmptyPromptError):
        provider.submit(_call("precise-edit-4-5", ONE, prompt=" "))


@pytest.mark.parametrize("name", ["precise-edit-4-5", "remove-background-1"])
def test_a_tool_without_an_image_is_refused(name: str) -> None:
    call = _call(name, ONE, operation=next(iter(find_card(f"ideogram/{name}").operations)))

    with pytest.raises(MissingParameterError) as refused:
        provider.submit(replace(call, inputs=()))

    assert refused.value.param == "image"


def test_a_size_for_a_tool_that_follows_its_input_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        provider.submit(_call("precise-edit-4-5", ONE, size=Size(1024, 1024)))

    assert refused.value.param == "size"


@pytest.mark.parametrize("status", [200, 202])
def test_a_submission_is_pending_under_its_id(status: int) -> None:
    submission = _submitted(fixture_bytes("ideogram/accepted.json"), status)

    assert submission == Pending(ref=REF, poll_after_seconds=2.0)


def test_a_submission_that_was_answered_at_once_is_complete() -> None:
    submission = _submitted(fixture_bytes("ideogram/completed.json"))

    assert isinstance(submission, Completed)
    assert len(submission.images) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"<html>", b"{}"])
def test_a_submission_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _submitted(body, content_type="text/html")

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert "may have been charged" in submission.error.message


def test_a_prompt_that_was_refused_is_an_outcome_that_costs_nothing() -> None:
    submission = _submitted(fixture_bytes("ideogram/refused.json"), 422)

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes, submission.usage) == (Stage.PROMPT, ("other",), None)
    assert "failed safety check" in submission.message


def test_a_refusal_of_an_edit_may_be_for_the_picture_and_may_come_without_words() -> None:
    submission = provider.read_submitted(_call("ideogram-4-6", ONE), _response(b"<html>", 422))

    assert isinstance(submission, Refused)
    assert submission.stage is Stage.PROVIDER
    assert submission.message == "The prompt or an input image was refused."


STATUSES = [
    (400, InvalidRequestError),
    (401, ProviderCredentialsError),
    (402, ProviderQuotaError),
    (403, ProviderCredentialsError),
    (404, ProviderFailedError),
    (408, ProviderTimeoutError),
    (413, InvalidRequestError),
    (429, ProviderThrottledError),
    (500, ProviderFailedError),
    (503, ProviderUnavailableError),
    (504, ProviderTimeoutError),
    (418, ProviderFailedError),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("body", [b'{"error": "no"}', b"<html>no</html>", b""])
def test_every_status_of_a_submission_is_an_error_of_its_kind(status: int, kind: type[Exception], body: bytes) -> None:
    submission = _submitted(body, status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status}


def test_a_request_that_is_found_at_fault_is_told_in_the_providers_words() -> None:
    submission = _submitted(b'{"error": "size is not supported"}', 400)

    assert isinstance(submission, Failed)
    assert "size is not supported" in submission.error.message


def test_too_many_images_in_progress_is_a_throttle() -> None:
    submission = _submitted(fixture_bytes("ideogram/throttled.json"), 429, retry_after="9")

    assert isinstance(submission, Failed)
    assert submission.error.retryable
    assert submission.error.retry_after_seconds == 9


@pytest.mark.parametrize("reason", ["insufficient_funds", "daily_limit"])
def test_an_account_that_is_used_up_is_not_asked_again(reason: str) -> None:
    submission = _submitted(json.dumps({"error": "no", "reject_reason": reason}).encode(), 402)

    assert isinstance(submission, Failed)
    assert not submission.error.retryable


def test_a_poll_asks_for_the_generation_by_its_id() -> None:
    request = provider.poll(_call("ideogram-4-6"), {"generation_id": "a/b?c"})

    assert (request.method, request.url) == ("GET", "https://api.ideogram.ai/v2/generations/a%2Fb%3Fc")
    assert request.auth == (ApiKeyHeader(header="Api-Key"),)


def test_a_finished_generation_holds_pictures_seeds_and_what_is_billed() -> None:
    submission = _polled(fixture_bytes("ideogram/completed.json"))

    assert isinstance(submission, Completed)
    assert submission.images == tuple(
        RemoteImage(url=one["url"], seed=one["seed"]) for one in fixture_json("ideogram/completed.json")["data"]
    )
    assert submission.withheld == 0
    assert submission.warnings == ()
    assert submission.usage == TWO_IMAGES
    assert submission.metadata["generation_id"] == REF["generation_id"]


@pytest.mark.parametrize("url", [None, ""])
def test_a_picture_that_was_withheld_is_counted_and_billed(url: str | None) -> None:
    submission = _polled_changed(data=_pictures({}, {"url": url, "is_image_safe": False}))

    assert isinstance(submission, Completed)
    assert [one.seed for one in submission.images if isinstance(one, RemoteImage)] == [12345]
    assert submission.withheld == 1
    assert submission.usage == TWO_IMAGES


def test_a_picture_that_is_not_safe_is_not_shown_even_with_an_address() -> None:
    submission = _polled_changed(data=_pictures({"is_image_safe": False}, {}))

    assert isinstance(submission, Completed)
    assert [one.seed for one in submission.images] == [12346]


def test_when_all_pictures_were_withheld_it_is_a_refusal_that_is_billed() -> None:
    withheld = {"url": None, "is_image_safe": False}

    submission = _polled_changed(data=_pictures(withheld, withheld))

    assert isinstance(submission, Refused)
    assert submission.stage is Stage.IMAGE
    assert submission.usage == TWO_IMAGES


@pytest.mark.parametrize("data", [None, [], [{"is_image_safe": True, "url": None}]])
def test_a_success_without_a_picture_is_a_failure(data: object) -> None:
    submission = _polled_changed(data=data)

    assert isinstance(submission, Failed)
    assert "without an image" in submission.error.message


@pytest.mark.parametrize("status", ["pending", "dreaming", None])
def test_a_generation_in_progress_and_a_status_that_nobody_knows_are_asked_for_again(status: str | None) -> None:
    submission = _polled_changed(status=status)

    assert submission == Pending(ref=REF, poll_after_seconds=2.0, metadata={"status": status})


def test_a_generation_that_broke_the_policy_is_a_refusal() -> None:
    submission = _polled(fixture_bytes("ideogram/failed.json"))

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.usage) == (Stage.PROVIDER, None)


@pytest.mark.parametrize("reason", ["internal_error", None])
def test_a_generation_that_failed_for_another_reason_is_a_failure(reason: str | None) -> None:
    submission = _polled_changed(status="failed", failure_reason=reason)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert submission.metadata["failure_reason"] == reason


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"<html>", b'{"status": "completed"}'])
def test_a_poll_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _polled(body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_poll_that_was_shed_leaves_the_generation_alone(status: int) -> None:
    assert _polled(b"", status) == Pending(ref=REF, poll_after_seconds=5.0, metadata={"status": status})


def test_a_poll_that_was_throttled_waits_as_long_as_it_was_told() -> None:
    submission = _polled(b"", 429, retry_after="20")

    assert isinstance(submission, Pending)
    assert submission.poll_after_seconds == 20


@pytest.mark.parametrize(
    ("status", "kind"), [(401, ProviderCredentialsError), (404, ProviderFailedError), (418, ProviderFailedError)]
)
def test_any_other_status_of_a_poll_ends_the_attempt(status: int, kind: type[Exception]) -> None:
    submission = _polled(b'{"error": "Not found"}', status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind


@pytest.mark.parametrize(
    ("name", "quality", "amount"),
    [
        ("ideogram-4-6", Quality.LOW, "0.06"),
        ("ideogram-4-6-4k", Quality.HIGH, "0.40"),
        ("ideogram-4-5", Quality.MEDIUM, "0.12"),
        ("ideogram-3", Quality.HIGH, "0.18"),
        ("precise-edit-4-5", Quality.HIGH, "0.44"),
        ("remove-background-1", Quality.AUTO, "0.02"),
    ],
)
def test_two_pictures_cost_twice_the_price_of_their_quality(name: str, quality: Quality, amount: str) -> None:
    card = find_card(f"ideogram/{name}")
    billed = Billed(operation=Operation.GENERATE, quality=quality, size=None)

    cost = cost_of(TWO_IMAGES, card.prices, billed)

    assert cost.money.amount == Decimal(amount)
    assert not cost.is_estimate
    assert cost_of(usage_of(images=2, pixels_per_image=1), card.prices, billed).money == cost.money
