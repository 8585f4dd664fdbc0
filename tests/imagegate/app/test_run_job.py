"""The machine's way through a job: every call may be repeated, come late, or come after somebody else's."""

from dataclasses import replace
from decimal import Decimal

import pytest

from imagegate.app.ports import AnswerLostError, JobWrite, KeptCallback, StaleJobError
from imagegate.app.run_job import Verdict
from imagegate.domain.errors import InternalError
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job, Outcome, Status, problem_of
from imagegate.domain.progress import Step
from imagegate.domain.provider import Submission
from tests.builders import a_card, dollars
from tests.fakes import CallingProvider, ListingProvider
from tests.imagegate.app.harness import Harness, completed, pending

SLOW = a_card(typical_seconds=90)
BUDGET = {"monthly_budget": dollars("1")}
NOBODY = JobId(f"gen_{'f' * 32}")
WAY = (Step.PLAN, Step.SUBMIT, Step.WAIT, Step.INSPECT, Step.PUBLISH)


def _queued(**changes: object) -> Harness:
    given = {"submissions": [pending("one", seconds=0)], "polls": [completed()], "project": BUDGET} | changes
    gateway = Harness(cards=(SLOW,), **given)  # type: ignore[arg-type]
    gateway()
    return gateway


def _at(step: Step, **changes: object) -> Harness:
    """Bring a job as far as this step, which is still to be done."""
    gateway = _queued(**changes)
    for earlier in WAY[: WAY.index(step)]:
        gateway.run_job(gateway.job.id, earlier)
    return gateway


def _called(*polls: Submission) -> Harness:
    """Let a provider that calls back work on a job."""
    maker = CallingProvider([pending("one")], polls=list(polls))
    return _at(Step.WAIT, maker=maker, callback_url="https://gateway.example/v1/webhooks")


def _cancel(gateway: Harness) -> Job:
    return gateway.steps.publish.cancellation(gateway.job, problem_of(InternalError("No longer wanted.")))


def test_each_step_tells_the_next_until_the_job_is_done() -> None:
    gateway = _queued()

    verdicts = [gateway.run_job(gateway.job.id, step).step for step in WAY]

    assert verdicts == [*WAY[1:], Step.DONE]
    assert gateway.job.status is Status.SUCCEEDED
    assert [event.action for event in gateway.jobs.events] == ["generation.succeeded"]
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.04")


def test_a_job_says_that_nobody_waits_for_it_once_the_machine_has_written_it() -> None:
    gateway = Harness(submissions=[pending("one", seconds=60)], polls=[pending("one", seconds=1), completed()])
    begun = gateway().job
    gateway.later()

    verdict = gateway.run_job(begun.id, Step.WAIT)

    assert (begun.is_asynchronous, gateway.job.is_asynchronous) == (False, True)
    assert verdict.seconds > 20


@pytest.mark.parametrize("step", WAY)
def test_a_step_that_is_done_again_changes_nothing(step: Step) -> None:
    gateway = _at(step)
    first = gateway.run_job(gateway.job.id, step)
    job, journal = gateway.job, list(gateway.journal)

    assert gateway.run_job(job.id, step) == first
    assert (gateway.job, gateway.journal) == (job, journal)


@pytest.mark.parametrize("step", WAY)
def test_a_step_that_the_job_is_not_ready_for_is_not_done(step: Step) -> None:
    gateway = _at(step)
    job = gateway.job

    verdicts = {gateway.run_job(job.id, other).step for other in Step if other is not step}

    assert verdicts == {step}
    assert gateway.job == job


@pytest.mark.parametrize("step", Step)
def test_a_job_that_is_gone_is_done(step: Step) -> None:
    gateway = _queued()

    assert gateway.run_job(NOBODY, step) == Verdict(step=Step.DONE)
    assert gateway.run_job.recover(NOBODY) == Verdict(step=Step.DONE)
    assert gateway.run_job.abandon(NOBODY) == Verdict(step=Step.DONE)


@pytest.mark.parametrize("step", WAY)
def test_a_job_that_was_canceled_during_a_step_stays_canceled(step: Step) -> None:
    gateway = _at(step)
    canceled: list[Job] = []

    def cancel_first(write: JobWrite) -> None:
        if not canceled and write.job.status is not Status.CANCELED:
            gateway.jobs.refuse = lambda write: None
            canceled.append(_cancel(gateway))

    gateway.jobs.refuse = cancel_first

    assert gateway.run_job(gateway.job.id, step).step is Step.DONE
    assert [gateway.job] == canceled
    assert [event.action for event in gateway.jobs.events] == ["generation.canceled"]


def test_of_two_who_submit_at_once_one_sends() -> None:
    gateway = _at(Step.SUBMIT)
    job_id = gateway.job.id
    verdicts: list[Verdict] = []

    def submit_elsewhere(write: JobWrite) -> None:
        gateway.jobs.refuse = lambda write: None
        verdicts.append(gateway.run_job(job_id, Step.SUBMIT))

    gateway.jobs.refuse = submit_elsewhere
    verdicts.append(gateway.run_job(job_id, Step.SUBMIT))

    assert [verdict.step for verdict in verdicts] == [Step.WAIT, Step.WAIT]
    assert gateway.journal.count("send") == 1


