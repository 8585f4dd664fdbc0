"""More than one round: a throttled target while nobody waits, and a project that would rather pay twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from imagegate.app.advance import LONGEST_SEARCH
from imagegate.app.ports import AnswerLostError
from imagegate.domain.errors import ProviderThrottledError
from imagegate.domain.job import Job, Outcome, Status
from imagegate.domain.progress import MOST_ROUNDS, Step
from imagegate.domain.project import OnUnknown
from imagegate.domain.provider import Failed
from tests.builders import a_card, dollars
from tests.fakes import ListingProvider
from tests.imagegate.app.harness import Harness, completed, pending

SLOW = a_card(typical_seconds=90)
LOST = AnswerLostError("ReadTimeoutError")
PAYS_TWICE = {"monthly_budget": dollars("1"), "on_unknown": OnUnknown.RESUBMIT}


def _throttled(seconds: int | None = None) -> Failed:
    return Failed(error=ProviderThrottledError("slow down", retry_after_seconds=seconds))


def _pauses(job: Job) -> list[float]:
    """Return how long each round after the first came after the end of the one before."""
    ends = [one.ended_at for one in job.attempts]
    sent = [one.sent_at for one in job.attempts]
    return [(later - end).total_seconds() for end, later in zip(ends, sent[1:], strict=False) if end and later]


def test_a_throttled_target_is_tried_again_when_it_said_while_nobody_waits() -> None:
    gateway = Harness(cards=(SLOW,), submissions=[_throttled(60), _throttled(), completed()])
    gateway()

    job = gateway.drive()

    assert job.status is Status.SUCCEEDED
    assert [(one.round, one.outcome) for one in job.attempts] == [
        (1, Outcome.FAILED),
        (2, Outcome.FAILED),
        (3, Outcome.SUCCEEDED),
    ]
    first, second = _pauses(job)
    assert 60 <= first < 70
    assert 20 <= second < 30


def test_only_the_calls_of_the_round_that_worked_are_billed() -> None:
    gateway = Harness(
        cards=(a_card(typical_seconds=90, images_per_call=1),),
        submissions=[_throttled(), _throttled(), completed(), completed()],
        project={"monthly_budget": dollars("1")},
    )
    gateway(count=2)

    job = gateway.drive()

    assert [(one.round, one.first) for one in job.attempts] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert [image.index for image in job.images] == [0, 1]
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.08")


def test_a_target_that_stays_throttled_ends_the_job_with_what_it_said_last() -> None:
    gateway = Harness(cards=(SLOW,), submissions=[_throttled(1), _throttled(2), _throttled(33)])
    gateway()

    job = gateway.drive()

    assert (job.status, job.rounds) == (Status.FAILED, MOST_ROUNDS)
    assert job.problem is not None
    assert (job.problem.code, job.problem.retry_after_seconds) == ("provider_throttled", 33)
    assert len(gateway.transport.sent) == MOST_ROUNDS
    assert job.cost is None


def test_a_caller_who_waits_is_told_at_once_that_the_target_is_throttled() -> None:
    gateway = Harness(submissions=[_throttled(60)])
    began = gateway.clock.now

    job = gateway().job

    assert (job.status, len(job.attempts)) == (Status.FAILED, 1)
    assert job.problem is not None
    assert (job.problem.retryable, job.problem.retry_after_seconds) == (True, 60)
    assert gateway.clock.now - began < timedelta(seconds=30)


def test_a_machine_that_comes_before_the_pause_is_over_sends_nothing() -> None:
    gateway = Harness(cards=(SLOW,), submissions=[_throttled(60)])
    job = gateway().job
    for step in (Step.PLAN, Step.SUBMIT, Step.PLAN):
        gateway.run_job(job.id, step)

    verdicts = [gateway.run_job(job.id, step).step for step in (Step.SUBMIT, Step.WAIT)]

    assert verdicts == [Step.WAIT, Step.WAIT]
    assert len(gateway.transport.sent) == 1


@pytest.mark.parametrize("card", [a_card(), SLOW])
def test_a_lost_answer_is_final_unless_the_project_asks_for_more(card: object) -> None:
    gateway = Harness(cards=(card,), failures=[LOST])  # type: ignore[arg-type]
    gateway(key="once")

    job = gateway.drive()

    assert (job.status, gateway.attempt.outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert len(gateway.transport.sent) == 1


def test_a_project_that_would_rather_pay_twice_has_it_sent_again_and_both_counted() -> None:
    gateway = Harness(cards=(SLOW,), failures=[LOST], project=PAYS_TWICE)
    gateway()

    job = gateway.drive()

    assert job.status is Status.SUCCEEDED
    assert [one.outcome for one in job.attempts] == [Outcome.UNKNOWN, Outcome.SUCCEEDED]
    assert job.cost is not None
    assert (job.cost.money, job.cost.is_estimate) == (dollars("0.08"), True)
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.08")


def test_a_caller_who_waits_is_sent_on_to_another_target_but_not_to_the_same_again() -> None:
    alone = Harness(failures=[LOST], project=PAYS_TWICE)
    two = Harness(cards=(a_card(), a_card(name="inks")), failures=[LOST], project=PAYS_TWICE)

    assert alone().job.status is Status.FAILED
    assert [one.target.model for one in two(model="auto").job.attempts] == ["painter/oils", "painter/inks"]


def test_what_may_still_be_found_is_searched_for_before_it_is_paid_for_again() -> None:
    maker = ListingProvider([completed()], found=[None, None, pending("one")], polls=[completed()])
    gateway = Harness(cards=(SLOW,), maker=maker, failures=[LOST], project=PAYS_TWICE)
    gateway()

    job = gateway.drive()

    assert (job.status, len(job.attempts)) == (Status.SUCCEEDED, 1)
    assert gateway.journal.count("send") == 1
    assert gateway.jobs.spent == Decimal("0.04")


def test_what_could_not_be_found_is_sent_again_after_the_search() -> None:
    maker = ListingProvider([completed()], found=[None] * 100)
    gateway = Harness(cards=(SLOW,), maker=maker, failures=[LOST], project=PAYS_TWICE)
    gateway()

    job = gateway.drive()

    first, second = job.attempts
    assert (job.status, first.outcome) == (Status.SUCCEEDED, Outcome.UNKNOWN)
    assert first.sent_at is not None
    assert second.sent_at is not None
    assert second.sent_at - first.sent_at >= LONGEST_SEARCH
