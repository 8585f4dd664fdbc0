"""Tests of waiting for slow generations: when it is asked again, what ends the waiting, and what is told then."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from imagegate.api.responses import ErrorDetail, FailureAnswer
from imagegate.cli.failures import CommandFailedError
from imagegate.cli.gateway import Gateway
from imagegate.cli.settings import Connection
from imagegate.cli.waiting import Patience, wait_for
from imagegate.domain.job import Status
from imagegate.http import HttpTransport
from tests.imagegate.cli.support import (
    DROPPED,
    GENERATION_ID,
    PICTURE,
    FakeGateway,
    error_answer,
    generation,
    imagegate,
)

GENERATION = f"GET /live/v1/generations/{GENERATION_ID}"
RUNNING = (200, generation(Status.RUNNING).model_dump_json().encode())


@dataclass
class Clock:
    """Time passes by sleeping only."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wait(gateway: FakeGateway, clock: Clock) -> Callable[..., Status]:
    """Wait for the fake gateway's generation, and return how it ended."""
    connection = Connection(base_url=gateway.base_url, api_key="ig_key", found_in="test")

    def waits(timeout_seconds: float = 60.0, wait_seconds: float | None = None) -> Status:
        patience = Patience(
            timeout_seconds=timeout_seconds, wait_seconds=wait_seconds, sleep=clock.sleep, monotonic=clock.monotonic
        )
        started = Gateway(connection=connection, transport=HttpTransport())
        return wait_for(started, generation(Status.QUEUED), patience, lambda _: None).status

    return waits


def test_it_is_asked_as_often_as_the_gateway_wishes(
    gateway: FakeGateway, clock: Clock, wait: Callable[..., Status]
) -> None:
    gateway.says(GENERATION, generation().model_dump_json())
    gateway.says_first(GENERATION, RUNNING, RUNNING)

    assert wait(wait_seconds=7.0) is Status.SUCCEEDED
    assert clock.slept == [7.0, 7.0, 7.0]


def test_without_a_wish_it_is_asked_every_few_seconds(
    gateway: FakeGateway, clock: Clock, wait: Callable[..., Status]
) -> None:
    gateway.says(GENERATION, generation().model_dump_json())

    wait()

    assert clock.slept == [5.0]


def test_patience_ends_in_time_and_the_way_on_is_told(
    gateway: FakeGateway, clock: Clock, wait: Callable[..., Status]
) -> None:
    gateway.says(GENERATION, generation(Status.RUNNING).model_dump_json())

    with pytest.raises(CommandFailedError) as failed:
        wait(timeout_seconds=12.0)

    assert failed.value.code == "still_running"
    assert GENERATION_ID in failed.value.advice
    assert clock.slept == [5.0, 5.0, 2.0]


def test_a_question_that_gets_lost_is_asked_again(gateway: FakeGateway, wait: Callable[..., Status]) -> None:
    gateway.says(GENERATION, generation().model_dump_json())
    gateway.says_first(GENERATION, DROPPED, (503, b""), (429, b""), RUNNING, DROPPED)

    assert wait() is Status.SUCCEEDED


def test_a_gateway_that_is_gone_is_told(gateway: FakeGateway, wait: Callable[..., Status]) -> None:
    gateway.answers[GENERATION] = DROPPED

    with pytest.raises(CommandFailedError, match="did not arrive"):
        wait()

    assert len(gateway.received) == 4


@pytest.mark.parametrize("status", [401, 404])
def test_a_refusal_ends_the_waiting_at_once(gateway: FakeGateway, wait: Callable[..., Status], status: int) -> None:
    gateway.says(GENERATION, error_answer("invalid_api_key", "No such key."), status)

    with pytest.raises(CommandFailedError, match="No such key"):
        wait()

    assert len(gateway.received) == 1


def test_what_is_no_generation_is_told(gateway: FakeGateway, wait: Callable[..., Status]) -> None:
    gateway.says(GENERATION, "{}")

    with pytest.raises(CommandFailedError, match="not what a gateway"):
        wait()


