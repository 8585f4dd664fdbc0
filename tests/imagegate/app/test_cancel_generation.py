"""Canceling: providers are asked to stop, what may be charged is counted, and a race has one end."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from imagegate.app.cancel_generation import CancelGeneration
from imagegate.app.ports import AnswerLostError, JobWrite, StaleJobError
from imagegate.app.read_generation import ReadGeneration
from imagegate.domain.decision import Decision
from imagegate.domain.errors import (
    ConflictError,
    GenerationNotFoundError,
    GenerationOverError,
)
from imagegate.domain.job import Job, Outcome, Status
from imagegate.domain.preference import Preference
from imagegate.domain.provider import ProviderCall, ProviderRef
from imagegate.domain.wire import HttpRequest, HttpResponse
from tests.builders import OTHER_PROJECT_ID, PRINCIPAL, a_card, a_finding
from tests.fakes import SlowProvider
from tests.imagegate.app.harness import Harness, completed, pending

AT_ONCE = Preference(wait=timedelta(0), is_async=True)
STOPS, GOES_ON = b"stops", b"goes on"


@dataclass
class StoppableProvider(SlowProvider):
    """One whose work can be stopped, unless it answers otherwise."""

    answers: list[bytes] = field(default_factory=list)
    canceled: list[str] = field(default_factory=list)

    def cancel(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        self.canceled.append(ref["id"])
        return HttpRequest(method="POST", url=f"{call.base_url}/cancel", body=self.answers.pop(0))

    def read_canceled(self, response: HttpResponse) -> bool:
        return response.body == STOPS


def _canceling(harness: Harness) -> CancelGeneration:
    return CancelGeneration(
        read=ReadGeneration(jobs=harness.jobs),
        calls=harness.calls,
        publish=harness.steps.publish,
        runs=harness.runs,
    )


def _cancel(harness: Harness) -> Job:
    return _canceling(harness)(PRINCIPAL, harness.job.id)


def _working(*answers: bytes, count: int = 1) -> tuple[Harness, StoppableProvider]:
    """Return a gateway whose provider works on as many attempts as there are answers to canceling them."""
    names = [pending(f"p{number}", 60) for number in range(count)]
    provider = StoppableProvider([*names], polls=[], answers=list(answers))
    harness = Harness(maker=provider, cards=(a_card(images_per_call=1),))
    harness(preference=Preference(wait=timedelta(seconds=20)), count=count)
    assert harness.job.status is Status.RUNNING
    return harness, provider


def test_a_provider_that_stops_charges_nothing() -> None:
    harness, provider = _working(STOPS)

    job = _cancel(harness)

    assert provider.canceled == ["p0"]
    assert (job.status, job.attempts[0].outcome, job.cost) == (Status.CANCELED, Outcome.CANCELED, None)
    assert job.problem is not None
    assert (job.problem.code, job.problem.http_status, job.problem.retryable) == ("generation_canceled", 409, False)
    assert harness.jobs.committed == harness.jobs.spent == 0
    assert [event.type for event in harness.jobs.notices] == ["generation.canceled"]


def test_a_provider_that_goes_on_may_charge() -> None:
    harness, _ = _working(GOES_ON)

    job = _cancel(harness)

    assert job.attempts[0].outcome is Outcome.UNKNOWN
    assert job.cost is not None
    assert job.cost.is_estimate
    assert harness.jobs.spent == harness.jobs.committed == job.cost.money.amount


def test_each_of_several_attempts_is_stopped() -> None:
    harness, provider = _working(STOPS, STOPS, STOPS, count=3)

    job = _cancel(harness)

    assert sorted(provider.canceled) == ["p0", "p1", "p2"]
    assert {one.outcome for one in job.attempts} == {Outcome.CANCELED}


def test_a_provider_that_cannot_be_reached_is_no_error_of_ours() -> None:
    harness, _ = _working(STOPS)
    harness.transport.failures.append(AnswerLostError("cut"))

    assert _cancel(harness).attempts[0].outcome is Outcome.UNKNOWN


def test_a_provider_whose_work_cannot_be_stopped_is_not_asked() -> None:
    harness = Harness(submissions=[pending(seconds=60)], polls=[])
    harness()
    sent = len(harness.transport.sent)

    job = _cancel(harness)

    assert (job.status, job.attempts[0].outcome) == (Status.CANCELED, Outcome.UNKNOWN)
    assert len(harness.transport.sent) == sent


def test_what_was_not_sent_yet_costs_nothing() -> None:
    harness = Harness()
    harness(preference=AT_ONCE)

    job = _cancel(harness)

    assert (job.status, job.attempts, job.cost) == (Status.CANCELED, (), None)
    assert harness.jobs.committed == 0
    assert harness.drive().status is Status.CANCELED
    assert harness.transport.sent == []


def test_whoever_waits_for_a_callback_is_woken() -> None:
    harness, _ = _working(STOPS)
    harness.runs.keep_token(harness.job.id, "token")

    _cancel(harness)

    assert harness.runs.woken == [harness.job.id]


def test_a_generation_that_was_canceled_before_is_told_again() -> None:
    harness, provider = _working(STOPS)

    assert _cancel(harness) == _cancel(harness)
    assert provider.canceled == ["p0"]


def test_a_generation_that_is_over_says_how_it_ended() -> None:
    harness = Harness()
    harness()

    with pytest.raises(GenerationOverError, match="has its pictures") as refused:
        _cancel(harness)

    assert refused.value.generation_id == harness.job.id


def test_a_generation_that_is_held_for_a_review_can_be_canceled_and_its_cost_stays() -> None:
    harness = Harness(sights=(a_finding(decision=Decision.REVIEW),))
    harness()

    job = _cancel(harness)

    assert (job.status, job.images) == (Status.CANCELED, ())
    assert job.cost is not None


def test_the_generation_of_another_project_is_not_found() -> None:
    harness, _ = _working(STOPS)

    with pytest.raises(GenerationNotFoundError):
        _canceling(harness)(replace(PRINCIPAL, project_id=OTHER_PROJECT_ID), harness.job.id)


def test_a_generation_that_moved_on_meanwhile_is_canceled_as_it_stands() -> None:
    harness, provider = _working(STOPS)
    meanwhile = [replace(harness.job, warnings=())]

    def refuse(write: JobWrite) -> None:
        if write.job.status is Status.CANCELED and meanwhile:
            harness.jobs.write(JobWrite(job=meanwhile.pop()))

    harness.jobs.refuse = refuse

    assert _cancel(harness).attempts[0].outcome is Outcome.CANCELED
    assert provider.canceled == ["p0"]


def test_a_generation_that_ended_meanwhile_is_over() -> None:
    harness = Harness(submissions=[pending()], polls=[completed()])
    harness(preference=Preference(wait=timedelta(0)))
    meanwhile = [harness.drive]

    def refuse(write: JobWrite) -> None:
        if write.job.status is Status.CANCELED and meanwhile:
            meanwhile.pop()()

    harness.jobs.refuse = refuse

    with pytest.raises(GenerationOverError):
        _cancel(harness)
    assert harness.job.status is Status.SUCCEEDED


def test_a_generation_that_never_stands_still_is_a_conflict() -> None:
    harness, _ = _working(STOPS)

    def refuse(write: JobWrite) -> None:
        raise StaleJobError(write.job.id)

    harness.jobs.refuse = refuse

    with pytest.raises(ConflictError):
        _cancel(harness)


def test_a_driver_that_comes_too_late_leaves_the_cancellation_alone() -> None:
    harness, _ = _working(STOPS)
    canceled = _cancel(harness)

    assert harness.drive() == canceled


def test_a_caller_who_waits_is_told_of_the_cancellation() -> None:
    provider = StoppableProvider([pending(seconds=2)], polls=[completed()], answers=[STOPS])
    harness = Harness(maker=provider)

    def sleep(seconds: float) -> None:
        _cancel(harness)

    harness.generate = replace(harness.generate, sleep=sleep)

    job = harness().job

    assert job == harness.job
    assert job.status is Status.CANCELED