def _dead_in_submit(**changes: object) -> Harness:
    """Let the function die while it waits for the provider's answer."""
    gateway = _at(Step.SUBMIT, **changes)
    gateway.transport.failures.append(KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        gateway.run_job(gateway.job.id, Step.SUBMIT)
    return gateway


def test_what_a_dead_submit_had_sent_is_not_sent_again_and_counts_as_possibly_charged() -> None:
    gateway = _dead_in_submit()

    assert gateway.run_job.recover(gateway.job.id).step is Step.PUBLISH

    job = gateway.drive()
    assert (job.status, gateway.attempt.outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert gateway.journal.count("send") == 1
    assert gateway.jobs.spent == Decimal("0.04")


def test_what_a_dead_submit_had_sent_is_found_at_a_provider_that_lists_its_work() -> None:
    gateway = _dead_in_submit(maker=ListingProvider([], polls=[completed()], found=[pending("one")]))

    assert gateway.run_job.recover(gateway.job.id).step is Step.WAIT
    assert gateway.attempt.provider_ref == {"id": "one"}
    assert gateway.drive().status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1


def test_a_submit_that_died_before_it_marked_anything_is_done_again() -> None:
    gateway = _at(Step.SUBMIT)

    assert gateway.run_job.recover(gateway.job.id).step is Step.SUBMIT
    assert gateway.drive().status is Status.SUCCEEDED


def test_a_recovery_leaves_alone_what_its_provider_works_on_or_is_searched_for_already() -> None:
    working = _at(Step.WAIT)
    searched = _at(
        Step.WAIT, maker=ListingProvider([], found=[]), failures=[AnswerLostError("ReadTimeoutError")], submissions=[]
    )

    for gateway in (working, searched):
        job = gateway.job
        gateway.run_job.recover(job.id)
        assert gateway.job == job


def test_a_recovery_of_a_job_that_is_over_changes_nothing() -> None:
    gateway = _dead_in_submit()
    canceled = _cancel(gateway)

    assert gateway.run_job.recover(canceled.id).step is Step.DONE
    assert gateway.job == canceled


def test_a_recovery_that_meets_a_cancellation_leaves_it() -> None:
    gateway = _dead_in_submit()

    def cancel_first(write: JobWrite) -> None:
        gateway.jobs.refuse = lambda write: None
        _cancel(gateway)

    gateway.jobs.refuse = cancel_first

    assert gateway.run_job.recover(gateway.job.id).step is Step.DONE
    assert gateway.job.status is Status.CANCELED


def test_a_machine_that_awaits_a_callback_is_not_woken_before_one_comes() -> None:
    gateway = _called()
    job_id = gateway.job.id

    gateway.run_job.wait(job_id, "token-1")

    assert (gateway.runs.tokens, gateway.runs.woken) == ({job_id: "token-1"}, [])


def test_a_callback_that_came_before_the_machine_awaited_one_wakes_it_at_once() -> None:
    gateway = _called()
    job_id = gateway.job.id
    gateway.callbacks.add(job_id, 1, "event-1", KeptCallback(body=b"one", received_at=gateway.clock()))

    gateway.run_job.wait(job_id, "token-1")

    assert gateway.runs.woken == [job_id]


def test_a_callback_that_a_look_has_seen_does_not_wake_the_machine_again() -> None:
    gateway = _called(pending("one"))
    job_id = gateway.job.id
    gateway.callbacks.add(job_id, 1, "event-1", KeptCallback(body=b"one", received_at=gateway.clock()))
    gateway.run_job(job_id, Step.WAIT)

    gateway.run_job.wait(job_id, "token-1")
    assert gateway.runs.woken == []

    gateway.callbacks.add(job_id, 1, "event-2", KeptCallback(body=b"one", received_at=gateway.clock()))
    gateway.run_job.wait(job_id, "token-2")
    assert gateway.runs.woken == [job_id]


def test_a_machine_whose_job_has_moved_on_is_woken_at_once() -> None:
    over, gone = _called(), _called()
    _cancel(over)
    job_id = gone.job.id
    gone.jobs.jobs.clear()

    for gateway in (over, gone):
        gateway.run_job.wait(job_id, "token-1")
        assert gateway.runs.woken == [job_id]


def test_the_machine_awaits_a_callback_only_where_one_may_come() -> None:
    called, asked = _called(), _at(Step.WAIT)

    assert called.run_job(called.job.id, Step.PLAN).expects_callback
    assert not asked.run_job(asked.job.id, Step.PLAN).expects_callback


@pytest.mark.parametrize(("step", "spent"), [(Step.PLAN, "0"), (Step.SUBMIT, "0"), (Step.WAIT, "0.04")])
def test_a_job_whose_steps_fail_again_and_again_ends_with_what_may_have_been_charged(step: Step, spent: str) -> None:
    gateway = _at(step)
    job_id = gateway.job.id

    verdict = gateway.run_job.abandon(job_id)

    assert (verdict.step, gateway.job.status) == (Step.DONE, Status.FAILED)
    assert gateway.job.problem is not None
    assert gateway.job.problem.code == "internal_error"
    assert job_id in gateway.job.problem.message
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal(spent)
    assert [one.action for one in gateway.jobs.events] == ["generation.failed"]
    assert {one.outcome for one in gateway.job.attempts} <= {Outcome.CANCELED, Outcome.UNKNOWN}


def test_a_job_is_abandoned_once() -> None:
    gateway = _at(Step.WAIT)
    gateway.run_job.abandon(gateway.job.id)
    job = gateway.job

    assert gateway.run_job.abandon(job.id).step is Step.DONE
    assert gateway.job == job
    assert len(gateway.jobs.events) == 1


def test_an_end_that_meets_another_write_is_left_to_the_machine_to_repeat() -> None:
    gateway = _at(Step.WAIT)

    def move_on(write: JobWrite) -> None:
        gateway.jobs.refuse = lambda write: None
        gateway.jobs.jobs[write.job.id] = replace(gateway.job, version=gateway.job.version + 1)

    gateway.jobs.refuse = move_on

    with pytest.raises(StaleJobError):
        gateway.run_job.abandon(gateway.job.id)
    assert gateway.run_job.abandon(gateway.job.id).step is Step.DONE