def test_a_slow_generation_is_waited_for_and_saved(connected: FakeGateway, folder: Path) -> None:
    connected.generates(generation(Status.RUNNING).model_dump_json(), 202)
    connected.says_first(GENERATION, RUNNING)
    connected.says(GENERATION, generation(url=f"{connected.origin}/signed").model_dump_json())
    connected.says("GET /signed", PICTURE)

    result = imagegate("generate", "a circle", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (folder / "out" / "a-circle-1c7e4a37.png").read_bytes() == PICTURE
    assert told["files"] == ["out/a-circle-1c7e4a37.png"]
    assert told["data"] == [{"url": f"{connected.origin}/signed"}]
    assert told["imagegate"]["id"] == GENERATION_ID
    assert "authorization" not in connected.received[-1].headers


def test_people_see_how_far_a_slow_generation_is(connected: FakeGateway) -> None:
    connected.generates(generation(Status.QUEUED).model_dump_json(), 202)
    connected.says(GENERATION, generation(url=f"{connected.origin}/signed").model_dump_json())
    connected.says("GET /signed", PICTURE)

    result = imagegate("generate", "a circle", FORCE_COLOR="1")

    assert "The gateway is drawing (queued)" in result.stderr


def test_pictures_that_were_not_made_are_told(connected: FakeGateway) -> None:
    failures = [
        FailureAnswer(first=1, count=1, code="provider_failed", message="It broke."),
        FailureAnswer(first=2, count=2, code="moderation_blocked", message="It refused."),
    ]
    partly = generation(url=f"{connected.origin}/signed").model_copy(update={"failures": failures})
    connected.generates(generation(Status.RUNNING).model_dump_json(), 202)
    connected.says(GENERATION, partly.model_dump_json())
    connected.says("GET /signed", PICTURE)

    result = imagegate("generate", "a circle", "--n", "4")

    assert result.exit_code == 0
    assert "picture 2: provider_failed: It broke." in result.stdout
    assert "picture 3 to 4: moderation_blocked: It refused." in result.stdout


@pytest.mark.parametrize("status", [Status.REJECTED, Status.FAILED])
def test_a_slow_generation_that_fails_is_told_as_an_error(connected: FakeGateway, status: Status) -> None:
    error = ErrorDetail(message="Change the prompt.", type="invalid_request_error", code="moderation_blocked")
    connected.generates(generation(Status.RUNNING).model_dump_json(), 202)
    connected.says(GENERATION, generation(status, error).model_dump_json())

    plain, as_json = imagegate("generate", "a circle"), imagegate("generate", "a circle", "--json")

    assert plain.exit_code == as_json.exit_code == 1
    assert "moderation_blocked: Change the prompt." in plain.stderr
    assert GENERATION_ID in plain.stderr
    told = json.loads(as_json.stdout)
    assert (told["error"]["code"], told["imagegate"]["generation_id"]) == ("moderation_blocked", GENERATION_ID)


def test_a_canceled_generation_is_told_although_nothing_says_why(connected: FakeGateway) -> None:
    connected.generates(generation(Status.CANCELED).model_dump_json(), 202)

    result = imagegate("generate", "a circle")

    assert result.exit_code == 1
    assert "canceled" in result.stderr


def test_a_command_that_may_not_wait_tells_how_to_go_on(connected: FakeGateway) -> None:
    connected.generates(generation(Status.RUNNING).model_dump_json(), 202)

    result = imagegate("generate", "a circle", "--timeout", "0")

    assert result.exit_code == 1
    assert "still_running" in result.stderr
    assert f"imagegate show {GENERATION_ID}" in result.stderr
    assert "--idempotency-key cli-" in result.stderr


@pytest.mark.parametrize("body", [b"{}", b"[]"])
def test_an_accepted_answer_that_is_no_generation_is_told(connected: FakeGateway, body: bytes) -> None:
    connected.generates(body, 202)

    assert "unreadable_answer" in imagegate("generate", "a circle").stderr


def test_a_picture_without_an_address_is_told(connected: FakeGateway) -> None:
    connected.generates(generation(Status.RUNNING).model_dump_json(), 202)
    connected.says(GENERATION, generation(url=None).model_dump_json())

    assert "unreadable_answer" in imagegate("generate", "a circle").stderr
