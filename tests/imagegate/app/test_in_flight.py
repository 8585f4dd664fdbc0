"""Slots at a provider: who waits for one, who is let through, and that each is given back."""

from datetime import timedelta

import pytest

from imagegate.domain.errors import InternalError, ProviderUnavailableError
from imagegate.domain.job import Outcome, Status, problem_of
from imagegate.domain.progress import Step
from imagegate.domain.provider import Failed
from tests.builders import a_card
from tests.imagegate.app.harness import Harness, completed, pending

SLOW = a_card(typical_seconds=90)
OTHERS = {"gen_other/1", "gen_another/1"}
FAILURE = InternalError("No longer wanted.")


def _planned() -> Harness:
    """Bring a job to where it would be sent to a provider with two slots."""
    gateway = Harness(cards=(SLOW,), settings={"max_in_flight": "2"})
    gateway()
    assert gateway.run_job(gateway.job.id, Step.PLAN).step is Step.SUBMIT
    return gateway


def test_a_job_that_nobody_waits_for_waits_for_a_slot_and_sends_nothing() -> None:
    gateway = _planned()
    gateway.slots.held["painter"] = set(OTHERS)

    verdict = gateway.run_job(gateway.job.id, Step.SUBMIT)

    assert verdict.step is Step.WAIT
    assert 3 <= verdict.seconds <= 5
    assert not verdict.expects_callback
    assert gateway.attempt.sent_at is None
    assert "send" not in gateway.journal


def test_waiting_for_a_slot_is_no_round_and_ends_when_one_is_free() -> None:
    gateway = _planned()
    gateway.slots.held["painter"] = set(OTHERS)
    for _ in range(10):
        verdict = gateway.run_job(gateway.job.id, Step.SUBMIT)
        gateway.clock.sleep(verdict.seconds)
    assert gateway.job.rounds == 1

    gateway.slots.held["painter"].clear()
    done = gateway.drive()

    assert (done.status, len(done.attempts)) == (Status.SUCCEEDED, 1)
    assert gateway.slots.held["painter"] == set()


def test_a_job_that_gets_no_slot_in_all_its_time_ends_without_a_cost() -> None:
    gateway = _planned()
    gateway.slots.held["painter"] = set(OTHERS)

    done = gateway.drive()

    assert done.status is Status.FAILED
    assert done.problem is not None
    assert done.problem.code == "provider_throttled"
    assert done.completed_at is not None
    assert done.completed_at - done.deadline_at < timedelta(minutes=1)
    assert "send" not in gateway.journal
    assert gateway.jobs.spent == gateway.jobs.committed == 0


def test_of_several_calls_of_one_job_as_many_are_sent_as_there_are_slots() -> None:
    card = a_card(typical_seconds=90, images_per_call=1)
    gateway = Harness(cards=(card,), settings={"max_in_flight": "2"}, submissions=[completed() for _ in range(3)])
    gateway(count=3)
    gateway.run_job(gateway.job.id, Step.PLAN)

    gateway.run_job(gateway.job.id, Step.SUBMIT)

    assert [one.outcome for one in gateway.job.attempts] == [Outcome.SUCCEEDED, Outcome.SUCCEEDED, None]
    assert gateway.slots.held["painter"] == set()
    assert len(gateway.drive().images) == 3


def test_a_slot_is_held_while_the_provider_works() -> None:
    gateway = Harness(
        cards=(SLOW,), settings={"max_in_flight": "1"}, submissions=[pending()], polls=[pending(), completed()]
    )
    gateway()
    for step in (Step.PLAN, Step.SUBMIT):
        gateway.run_job(gateway.job.id, step)

    assert gateway.slots.held["painter"] == {f"{gateway.job.id}/1"}

    gateway.drive()
    assert gateway.slots.held["painter"] == set()


def test_somebody_who_waits_is_counted_and_never_held_back() -> None:
    counted: list[set[str]] = []
    gateway = Harness(settings={"max_in_flight": "1"})
    gateway.slots.held["painter"] = {"gen_other/1"}
    gateway.jobs.refuse = lambda write: counted.append(set(gateway.slots.held["painter"]))

    generated = gateway()

    assert generated.job.status is Status.SUCCEEDED
    assert {"gen_other/1", f"{generated.job.id}/1"} in counted
    assert gateway.slots.held["painter"] == {"gen_other/1"}


def test_the_fallback_of_somebody_who_waits_is_not_held_back_either() -> None:
    gateway = Harness(
        cards=(a_card(), a_card(name="chalk")),
        settings={"max_in_flight": "1"},
        submissions=[Failed(error=ProviderUnavailableError("Busy.")), completed()],
    )
    gateway.slots.held["painter"] = {"gen_other/1"}

    assert gateway(model="auto").job.status is Status.SUCCEEDED
    assert gateway.slots.held["painter"] == {"gen_other/1"}


@pytest.mark.parametrize("end", ["cancellation", "abandon"])
def test_a_job_that_is_given_up_gives_its_slots_back(end: str) -> None:
    gateway = Harness(cards=(SLOW,), settings={"max_in_flight": "1"}, submissions=[pending()], polls=[])
    gateway()
    for step in (Step.PLAN, Step.SUBMIT):
        gateway.run_job(gateway.job.id, step)
    publish = gateway.steps.publish

    if end == "abandon":
        publish.abandon(gateway.job, FAILURE)
    else:
        publish.cancellation(gateway.job, problem_of(FAILURE))

    assert gateway.slots.held["painter"] == set()


def test_without_a_limit_nothing_is_counted() -> None:
    gateway = Harness(cards=(SLOW,))
    gateway()

    assert gateway.drive().status is Status.SUCCEEDED
    assert gateway.slots.calls == 0
