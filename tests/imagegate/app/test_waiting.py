"""How long a caller waits: by the target's usual time, by its own wish, and never longer than the gateway can."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from imagegate.app.ports import RunNotStartedError
from imagegate.domain.decision import Decision
from imagegate.domain.errors import ProviderUnavailableError
from imagegate.domain.job import Job, Status
from imagegate.domain.preference import PATIENCE, Preference
from imagegate.domain.provider import Failed
from tests.builders import a_card, a_finding
from tests.fakes import FakeJobRuns
from tests.imagegate.app.harness import Harness, completed, pending

FAST, SLOW = a_card(typical_seconds=5), a_card(typical_seconds=90)
ASYNC = Preference(is_async=True)


@dataclass
class Refusing(FakeJobRuns):
    """A machine that takes no more."""

    def start(self, job: Job) -> None:
        raise RunNotStartedError(job.id)


def _wait(seconds: float, **changes: bool) -> Preference:
    return Preference(wait=timedelta(seconds=seconds), **changes)


def _while_waiting(gateway: Harness, happens: Callable[[], object]) -> None:
    """Let something happen while the caller waits for the first time."""
    todo = [happens]

    def sleep(seconds: float) -> None:
        gateway.clock.sleep(seconds)
        if todo:
            todo.pop()()

    gateway.generate = replace(gateway.generate, sleep=sleep)


@pytest.mark.parametrize(
    ("card", "preference", "is_asynchronous"),
    [
        (FAST, None, False),
        (SLOW, None, True),
        (FAST, ASYNC, True),
        (FAST, _wait(20), False),
        (FAST, _wait(3), True),
        (FAST, _wait(0), True),
        (FAST, _wait(20, is_async=True), True),
        (SLOW, _wait(300), True),
    ],
)
def test_a_caller_waits_only_for_what_usually_is_done_in_its_time(
    card: object, preference: Preference | None, is_asynchronous: bool
) -> None:
    gateway = Harness(cards=(card,))  # type: ignore[arg-type]

    job = gateway(preference=preference).job

    assert job.is_asynchronous is is_asynchronous
    assert len(gateway.runs.started) == is_asynchronous
    assert len(gateway.transport.sent) == (not is_asynchronous)


def test_what_nobody_waits_for_is_queued_with_its_key_and_its_budget_and_driven_by_the_machine() -> None:
    gateway = Harness(cards=(SLOW,))
    began = gateway.clock.now

    generated = gateway("once")

    job = generated.job
    assert (job.status, job.attempts, generated.pictures) == (Status.QUEUED, (), {})
    assert gateway.runs.started == [(job.id, job.version)]
    assert gateway.clock.now - began < timedelta(seconds=10)
    assert gateway.drive().status is Status.SUCCEEDED
    assert gateway("once").job == gateway.job


def test_a_refused_prompt_starts_no_machine() -> None:
    gateway = Harness(cards=(SLOW,), words={"circle": a_finding("gore")})

    assert gateway().job.status is Status.REJECTED
    assert gateway.runs.started == []


def test_a_caller_who_insists_on_waiting_sees_what_the_machine_has_made() -> None:
    gateway = Harness(cards=(SLOW,))
    _while_waiting(gateway, gateway.drive)

    generated = gateway(preference=_wait(20))

    assert (generated.job, generated.job.status) == (gateway.job, Status.SUCCEEDED)
    # The machine's pictures are in storage only.
    assert generated.pictures == {}
    assert len(gateway.transport.sent) == 1


def test_a_caller_who_insists_is_answered_when_its_time_is_up() -> None:
    gateway = Harness(cards=(SLOW,))
    began = gateway.clock.now

    job = gateway(preference=_wait(12)).job

    assert job.status is Status.QUEUED
    assert timedelta(seconds=12) <= gateway.clock.now - began < timedelta(seconds=15)


def test_no_caller_waits_longer_than_the_gateway_can() -> None:
    gateway = Harness(cards=(SLOW,))
    began = gateway.clock.now

    gateway(preference=_wait(3600))

    assert gateway.clock.now - began < PATIENCE + timedelta(seconds=3)


def test_a_caller_who_insists_is_told_at_once_that_a_person_has_to_look() -> None:
    gateway = Harness(cards=(SLOW,), sights=(a_finding(decision=Decision.REVIEW, param=None),))
    _while_waiting(gateway, gateway.drive)

    assert gateway(preference=_wait(20)).job.status is Status.NEEDS_REVIEW
    assert gateway.clock.now - gateway.job.updated_at < timedelta(seconds=5)


def test_a_job_that_is_deleted_while_its_caller_looks_is_told_as_it_was_last() -> None:
    gateway = Harness(cards=(SLOW,))
    _while_waiting(gateway, gateway.jobs.jobs.clear)

    assert gateway(preference=_wait(5)).job.status is Status.QUEUED


def test_when_the_callers_time_ends_while_the_provider_works_the_machine_goes_on() -> None:
    gateway = Harness(cards=(FAST,), submissions=[pending("one", 5)], polls=[pending("one", 60), completed()])

    job = gateway().job

    assert (job.status, gateway.journal.count("poll")) == (Status.RUNNING, 1)
    assert gateway.runs.started == [(job.id, job.version)]
    assert gateway.drive().status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1


def test_another_target_is_not_sent_to_when_its_answer_could_no_longer_be_awaited() -> None:
    busy = Failed(error=ProviderUnavailableError("busy"))
    gateway = Harness(cards=(FAST, replace(FAST, name="inks")), submissions=[busy, completed()])
    gateway.transport.meanwhile.append(lambda: gateway.clock.sleep(PATIENCE.total_seconds()))

    job = gateway(model="auto").job

    assert (job.status, len(gateway.transport.sent)) == (Status.RUNNING, 1)
    assert gateway.runs.started == [(job.id, job.version)]
    assert [one.target.model for one in gateway.drive().attempts] == ["painter/oils", "painter/inks"]


def test_pictures_that_came_in_the_last_moment_are_still_published() -> None:
    gateway = Harness(cards=(FAST,))
    gateway.transport.meanwhile.append(lambda: gateway.clock.sleep(PATIENCE.total_seconds()))

    generated = gateway()

    assert generated.job.status is Status.SUCCEEDED
    assert list(generated.pictures) == [0]
    assert gateway.runs.started == []


def test_a_machine_that_cannot_be_started_now_costs_no_job() -> None:
    gateway = Harness(cards=(SLOW,))

    gateway.generate = replace(gateway.generate, runs=Refusing())

    job = gateway().job

    assert job.status is Status.QUEUED
    assert gateway.jobs.read(job.id) == job
