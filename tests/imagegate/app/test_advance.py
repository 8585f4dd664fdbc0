"""One step of the attempts: what is written while somebody else writes about the same job."""

from dataclasses import replace

import pytest

from imagegate.app.ports import JobWrite, KeptCallback, StaleJobError
from imagegate.domain.errors import InternalError, OutcomeUnknownError
from imagegate.domain.job import Job, Outcome, Status, problem_of, replace_attempts
from imagegate.domain.progress import Step
from imagegate.domain.warning import RequestWarning, WarningType
from tests.builders import a_card, dollars
from tests.fakes import CallingProvider
from tests.imagegate.app.harness import Harness, completed, pending

SLOW = a_card(typical_seconds=90)
BUDGET = {"monthly_budget": dollars("1")}
NOTE = RequestWarning(type=WarningType.OTHER, message="somebody else's")
OWN = RequestWarning(type=WarningType.OTHER, message="the provider's")


def _note(gateway: Harness) -> Job:
    """Write about the job what no step has to do with."""
    return gateway.jobs.write(JobWrite(job=replace(gateway.job, warnings=(NOTE,))))


def _cancel(gateway: Harness) -> Job:
    return gateway.steps.publish.cancellation(gateway.job, problem_of(InternalError("No longer wanted.")))


def test_a_result_is_written_onto_a_job_that_somebody_else_has_changed_meanwhile() -> None:
    gateway = Harness(submissions=[completed(warnings=(OWN,))])
    gateway.transport.meanwhile.append(lambda: _note(gateway))

    generated = gateway()

    assert generated.job.status is Status.SUCCEEDED
    assert generated.job.warnings == (NOTE, OWN)
    assert list(generated.pictures) == [0]
    assert gateway.journal.count("send") == gateway.journal.count("put quarantine") == 1


def test_a_reference_is_written_onto_a_changed_job_too() -> None:
    gateway = Harness(submissions=[pending("one", seconds=60)], polls=[])
    gateway.transport.meanwhile.append(lambda: _note(gateway))

    job = gateway().job

    assert (job.warnings, job.attempts[0].provider_ref) == ((NOTE,), {"id": "one"})


def test_a_job_that_was_canceled_while_its_provider_worked_stays_canceled() -> None:
    gateway = Harness(project=BUDGET)
    gateway.transport.meanwhile.append(lambda: _cancel(gateway))

    generated = gateway()

    assert (generated.job, generated.job.status) == (gateway.job, Status.CANCELED)
    assert (generated.job.images, generated.pictures) == ((), {})
    assert gateway.attempt.outcome is Outcome.UNKNOWN
    assert [event.action for event in gateway.jobs.events] == ["generation.canceled"]
    # What may have been charged is counted.
    assert gateway.jobs.spent == dollars("0.04").amount


def test_what_a_provider_gave_is_not_taken_back_by_somebody_who_looked_before_it_was_written() -> None:
    gateway = Harness(cards=(SLOW,), submissions=[pending("one", seconds=0)], polls=[completed()])
    job = gateway().job
    gateway.run_job(job.id, Step.PLAN)
    gateway.transport.failures.append(KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        gateway.run_job(job.id, Step.SUBMIT)

    def give(write: JobWrite) -> None:
        gateway.jobs.refuse = lambda write: None
        given = replace(gateway.attempt, provider_ref={"id": "one"})
        gateway.jobs.write(JobWrite(job=replace_attempts(gateway.job, (given,), gateway.clock())))

    gateway.jobs.refuse = give
    gateway.run_job(job.id, Step.WAIT)

    assert gateway.attempt.provider_ref == {"id": "one"}
    assert gateway.drive().status is Status.SUCCEEDED


def test_an_end_that_somebody_else_has_written_is_not_written_again() -> None:
    gateway = Harness(submissions=[completed()])
    lost = problem_of(OutcomeUnknownError("lost"))

    def end() -> None:
        ended = replace(gateway.attempt, outcome=Outcome.UNKNOWN, problem=lost)
        gateway.jobs.write(JobWrite(job=replace_attempts(gateway.job, (ended,), gateway.clock())))

    gateway.transport.meanwhile.append(end)

    generated = gateway()

    assert (generated.job.status, generated.pictures) == (Status.FAILED, {})
    assert generated.job.problem == lost


def test_a_callback_that_beats_the_answer_makes_one_set_of_pictures() -> None:
    maker = CallingProvider([completed()], told={b"one": completed()})
    gateway = Harness(cards=(SLOW,), maker=maker, callback_url="https://gateway.example/v1/webhooks")
    job = gateway().job
    gateway.run_job(job.id, Step.PLAN)

    def called() -> None:
        gateway.callbacks.add(job.id, 1, "event-1", KeptCallback(body=b"one", received_at=gateway.clock()))
        gateway.run_job(job.id, Step.WAIT)

    gateway.transport.meanwhile.append(called)

    assert gateway.run_job(job.id, Step.SUBMIT).step is Step.INSPECT
    assert len(gateway.job.images) == 1
    assert len(gateway.drive().images) == 1


def test_a_job_that_changes_with_every_try_is_given_up_and_keeps_what_was_marked() -> None:
    gateway = Harness(cards=(SLOW,))
    job = gateway().job
    gateway.run_job(job.id, Step.PLAN)

    def restless(write: JobWrite) -> None:
        if gateway.transport.sent:
            raise StaleJobError(write.job.id)

    gateway.jobs.refuse = restless

    verdict = gateway.run_job(job.id, Step.SUBMIT)

    assert verdict.step is Step.WAIT
    assert (gateway.attempt.is_open, gateway.attempt.provider_ref) == (True, None)
    assert gateway.attempt.sent_at is not None


def test_a_job_that_was_deleted_meanwhile_is_not_written_again() -> None:
    gateway = Harness(cards=(SLOW,))
    job = gateway().job
    gateway.run_job(job.id, Step.PLAN)
    gateway.transport.meanwhile.append(gateway.jobs.jobs.clear)

    with pytest.raises(StaleJobError):
        gateway.steps.advance.begin(gateway.job)
    assert gateway.jobs.jobs == {}
