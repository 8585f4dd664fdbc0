"""The stability provider: everything that Stability may answer, at once or to a poll."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    BodyTooLargeError,
    InvalidRequestError,
    ModelNotFoundError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.money import PriceUnit, usage_of
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, Refused, Submission
from imagegate.domain.request import Operation
from imagegate.domain.warning import WarningType
from imagegate.domain.wire import HttpResponse
from imagegate.providers.stability import provider
from tests.fixtures import fixture_bytes
from tests.imagegate.providers.support import a_call, cost_of_usage, the_card
from tests.pictures import picture

ID = "a6dc6c6e20acda010fe14d71f180658f2896ed9b4ec25aa99a6ff06c796987c4"
MADE = {"content-type": "image/png", "finish-reason": "SUCCESS", "seed": "343940597", "x-request-id": "req_1"}


def _call(model: str, **changes: Any) -> ProviderCall:
    (operation, *_) = sorted(the_card(f"stability/{model}").operations)
    return a_call(f"stability/{model}", inputs=operation is not Operation.GENERATE, operation=operation, **changes)


def _read(
    status: int = 200, headers: Mapping[str, str] | None = None, body: bytes = b"", model: str = "core", **changes: Any
) -> Submission:
    return provider.read_submitted(
        _call(model, **changes), HttpResponse(status=status, headers=headers or {}, body=body)
    )


def _polled(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Submission:
    response = HttpResponse(status=status, headers=headers or {}, body=body)
    return provider.read_polled(_call("upscale-creative"), {"id": ID}, response)


def test_a_picture_comes_as_bytes_with_its_seed_in_a_header() -> None:
    submission = _read(headers=MADE, body=picture())

    assert submission == Completed(
        images=(InlineImage(data=picture(), seed=343940597),),
        metadata={"request_id": "req_1", "finish_reason": "SUCCESS"},
    )


def test_headers_that_are_missing_do_not_lose_the_picture() -> None:
    submission = _read(headers={"content-type": "image/webp"}, body=picture())

    assert isinstance(submission, Completed)
    assert submission.images[0] == InlineImage(data=picture(), seed=None)


def test_a_prompt_that_has_no_place_is_told_in_a_warning() -> None:
    submission = _read(headers=MADE, body=picture(), model="remove-background")

    assert isinstance(submission, Completed)
    assert [(one.type, one.param) for one in submission.warnings] == [(WarningType.UNSUPPORTED, "prompt")]


def test_a_seed_that_was_replaced_is_told_in_a_warning() -> None:
    submission = _read(headers=MADE, body=picture(), seed=0)

    assert isinstance(submission, Completed)
    assert [(one.type, one.param) for one in submission.warnings] == [(WarningType.ADJUSTED, "seed")]


def test_a_filtered_picture_is_a_refusal_that_is_billed() -> None:
    submission = _read(headers={**MADE, "finish-reason": "CONTENT_FILTERED"}, body=picture())

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes) == (Stage.IMAGE, ("other",))
    assert submission.usage is not None
    assert submission.usage.quantities == {PriceUnit.IMAGE: 1}


@pytest.mark.parametrize(
    ("status", "name", "stage"),
    [
        (403, "content_moderation", Stage.PROVIDER),
        (422, "public_figure", Stage.IMAGE),
        (422, "invalid_language", Stage.PROMPT),
    ],
)
def test_a_refusal_of_the_input_is_not_billed(status: int, name: str, stage: Stage) -> None:
    submission = _read(status, body=fixture_bytes(f"stability/{name}.json"))

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.usage) == (stage, None)
    assert submission.metadata == {"status": status, "name": name}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (402, ProviderQuotaError),
        (403, ProviderCredentialsError),
        (404, ModelNotFoundError),
        (408, ProviderTimeoutError),
        (413, BodyTooLargeError),
        (422, InvalidRequestError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (502, ProviderFailedError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (418, ProviderFailedError),
        (202, ProviderFailedError),
    ],
)
@pytest.mark.parametrize("body", [fixture_bytes("stability/bad_request.json"), b"", b"<html>", b"[]", b'{"name": 1}'])
def test_every_status_is_an_error_of_its_kind_whatever_the_body_says(
    status: int, kind: type[Exception], body: bytes
) -> None:
    submission = _read(status, body=body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status}


def test_a_bad_request_carries_what_stability_says() -> None:
    submission = _read(400, body=fixture_bytes("stability/bad_request.json"))

    assert isinstance(submission, Failed)
    assert "style_preset: is not supported" in submission.error.message


@pytest.mark.parametrize(("headers", "seconds"), [({}, 60), ({"retry-after": "12"}, 12)])
def test_a_key_over_its_limit_is_shut_out_for_a_minute(headers: dict[str, str], seconds: int) -> None:
    submission = _read(429, headers=headers, body=fixture_bytes("stability/rate_limit_exceeded.json"))

    assert isinstance(submission, Failed)
    assert submission.error.retryable
    assert submission.error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({**MADE, "content-type": "application/json"}, b"{}"),
        ({**MADE, "content-type": "text/html"}, b"<html>"),
        ({}, b"bytes"),
        (MADE, b""),
        ({**MADE, "finish-reason": "ERROR"}, b"bytes"),
    ],
)
def test_a_success_without_a_usable_picture_is_a_failure(headers: dict[str, str], body: bytes) -> None:
    submission = _read(headers=headers, body=body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


def test_slow_work_is_pending_under_the_id_it_was_given() -> None:
    body = fixture_bytes("stability/started.json")

    submission = _read(body=body, model="upscale-creative")

    assert submission == Pending(ref={"id": ID}, poll_after_seconds=10.0)


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"id": ""}', b'{"id": 7}'])
def test_slow_work_without_an_id_is_a_failure(body: bytes) -> None:
    submission = _read(body=body, model="upscale-creative")

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


@pytest.mark.parametrize(
    ("status", "seconds"), [(202, 10.0), (429, 60.0), (500, 10.0), (502, 10.0), (503, 10.0), (504, 10.0)]
)
def test_a_poll_that_tells_no_end_is_repeated(status: int, seconds: float) -> None:
    submission = _polled(status, body=fixture_bytes("stability/in_progress.json"))

    assert isinstance(submission, Pending)
    assert (submission.ref, submission.poll_after_seconds) == ({"id": ID}, seconds)


def test_a_polled_picture_comes_as_bytes() -> None:
    submission = _polled(200, MADE, picture())

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=picture(), seed=343940597),)


def test_a_polled_picture_can_be_filtered_too() -> None:
    assert isinstance(_polled(200, {**MADE, "finish-reason": "CONTENT_FILTERED"}, picture()), Refused)


def test_a_result_that_is_gone_is_a_failure_that_says_why() -> None:
    submission = _polled(404, body=fixture_bytes("stability/generation_not_found.json"))

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert "24 hours" in submission.error.message


@pytest.mark.parametrize(
    ("status", "kind"), [(400, InvalidRequestError), (401, ProviderCredentialsError), (418, ProviderFailedError)]
)
def test_a_poll_that_is_not_let_in_is_a_failure(status: int, kind: type[Exception]) -> None:
    submission = _polled(status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind


@pytest.mark.parametrize(
    ("model", "dollars"),
    [("core", "0.03"), ("sd3.5-large", "0.065"), ("inpaint", "0.05"), ("upscale-creative", "0.60")],
)
def test_a_picture_costs_what_the_price_list_says(model: str, dollars: str) -> None:
    cost = cost_of_usage(_call(model), usage_of(images=1, pixels_per_image=1_048_576))

    assert cost.money.amount == Decimal(dollars)
    assert not cost.is_estimate


def test_a_filtered_picture_costs_as_much_as_a_good_one() -> None:
    submission = _read(headers={**MADE, "finish-reason": "CONTENT_FILTERED"}, body=picture())

    assert isinstance(submission, Refused)
    assert cost_of_usage(_call("core"), submission.usage).money.amount == Decimal("0.03")
