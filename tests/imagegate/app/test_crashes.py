"""When we break ourselves: the job ends as failed, what was spent is counted, and the caller learns only the id."""

from dataclasses import replace
from decimal import Decimal

import pytest

from imagegate.app.ports import JobWrite
from imagegate.domain.errors import InternalError, ProviderUnavailableError
from imagegate.domain.job import Outcome, Status
from imagegate.domain.provider import Failed, ProviderCall, Refused
from tests.builders import a_card, dollars
from tests.imagegate.app.harness import Harness, completed

BUDGET = {"monthly_budget": dollars("1")}


def _crash(gateway: Harness, model: str = "painter/oils") -> InternalError:
    with pytest.raises(InternalError) as crash:
        gateway(model=model)
    return crash.value


# An attempt whose picture could not be stored was never written as a success: what it may have cost is counted.
@pytest.mark.parametrize(("broken", "outcome"), [("put", Outcome.UNKNOWN), ("copy", Outcome.SUCCEEDED)])
def test_storage_that_breaks_after_success_leaves_a_failed_job_with_its_cost(broken: str, outcome: Outcome) -> None:
    gateway = Harness(project=BUDGET)
    gateway.images.broken = broken

    error = _crash(gateway)

    assert error.generation_id == gateway.job.id
    assert (gateway.job.status, gateway.attempt.outcome) == (Status.FAILED, outcome)
    assert gateway.job.cost is not None
    assert gateway.job.cost.is_estimate is (outcome is Outcome.UNKNOWN)
    assert gateway.job.images == ()
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.04")
    assert [event.action for event in gateway.jobs.events] == ["generation.failed"]


def test_the_caller_learns_nothing_of_what_broke() -> None:
    gateway = Harness()
    gateway.images.broken = "put"

    error = _crash(gateway)

    assert gateway.job.id in error.message
    assert "OSError" not in error.message
    assert error.__notes__ == ["caused by OSError"]
    assert isinstance(error.__cause__, OSError)


def test_a_crash_before_the_answer_was_read_settles_what_may_have_been_charged() -> None:
    gateway = Harness(failures=[RuntimeError("a slip of ours")], project=BUDGET)

    error = _crash(gateway)

    assert error.generation_id == gateway.job.id
    assert gateway.job.status is Status.FAILED
    assert gateway.job.problem is not None
    assert gateway.job.problem.code == "internal_error"
    assert (gateway.attempt.outcome, gateway.attempt.problem) == (Outcome.UNKNOWN, None)
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.04")


def test_an_adapter_that_breaks_on_a_fallback_target_ends_as_our_fault() -> None:
    def refuse_inks(call: ProviderCall) -> None:
        if call.card.name == "inks":
            raise RuntimeError("inks")

    busy = Failed(error=ProviderUnavailableError("busy"))
    gateway = Harness(cards=(a_card(), a_card(name="inks")), submissions=[busy], check=refuse_inks)

    _crash(gateway, model="auto")

    assert gateway.job.status is Status.FAILED
    assert [one.outcome for one in gateway.job.attempts] == [Outcome.FAILED]


class FirstWriteRefused:
    """A table that is out of reach for the first write of one status."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.left = 1

    def __call__(self, write: JobWrite) -> None:
        if write.job.status is self.status and self.left:
            self.left -= 1
            raise OSError("table")


def test_a_success_that_cannot_be_written_becomes_a_failure_with_its_cost() -> None:
    gateway = Harness(project=BUDGET)
    gateway.jobs.refuse = FirstWriteRefused(Status.SUCCEEDED)

    _crash(gateway)

    assert gateway.job.status is Status.FAILED
    assert gateway.jobs.spent == Decimal("0.04")


def test_a_refusal_that_cannot_be_written_becomes_a_failure() -> None:
    gateway = Harness(submissions=[Refused(codes=("gore",), message="no")], project=BUDGET)
    gateway.jobs.refuse = FirstWriteRefused(Status.REJECTED)

    error = _crash(gateway)

    assert error.generation_id == gateway.job.id
    assert gateway.job.status is Status.FAILED
    assert gateway.jobs.committed == 0


def test_a_second_attempt_that_cannot_be_written_is_not_sent() -> None:
    def refuse_second(write: JobWrite) -> None:
        if len(write.job.attempts) == 2 and write.job.status is Status.RUNNING:
            raise OSError("table")

    busy = Failed(error=ProviderUnavailableError("busy"))
    gateway = Harness(cards=(a_card(), a_card(name="inks")), submissions=[busy, completed()])
    gateway.jobs.refuse = refuse_second

    _crash(gateway, model="auto")

    assert len(gateway.transport.sent) == 1
    assert gateway.job.status is Status.FAILED


def test_a_table_that_stays_out_of_reach_still_gives_the_callers_error_with_the_id() -> None:
    gateway = Harness()

    def refuse_all_but_the_first(write: JobWrite) -> None:
        if gateway.jobs.jobs:
            raise OSError("table")

    gateway.jobs.refuse = refuse_all_but_the_first

    error = _crash(gateway)

    assert error.generation_id == gateway.job.id
    assert gateway.job.status is Status.RUNNING


def test_a_job_that_somebody_else_has_ended_is_left_as_it_is() -> None:
    gateway = Harness()

    def end_it_elsewhere(write: JobWrite) -> None:
        if write.job.status is Status.SUCCEEDED:
            gateway.jobs.jobs[write.job.id] = replace(write.job, status=Status.CANCELED)
            raise OSError("table")

    gateway.jobs.refuse = end_it_elsewhere

    _crash(gateway)

    assert gateway.job.status is Status.CANCELED
    assert gateway.jobs.events == []
