"""The job's way through its steps."""

from dataclasses import replace
from decimal import Decimal

import pytest

from imagegate.domain.budget import Reservation
from imagegate.domain.errors import BudgetExceededError, ProviderUnavailableError
from imagegate.domain.job import (
    CONTENT_RETENTION,
    LONGEST_GENERATION,
    Job,
    Outcome,
    Provenance,
    Status,
    begin_attempts,
    cancel,
    fail,
    hold,
    mark_sent,
    problem_of,
    reject,
    replace_attempts,
    succeed,
)
from imagegate.domain.project import OnUnknown
from tests.builders import (
    NOW,
    PROJECT_ID,
    a_card,
    a_cost,
    a_job,
    a_request,
    a_running_job,
    a_target,
    an_attempt,
    an_image,
    dollars,
)

LATER = NOW.replace(hour=13)
COST = a_cost("0.03")
RESERVATION = Reservation(project_id=PROJECT_ID, month="2026-11", amount=dollars("0.04"), limit=dollars("1"))
PROBLEM = problem_of(ProviderUnavailableError("busy"))


def _succeeded(job: Job) -> Job:
    return succeed(replace(job, cost=COST), images=(an_image(),), provenance=Provenance(), now=LATER)


def test_a_new_job_is_queued_and_kept_for_its_retention() -> None:
    job = a_job()

    assert (job.status, job.version, job.attempts) == (Status.QUEUED, 0, ())
    assert job.expires_at == NOW + CONTENT_RETENTION
    assert job.deadline_at == NOW + LONGEST_GENERATION
    assert (job.is_asynchronous, job.on_unknown, job.rounds) == (False, OnUnknown.FAIL, 0)
    assert (job.current_attempts, job.inspection) == ((), None)


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


def test_a_request_is_divided_into_as_many_calls_as_it_takes() -> None:
    job = begin_attempts(a_job(request=a_request(count=5)), a_target(), 2, NOW)

    assert (job.status, job.updated_at) == (Status.RUNNING, NOW)
    assert [(one.number, one.first, one.count) for one in job.attempts] == [(1, 0, 2), (2, 2, 2), (3, 4, 1)]
    assert job.open_attempts == job.current_attempts == job.attempts
    assert {one.provider_ref for one in job.attempts} == {None}


def test_an_attempt_is_open_until_it_has_an_outcome() -> None:
    begun = a_running_job()
    ended = replace_attempts(begun, (replace(begun.attempts[0], outcome=Outcome.FAILED),), LATER)

    assert begun.attempts[0].is_open
    assert ended.open_attempts == ()
    assert ended.updated_at == LATER


def test_only_attempts_of_the_same_number_are_replaced() -> None:
    job = begin_attempts(a_job(request=a_request(count=3)), a_target(), 1, NOW)

    changed = replace_attempts(job, (an_attempt(2, outcome=Outcome.SUCCEEDED), an_attempt(9)), LATER)

    assert [one.outcome for one in changed.attempts] == [None, Outcome.SUCCEEDED, None]
    assert [one.number for one in changed.open_attempts] == [1, 3]


def test_attempts_at_another_target_are_numbered_on_and_are_the_current_ones() -> None:
    inks = a_target(a_card(name="inks"))

    job = begin_attempts(a_running_job(), inks, 4, LATER)

    assert [one.number for one in job.attempts] == [1, 2]
    assert job.target == inks
    assert [one.target for one in job.current_attempts] == [inks]


def test_a_second_round_at_the_same_target_has_attempts_of_its_own_that_may_be_due_later() -> None:
    due_at = LATER.replace(minute=45)

    job = begin_attempts(a_running_job(), a_target(), 4, LATER, due_at)

    assert [(one.number, one.round, one.due_at) for one in job.attempts] == [(1, 1, None), (2, 2, due_at)]
    assert (job.rounds, job.current_attempts) == (2, job.attempts[1:])


def test_an_attempt_is_marked_as_sent_before_it_is_and_is_no_longer_due() -> None:
    job = begin_attempts(a_job(request=a_request(count=2)), a_target(), 1, NOW, LATER)

    marked = mark_sent(job, job.attempts[:1], LATER)

    assert [(one.sent_at, one.due_at) for one in marked.attempts] == [(LATER, None), (None, LATER)]
    assert marked.open_attempts == marked.attempts


def test_a_job_that_is_held_is_not_over_and_keeps_its_pictures() -> None:
    job = hold(a_running_job(images=(an_image(),), reservation=RESERVATION), LATER)

    assert (job.status, job.updated_at, job.completed_at) == (Status.NEEDS_REVIEW, LATER, None)
    assert (job.images, job.settlement) == ((an_image(),), None)


def test_a_canceled_job_is_over_and_releases_what_it_held() -> None:
    job = cancel(a_running_job(reservation=RESERVATION), PROBLEM, LATER)

    assert (job.status, job.problem, job.completed_at) == (Status.CANCELED, PROBLEM, LATER)
    assert job.settlement is not None
    assert job.settlement.actual.amount == 0


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
    problem = problem_of(BudgetExceededError("Ask for less.", param="n", retry_after_seconds=30))

    assert (problem.code, problem.http_status, problem.type) == ("budget_exceeded", 429, "insufficient_quota")
    assert (problem.message, problem.param, problem.retryable) == ("Ask for less.", "n", False)
    assert problem.retry_after_seconds == 30


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
