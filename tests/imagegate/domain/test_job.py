"""The job's way through its steps."""

from decimal import Decimal

import pytest

from imagegate.domain.budget import Reservation
from imagegate.domain.errors import BudgetExceededError, ProviderUnavailableError
from imagegate.domain.job import (
    CONTENT_RETENTION,
    Job,
    Outcome,
    Provenance,
    Status,
    begin_attempt,
    end_attempt,
    fail,
    problem_of,
    reject,
    succeed,
)
from imagegate.domain.money import Cost
from tests.builders import NOW, PROJECT_ID, a_job, a_price, a_running_job, a_target, an_image, dollars

LATER = NOW.replace(hour=13)
COST = Cost(money=dollars("0.03"), price_checked_on=a_price().checked_on, source="s")
RESERVATION = Reservation(project_id=PROJECT_ID, month="2026-11", amount=dollars("0.04"), limit=dollars("1"))
PROBLEM = problem_of(ProviderUnavailableError("busy"))


def _succeeded(job: Job) -> Job:
    return succeed(job, images=(an_image(),), cost=COST, provenance=Provenance(), now=LATER)


def test_a_new_job_is_queued_and_kept_for_its_retention() -> None:
    job = a_job()

    assert (job.status, job.version, job.attempts) == (Status.QUEUED, 0, ())
    assert job.expires_at == NOW + CONTENT_RETENTION


@pytest.mark.parametrize(
    ("status", "is_terminal"),
    [
        ("queued", False),
        ("running", False),
        ("needs_review", False),
        ("succeeded", True),
        ("rejected", True),
        ("failed", True),
        ("canceled", True),
    ],
)
def test_a_status_tells_whether_it_can_change(status: str, is_terminal: bool) -> None:
    assert Status(status).is_terminal is is_terminal


def test_an_attempt_is_open_until_it_is_ended() -> None:
    begun = begin_attempt(a_job(), a_target(), NOW)
    ended = end_attempt(begun, Outcome.FAILED, LATER, {"status": 503})

    assert (begun.status, begun.attempt.outcome, begun.attempt.ended_at) == (Status.RUNNING, None, None)
    assert (ended.attempt.outcome, ended.attempt.ended_at) == (Outcome.FAILED, LATER)
    assert ended.attempt.provider_metadata == {"status": 503}


def test_attempts_are_numbered_and_only_the_last_is_ended() -> None:
    job = end_attempt(a_running_job(), Outcome.FAILED, NOW)
    job = end_attempt(begin_attempt(job, a_target(), NOW), Outcome.SUCCEEDED, LATER)

    assert [(one.number, one.outcome) for one in job.attempts] == [(1, Outcome.FAILED), (2, Outcome.SUCCEEDED)]
    assert job.attempt.provider_metadata == {}


def test_success_publishes_images_cost_and_provenance() -> None:
    job = _succeeded(a_running_job())

    assert (job.status, job.completed_at, job.updated_at) == (Status.SUCCEEDED, LATER, LATER)
    assert (job.images, job.cost, job.provenance, job.problem) == ((an_image(),), COST, Provenance(), None)


def test_rejection_and_failure_keep_their_problem() -> None:
    rejected, failed = reject(a_job(), PROBLEM, LATER), fail(a_job(), PROBLEM, LATER)

    assert (rejected.status, failed.status) == (Status.REJECTED, Status.FAILED)
    assert rejected.problem == failed.problem == PROBLEM
    assert rejected.completed_at == failed.completed_at == LATER


def test_a_problem_keeps_what_the_reader_may_see_later() -> None:
    problem = problem_of(BudgetExceededError("Ask for less.", param="n"))

    assert (problem.code, problem.http_status, problem.type) == ("budget_exceeded", 429, "insufficient_quota")
    assert (problem.message, problem.param, problem.retryable) == ("Ask for less.", "n", False)


def test_a_job_that_reserved_nothing_settles_nothing() -> None:
    assert _succeeded(a_running_job()).settlement is None


def test_a_job_that_is_not_over_settles_nothing() -> None:
    assert a_running_job(reservation=RESERVATION).settlement is None


def test_a_job_that_cost_something_settles_its_cost() -> None:
    settlement = _succeeded(a_running_job(reservation=RESERVATION)).settlement

    assert settlement is not None
    assert settlement.actual == dollars("0.03")
    assert settlement.difference == dollars("-0.01")


def test_a_job_that_cost_nothing_releases_what_it_held() -> None:
    settlement = fail(a_running_job(reservation=RESERVATION), PROBLEM, LATER).settlement

    assert settlement is not None
    assert settlement.actual.amount == Decimal(0)
    assert settlement.difference == dollars("-0.04")
