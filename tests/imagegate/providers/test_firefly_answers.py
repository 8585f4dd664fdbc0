"""Adobe Firefly: everything that a submission, a poll or a cancellation may answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from imagegate.catalog import TomlCatalog
from imagegate.domain.card import ModelCard
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    InvalidRequestError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.money import Billed, cost_of, usage_of
from imagegate.domain.provider import (
    Completed,
    Failed,
    InputPicture,
    Pending,
    ProviderCall,
    Refused,
    Submission,
)
from imagegate.domain.request import Operation, Quality
from imagegate.domain.warning import WarningType
from imagegate.domain.wire import HttpResponse
from imagegate.providers.firefly import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import a_call

CATALOG = TomlCatalog(("firefly",))
CARDS = CATALOG.cards()
ACCEPTED = fixture_json("firefly/accepted.json")
REF = {"status_url": ACCEPTED["statusUrl"], "cancel_url": ACCEPTED["cancelUrl"]}
ONE = InputPicture(
    data=b"one", media_type="image/png", width=64, height=48, url="https://bucket.s3.amazonaws.com/one?signed"
)


def _call(name: str, *inputs: InputPicture, mask: InputPicture | None = None, **wish: Any) -> ProviderCall:
    call = a_call(f"firefly/{name}", inputs=len(inputs), mask=mask is not None, **({"prompt": "a red circle"} | wish))
    return replace(call, inputs=inputs, mask=mask)


def _response(body: bytes, status: int, **headers: str) -> HttpResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers=names, body=body)


def _submitted(body: bytes, status: int = 202, **headers: str) -> Submission:
    return provider.read_submitted(_call("image5"), _response(body, status, **headers))


def _polled(body: bytes, status: int = 200, **headers: str) -> Submission:
    return provider.read_polled(_call("image5"), REF, _response(body, status, **headers))


def _polled_job(**changes: Any) -> Submission:
    return _polled(json.dumps(fixture_json("firefly/succeeded.json") | changes).encode())


@pytest.mark.parametrize("status", [200, 202])
def test_a_submission_is_pending_at_the_addresses_that_were_given(status: int) -> None:
    assert _submitted(fixture_bytes("firefly/accepted.json"), status) == Pending(ref=REF, poll_after_seconds=3.0)


def test_a_submission_may_answer_with_links() -> None:
    links = fixture_json("firefly/accepted_links.json")["links"]

    submission = _submitted(fixture_bytes("firefly/accepted_links.json"), 200)

    assert isinstance(submission, Pending)
    assert submission.ref == {"status_url": links["result"]["href"], "cancel_url": links["cancel"]["href"]}


def test_a_submission_without_an_address_to_cancel_at_is_pending_all_the_same() -> None:
    submission = _submitted(b'{"links": {"result": {"href": "https://firefly-epo1.adobe.io/v3/status/one"}}}')

    assert submission == Pending(
        ref={"status_url": "https://firefly-epo1.adobe.io/v3/status/one"}, poll_after_seconds=3
    )


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"<html>", b"{}", b'{"jobId": "one"}'])
def test_a_submission_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _submitted(body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert "may have been charged" in submission.error.message


STATUSES = [
    (400, InvalidRequestError),
    (401, ProviderCredentialsError),
    (403, ProviderCredentialsError),
    (404, ProviderFailedError),
    (408, ProviderTimeoutError),
    (413, InvalidRequestError),
    (415, InvalidRequestError),
    (422, InvalidRequestError),
    (429, ProviderThrottledError),
    (500, ProviderFailedError),
    (503, ProviderUnavailableError),
    (504, ProviderTimeoutError),
    (418, ProviderFailedError),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("body", [b'{"error_code": "runtime_error", "message": "no"}', b"<html>no</html>", b""])
def test_every_status_of_a_submission_is_an_error_of_its_kind(status: int, kind: type[Exception], body: bytes) -> None:
    submission = _submitted(body, status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status}


def test_a_page_of_html_says_that_the_request_is_too_large() -> None:
    submission = _submitted(fixture_bytes("firefly/too_large.html"), 413, content_type="text/html")

    assert isinstance(submission, Failed)
    assert submission.error.message == "The request is too large for Adobe Firefly."


def test_a_request_that_is_found_at_fault_is_told_in_the_providers_words() -> None:
    submission = _submitted(b'{"error_code": "validation_error", "message": "size is not allowed"}', 422)

    assert isinstance(submission, Failed)
    assert "size is not allowed" in submission.error.message


@pytest.mark.parametrize(("value", "seconds"), [("30", 30), ("Sun, 22 Nov 2026 12:31:15 GMT", None)])
def test_a_throttle_says_how_long_to_wait_unless_it_gives_a_date(value: str, seconds: int | None) -> None:
    submission = _submitted(b'{"error_code": "rate_limited"}', 429, retry_after=value)

    assert isinstance(submission, Failed)
    assert submission.error.retryable
    assert submission.error.retry_after_seconds == seconds


def test_a_quota_that_is_used_up_is_not_asked_again() -> None:
    submission = _submitted(b'{"error_code": "access_error"}', 403, x_access_error="quota_exhausted")

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderQuotaError
    assert not submission.error.retryable


@pytest.mark.parametrize("reason", ["user_non_entitled", "user_profile_denied", "invalid_ims_scope"])
def test_other_reasons_for_no_access_are_the_operators_to_mend(reason: str) -> None:
    submission = _submitted(b"", 403, x_access_error=reason)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderCredentialsError


REFUSALS = [
    ("legal_error", Stage.PROVIDER),
    ("prompt_unsafe", Stage.PROMPT),
    ("prompt_entity_denied", Stage.PROMPT),
    ("image_unsafe", Stage.IMAGE),
    ("reference_image_unsafe_error", Stage.PROVIDER),
    ("input_media_unsafe", Stage.PROVIDER),
]


@pytest.mark.parametrize(("code", "stage"), REFUSALS)
@pytest.mark.parametrize("status", [451, 400, 403, 422])
def test_a_refusal_is_an_outcome_with_its_stage_whatever_the_status(code: str, stage: Stage, status: int) -> None:
    submission = _submitted(json.dumps(fixture_json("firefly/refused.json") | {"error_code": code}).encode(), status)

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes, submission.usage) == (stage, ("other",), None)
    assert submission.metadata == {"status": status, "error_code": code}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error_code": "brand_new"}'])
def test_status_451_is_a_refusal_whatever_the_body(body: bytes) -> None:
    submission = _submitted(body, 451)

    assert isinstance(submission, Refused)
    assert submission.stage is Stage.PROVIDER


@pytest.mark.parametrize(("code", "stage"), REFUSALS)
def test_a_job_that_failed_by_moderation_is_a_refusal(code: str, stage: Stage) -> None:
    submission = _polled_job(status="failed", result=None, error_code=code)

    assert isinstance(submission, Refused)
    assert submission.stage is stage
    assert submission.metadata == {"status": "failed", "error_code": code}


def test_a_poll_goes_to_the_address_that_was_given() -> None:
    request = provider.poll(_call("image5"), REF)

    assert (request.method, request.url, request.body) == ("GET", REF["status_url"], b"")


def test_a_finished_job_holds_pictures_and_seeds() -> None:
    submission = _polled(fixture_bytes("firefly/succeeded.json"))

    assert submission == Completed(
        images=tuple(
            RemoteImage(url=one["image"]["url"], seed=one["seed"])
            for one in fixture_json("firefly/succeeded.json")["result"]["outputs"]
        ),
        metadata={"job_id": ACCEPTED["jobId"]},
    )


def test_an_upscaled_picture_comes_without_a_seed() -> None:
    call = _call("precise-upsampler", ONE, operation=Operation.UPSCALE, prompt="")

    submission = provider.read_polled(call, REF, _response(fixture_bytes("firefly/upscaled.json"), 200))

    assert isinstance(submission, Completed)
    url = fixture_json("firefly/upscaled.json")["result"]["outputs"][0]["presignedUrl"]
    assert submission.images == (RemoteImage(url=url),)
    assert submission.warnings == ()


@pytest.mark.parametrize(
    ("name", "operation"), [("precise-upsampler", Operation.UPSCALE), ("image3", Operation.VARIATION)]
)
def test_a_prompt_that_was_not_used_is_told_in_a_warning(name: str, operation: Operation) -> None:
    call = _call(name, ONE, operation=operation)

    submission = provider.read_polled(call, REF, _response(fixture_bytes("firefly/succeeded.json"), 200))

    assert isinstance(submission, Completed)
    assert [(one.type, one.param) for one in submission.warnings] == [(WarningType.UNSUPPORTED, "prompt")]


@pytest.mark.parametrize("name", ["promptHasDeniedWords", "promptHasBlockedArtists"])
def test_a_prompt_that_was_altered_is_told_in_a_warning(name: str) -> None:
    result = fixture_json("firefly/succeeded.json")["result"]

    submission = _polled_job(result=result | {name: True})

    assert isinstance(submission, Completed)
    assert [(one.type, one.param) for one in submission.warnings] == [(WarningType.ADJUSTED, "prompt")]


def test_fewer_pictures_than_asked_for_are_a_partial_success() -> None:
    outputs = fixture_json("firefly/succeeded.json")["result"]["outputs"]

    submission = _polled_job(result={"outputs": [outputs[0], {"seed": 8}]})

    assert isinstance(submission, Completed)
    assert [one.seed for one in submission.images] == [7]


@pytest.mark.parametrize("result", [None, {}, {"outputs": []}, {"outputs": [{"seed": 7, "image": {"url": None}}]}])
def test_a_finished_job_without_a_picture_is_a_failure(result: object) -> None:
    submission = _polled_job(result=result)

    assert isinstance(submission, Failed)
    assert "without an image" in submission.error.message


@pytest.mark.parametrize("status", ["pending", "running", "cancel_pending", "dreaming"])
def test_a_job_in_progress_and_a_status_that_nobody_knows_are_asked_for_again(status: str) -> None:
    submission = _polled_job(status=status, result=None)

    assert submission == Pending(ref=REF, poll_after_seconds=3.0, metadata={"status": status})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("failed", "runtime_error", ProviderFailedError),
        ("failed", None, ProviderFailedError),
        ("failed", "timeout_error", ProviderTimeoutError),
        ("cancelled", None, ProviderFailedError),
        ("canceled", None, ProviderFailedError),
        ("timeout", None, ProviderTimeoutError),
    ],
)
def test_a_job_that_ended_otherwise_is_a_failure(status: str, code: str | None, kind: type[Exception]) -> None:
    submission = _polled_job(status=status, result=None, error_code=code)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status, "error_code": code or ""}


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"<html>", b"{}", b'{"status": 7}'])
def test_a_poll_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _polled(body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_poll_that_was_shed_leaves_the_job_alone(status: int) -> None:
    assert _polled(b"", status) == Pending(ref=REF, poll_after_seconds=15.0, metadata={"status": status})


def test_a_poll_that_was_throttled_waits_as_long_as_it_was_told() -> None:
    submission = _polled(b"", 429, retry_after="20")

    assert isinstance(submission, Pending)
    assert submission.poll_after_seconds == 20


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ProviderCredentialsError),
        (404, ProviderFailedError),
        (422, InvalidRequestError),
        (418, ProviderFailedError),
    ],
)
def test_any_other_status_of_a_poll_ends_the_attempt(status: int, kind: type[Exception]) -> None:
    submission = _polled(b'{"error_code": "unknown_job_id"}', status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind


def test_a_job_is_canceled_at_the_address_that_was_given() -> None:
    request = provider.cancel(_call("image5"), REF)

    assert (request.method, request.url) == ("PUT", REF["cancel_url"])


def test_a_job_without_such_an_address_is_canceled_by_its_id() -> None:
    request = provider.cancel(_call("image5"), {"status_url": "https://firefly-epo1.adobe.io/v3/status/one?x=1"})

    assert request.url == "https://firefly-api.adobe.io/v3/cancel/one"


@pytest.mark.parametrize(
    ("status", "code", "is_canceled"),
    [
        (200, None, True),
        (202, None, True),
        (409, "job_already_canceled", True),
        (410, "job_already_canceled", True),
        (409, "job_completed", False),
        (409, "job_timeout", False),
        (410, None, False),
        (404, "unknown_job_id", False),
        (429, None, False),
        (500, None, False),
    ],
)
def test_a_job_that_is_canceled_is_told_from_one_that_was_over(
    status: int, code: str | None, is_canceled: bool
) -> None:
    body = json.dumps({"error_code": code, "message": ""}).encode() if code else b""

    assert provider.read_canceled(_response(body, status)) is is_canceled


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_what_a_contract_prices_is_an_estimate_of_nothing(card: ModelCard) -> None:
    billed = Billed(operation=Operation.GENERATE, quality=Quality.AUTO, size=None)

    cost = cost_of(usage_of(images=2, pixels_per_image=1), card.prices, billed)

    assert cost.money.amount == 0
    assert cost.is_estimate
