"""Black Forest Labs: everything that a submission or a poll may answer."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from imagegate.catalog import TomlCatalog, find_card
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
from imagegate.domain.money import Billed, Cost, PriceUnit, Usage, cost_of, usage_of
from imagegate.domain.provider import (
    Completed,
    Failed,
    InputPicture,
    Pending,
    ProviderCall,
    Refused,
    Submission,
)
from imagegate.domain.request import Operation, Quality, Size
from imagegate.domain.wire import ApiKeyHeader, HttpResponse
from imagegate.providers.bfl import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import a_call

CATALOG = TomlCatalog(("bfl",))
CARDS = CATALOG.cards()
REF = {"id": "task", "polling_url": "https://api.us1.bfl.ai/v1/get_result?id=task", "cost": "4.5"}


def _call(name: str, *inputs: InputPicture, mask: InputPicture | None = None, **wish: Any) -> ProviderCall:
    call = a_call(f"bfl/{name}", inputs=len(inputs), mask=mask is not None, **({"prompt": "a red circle"} | wish))
    return replace(call, inputs=inputs, mask=mask)


def _response(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers=names, body=body)


def _submitted(body: bytes, status: int = 200, **headers: str) -> Submission:
    return provider.read_submitted(_call("flux-2-pro"), _response(body, status, **headers))


def _polled(body: bytes, status: int = 200, **headers: str) -> Submission:
    return provider.read_polled(_call("flux-2-pro"), REF, _response(body, status, **headers))


def _polled_changed(**changes: Any) -> Submission:
    return _polled(json.dumps(fixture_json("bfl/ready.json") | changes).encode())


def _cost(usage: Usage, card: ModelCard, size: Size | None = None) -> Cost:
    return cost_of(usage, card.prices, Billed(operation=Operation.GENERATE, quality=Quality.AUTO, size=size))


def test_a_submission_is_pending_with_its_own_address_and_cost() -> None:
    answer = fixture_json("bfl/submitted.json")

    submission = _submitted(fixture_bytes("bfl/submitted.json"))

    assert submission == Pending(
        ref={"id": answer["id"], "polling_url": answer["polling_url"], "cost": "4.5"},
        poll_after_seconds=1.0,
        usage=Usage(quantities={PriceUnit.CREDIT: Decimal("4.5")}),
    )


def test_a_submission_without_address_or_cost_is_asked_for_where_it_was_sent() -> None:
    submission = _submitted(b'{"id": "task", "status": "Pending"}')

    address = "https://api.bfl.ai/v1/get_result?id=task"
    assert submission == Pending(ref={"id": "task", "polling_url": address, "is_built": "yes"})


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff", b'{"polling_url": "https://api.bfl.ai"}'])
def test_a_submission_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _submitted(body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert "may have been charged" in submission.error.message


STATUSES = [
    (400, InvalidRequestError),
    (401, ProviderCredentialsError),
    (402, ProviderQuotaError),
    (403, ProviderCredentialsError),
    (404, ProviderFailedError),
    (408, ProviderTimeoutError),
    (413, InvalidRequestError),
    (422, InvalidRequestError),
    (429, ProviderThrottledError),
    (500, ProviderFailedError),
    (503, ProviderUnavailableError),
    (504, ProviderTimeoutError),
    (418, ProviderFailedError),
    (202, ProviderFailedError),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("body", [b'{"detail": "no"}', b"<html>no</html>", b""])
def test_every_status_of_a_submission_is_an_error_of_its_kind(status: int, kind: type[Exception], body: bytes) -> None:
    submission = _submitted(body, status, content_type="text/html")

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status}


def test_a_request_that_is_found_at_fault_is_told_in_the_providers_words() -> None:
    submission = _submitted(fixture_bytes("bfl/invalid.json"), 422)

    assert isinstance(submission, Failed)
    assert "greater than or equal to 64" in submission.error.message


def test_a_throttle_says_how_long_to_wait() -> None:
    submission = _submitted(b'{"detail": "Too many tasks"}', 429, retry_after="12")

    assert isinstance(submission, Failed)
    assert submission.error.retryable
    assert submission.error.retry_after_seconds == 12


def test_a_failure_of_the_provider_is_not_repeated_as_it_may_have_been_charged() -> None:
    submission = _submitted(b"", 500)

    assert isinstance(submission, Failed)
    assert not submission.error.retryable


def test_a_poll_goes_to_the_address_that_was_given_with_the_key() -> None:
    request = provider.poll(_call("flux-2-pro"), REF)

    assert (request.method, request.url, request.body) == ("GET", REF["polling_url"], b"")
    assert request.auth == (ApiKeyHeader(header="x-key"),)


def test_a_finished_task_holds_the_picture_its_seed_and_the_settled_cost() -> None:
    submission = _polled(fixture_bytes("bfl/ready.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (RemoteImage(url=fixture_json("bfl/ready.json")["result"]["sample"], seed=42),)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal("4.2")})
    assert submission.metadata["id"] == "task"


def test_a_finished_task_without_a_settled_cost_has_the_one_announced() -> None:
    submission = _polled_changed(cost=None)

    assert isinstance(submission, Completed)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal("4.5")})


def test_a_settled_cost_of_nothing_is_believed() -> None:
    submission = _polled_changed(cost=0)

    assert isinstance(submission, Completed)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal(0)})


def test_a_finished_task_that_never_told_a_cost_has_no_usage() -> None:
    response = _response(json.dumps(fixture_json("bfl/ready.json") | {"cost": None}).encode())

    submission = provider.read_polled(_call("flux-2-pro"), {"id": "task", "polling_url": "https://x"}, response)

    assert isinstance(submission, Completed)
    assert submission.usage is None


@pytest.mark.parametrize("result", [None, {}, {"sample": None}, {"sample": ""}, "https://x", []])
def test_a_finished_task_without_a_picture_is_a_failure(result: object) -> None:
    submission = _polled_changed(result=result)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert "without an image" in submission.error.message


@pytest.mark.parametrize("status", ["Pending", "Reasoning", "Generating", "Dreaming", ""])
def test_a_task_in_progress_and_a_status_that_nobody_knows_are_asked_for_again(status: str) -> None:
    submission = _polled(json.dumps(fixture_json("bfl/pending.json") | {"status": status}).encode())

    assert isinstance(submission, Pending)
    assert submission.ref == REF
    assert submission.metadata["status"] == status


@pytest.mark.parametrize(("status", "stage"), [("Request Moderated", Stage.PROMPT), ("Content Moderated", Stage.IMAGE)])
def test_a_refusal_is_an_outcome_with_its_stage_and_reasons(status: str, stage: Stage) -> None:
    submission = _polled(json.dumps(fixture_json("bfl/moderated.json") | {"status": status}).encode())

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes, submission.usage) == (stage, ("other",), None)
    assert submission.metadata["details"] == {"Moderation Reasons": ["Derivative Works Filter"]}


def test_a_refusal_that_was_billed_says_so() -> None:
    submission = _polled(json.dumps(fixture_json("bfl/moderated.json") | {"cost": 3}).encode())

    assert isinstance(submission, Refused)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal(3)})


@pytest.mark.parametrize("status", ["Error", "Task not found"])
def test_a_task_that_failed_or_is_lost_is_a_failure(status: str) -> None:
    submission = _polled_changed(status=status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert submission.metadata["status"] == status


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"<html>", b'{"status": 7}'])
def test_a_poll_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _polled(body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_poll_that_was_shed_leaves_the_task_alone(status: int) -> None:
    assert _polled(b"", status) == Pending(ref=REF, poll_after_seconds=3.0, metadata={"status": status})


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
    submission = _polled(b"", status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_credits_are_billed_exactly(card: ModelCard) -> None:
    cost = _cost(Usage(quantities={PriceUnit.CREDIT: Decimal("4.5")}), card)

    assert cost.money.amount == Decimal("0.045")
    assert not cost.is_estimate


@pytest.mark.parametrize(
    ("name", "size", "amount"),
    [
        ("flux-3-image", Size(768, 768), "0.041"),
        ("flux-3-image", Size(1024, 1024), "0.048"),
        ("flux-3-image", Size(4096, 4096), "0.607"),
        ("flux-2-pro", Size(2000, 2000), "0.090"),
        ("flux-2-flex", Size(1000, 1000), "0.10"),
        ("flux-kontext-pro", Size(1024, 1024), "0.04"),
    ],
)
def test_before_a_task_its_cost_is_estimated(name: str, size: Size, amount: str) -> None:
    usage = usage_of(images=1, pixels_per_image=size.pixels, input_images=1)

    cost = _cost(usage, find_card(f"bfl/{name}"), size)

    assert cost.money.amount == Decimal(amount)
    assert cost.is_estimate
