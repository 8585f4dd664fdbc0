"""Providers that answer later: polled while the caller waits, then by the machine, never sent twice."""

from dataclasses import replace
from decimal import Decimal

import pytest

from imagegate.app.ports import AnswerLostError, JobWrite, NotSentError, StaleJobError
from imagegate.domain.errors import ConfigurationError, InternalError, ProviderCredentialsError, ProviderFailedError
from imagegate.domain.errors import ProviderUnavailableError as Unavailable
from imagegate.domain.job import LONGEST_GENERATION, Job, Outcome, Status
from imagegate.domain.preference import PATIENCE
from imagegate.domain.progress import LONGEST_CALL, Step
from imagegate.domain.provider import Failed, Refused
from imagegate.domain.request import Operation
from tests.builders import PRINCIPAL, a_card, a_finding, a_request, an_input, dollars
from tests.imagegate.app.harness import Harness, completed, pending
from tests.pictures import picture

BUDGET = {"monthly_budget": dollars("1")}


def _running(gateway: Harness) -> Job:
    job = gateway().job
    assert job.status is Status.RUNNING
    return job


def _slow(**changes: object) -> Harness:
    """A provider that does not finish while the caller waits."""
    return Harness(submissions=[pending(seconds=60)], project=BUDGET, **({"polls": []} | changes))  # type: ignore[arg-type]


def test_work_that_is_not_done_is_asked_for_again_until_it_is() -> None:
    gateway = Harness(submissions=[pending("one")], polls=[pending("two"), completed()])

    job = gateway().job

    assert job.status is Status.SUCCEEDED
    assert gateway.journal == [
        "job running, attempts [None]",
        "send",
        "job running, attempts [None]",
        "poll",
        "job running, attempts [None]",
        "poll",
        "put quarantine",
        "job running, attempts ['succeeded']",
        "copy published",
        "job succeeded, attempts ['succeeded']",
    ]
    # The second question follows the second answer.
    assert [one.url.rsplit("/", 1)[1] for one in gateway.transport.sent] == ["oils", "one", "two"]


def test_polls_do_not_read_the_input_images_again() -> None:
    gateway = Harness(submissions=[pending("one")], polls=[pending("two"), pending("three"), completed()])
    image = an_input()
    gateway.images.objects[image.key] = (picture(), "image/png")

    job = gateway(operation=Operation.EDIT, input_images=(image,)).job

    assert job.status is Status.SUCCEEDED
    # Once to check the request, and once to send it.
    assert gateway.images.reads == [image.key, image.key]
    assert len(gateway.provider.calls[0].inputs) == 1


def test_no_poll_comes_before_the_provider_wants_it_or_in_quick_succession() -> None:
    moments: list[float] = []
    gateway = Harness(submissions=[pending(seconds=7)], polls=[pending(seconds=0), completed()])

    def sleep(seconds: float) -> None:
        moments.append(seconds)
        gateway.clock.sleep(seconds)

    replace(gateway.generate, sleep=sleep)(PRINCIPAL, a_request())

    assert 3 < moments[0] <= 7
    assert moments[1] == 0.2


def test_a_wait_beyond_all_measure_is_bounded() -> None:
    gateway = Harness(submissions=[pending(seconds=1e300)], polls=[])

    job = _running(gateway)

    assert job.attempts[0].due_at == job.deadline_at
    assert gateway.runs.started == [(job.id, job.version)]


def test_a_caller_who_waited_long_enough_gets_a_running_generation() -> None:
    gateway = _slow()
    began = gateway.clock.now

    job = _running(gateway)

    assert gateway.clock.now - began < PATIENCE
    assert (gateway.attempt.provider_ref, gateway.attempt.outcome) == ({"id": "one"}, None)
    assert gateway.jobs.read(job.id) == job
    assert gateway.jobs.committed == Decimal("0.04")
    assert gateway.jobs.spent == 0
    assert gateway.jobs.events == []
    assert gateway.jobs.notices == []
    assert gateway.runs.started == [(job.id, job.version)]


def test_the_machine_that_goes_on_ends_it() -> None:
    gateway = _slow(polls=[completed()])
    _running(gateway)

    done = gateway.drive()

    assert done.status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.04")
    assert [event.action for event in gateway.jobs.events] == ["generation.succeeded"]


def test_a_machine_that_comes_too_early_asks_nobody() -> None:
    gateway = _slow()
    job = _running(gateway)

    verdict = gateway.run_job(job.id, Step.WAIT)

    assert (verdict.step, gateway.job) == (Step.WAIT, job)
    assert 40 < verdict.seconds < 60
    assert gateway.journal.count("poll") == 0


def test_a_picture_that_moderation_stops_is_stopped_by_the_machine_too() -> None:
    gateway = _slow(polls=[completed()], sights=(a_finding("gore", param=None),))
    _running(gateway)

    done = gateway.drive()

    assert (done.status, done.images) == (Status.REJECTED, ())
    assert {key.split("/")[0] for key in gateway.images.objects} == {"quarantine"}


@pytest.mark.parametrize(
    "failure",
    [
        NotSentError("NewConnectionError"),
        AnswerLostError("ReadTimeoutError"),
        Unavailable("The token server could not be reached."),
        ConfigurationError("Run `imagegate secrets set painter`."),
    ],
)
def test_a_question_that_was_lost_leaves_the_work_pending(failure: Exception) -> None:
    gateway = Harness(submissions=[pending()], polls=[completed()], failures=[None, failure])

    job = gateway().job

    assert job.status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1
    assert gateway.journal.count("poll") == 2


def test_credentials_that_are_refused_while_asking_end_the_attempt() -> None:
    gateway = Harness(submissions=[pending()], polls=[], failures=[None, ProviderCredentialsError("Set them again.")])

    job = gateway().job

    assert job.problem is not None
    assert job.problem.code == "provider_credentials"


def test_a_refusal_while_polling_is_a_rejection() -> None:
    gateway = Harness(submissions=[pending()], polls=[Refused(message="no", codes=("gore",))], project=BUDGET)

    assert gateway().job.status is Status.REJECTED
    assert gateway.jobs.committed == 0


def test_a_failure_while_polling_releases_the_budget() -> None:
    failed = Failed(error=ProviderFailedError("broken"), metadata={"id": "p1"})
    gateway = Harness(submissions=[pending()], polls=[failed], project=BUDGET)

    assert gateway().job.status is Status.FAILED
    assert gateway.attempt.provider_metadata == {"id": "p1"}
    assert gateway.jobs.committed == gateway.jobs.spent == 0


@pytest.mark.parametrize(
    "address", ["https://painter.example.evil.example/one", "http://painter.example/one", "http://169.254.169.254/"]
)
def test_a_polling_address_outside_the_providers_hosts_is_never_asked(address: str) -> None:
    gateway = Harness(submissions=[pending()], polls=[completed()], address=address)

    job = gateway().job

    assert job.problem is not None
    assert "outside its own hosts" in job.problem.message
    assert gateway.journal.count("poll") == 0


def test_a_provider_that_cannot_be_asked_but_left_work_unfinished_failed() -> None:
    gateway = Harness(submissions=[pending()])

    job = gateway().job

    assert job.problem is not None
    assert "cannot be asked for it" in job.problem.message


def test_work_that_never_ends_is_given_up_as_of_unknown_outcome_and_possibly_charged() -> None:
    gateway = _slow(polls=[pending()])
    _running(gateway)
    gateway.later(seconds=LONGEST_GENERATION.total_seconds())

    done = gateway.drive()

    assert (done.status, gateway.attempt.outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert done.problem is not None
    assert done.problem.code == "outcome_unknown"
    assert gateway.jobs.spent == Decimal("0.04")


def test_work_that_ends_late_is_still_taken() -> None:
    gateway = _slow(polls=[completed()])
    _running(gateway)
    gateway.later(seconds=LONGEST_GENERATION.total_seconds())

    assert gateway.drive().status is Status.SUCCEEDED


def test_an_attempt_whose_process_died_is_given_up_when_no_process_can_still_hold_it_and_never_sent_again() -> None:
    gateway = Harness(project=BUDGET)
    with pytest.raises(KeyboardInterrupt):
        _die_after(gateway, "send")
    job = gateway.job
    assert (job.status, job.attempts[0].provider_ref, job.attempts[0].outcome) == (Status.RUNNING, None, None)

    assert gateway.run_job(job.id, Step.WAIT).step is Step.WAIT
    assert gateway.attempt.is_open
    assert gateway.attempt.due_at is not None
    assert gateway.attempt.due_at >= job.created_at + LONGEST_CALL
    done = gateway.drive()

    assert (done.status, done.attempts[0].outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert done.attempts[0].ended_at is not None
    assert done.attempts[0].ended_at >= job.created_at + LONGEST_CALL
    assert gateway.journal.count("send") == 1
    assert gateway.jobs.spent == Decimal("0.04")


def test_a_job_whose_process_died_before_publishing_is_published_by_the_machine() -> None:
    gateway = Harness(project=BUDGET)
    with pytest.raises(KeyboardInterrupt):
        _die_after(gateway, "publish")
    assert gateway.job.status is Status.RUNNING
    assert gateway.job.open_attempts == ()

    done = gateway.drive()

    assert done.status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1
    # The bytes that the dead process held are read again to be inspected.
    assert gateway.images.reads == [f"quarantine/{done.project_id}/{done.id}/1-0.png"]


def _die_after(gateway: Harness, step: str) -> None:
    """Let the process die in the step: no code of ours runs after."""
    if step == "send":
        gateway.transport.failures.append(KeyboardInterrupt())  # type: ignore[arg-type]
    else:
        gateway.jobs.refuse = _Dying()
    gateway()


class _Dying:
    """Dies in the write of a success, once."""

    died = False

    def __call__(self, write: JobWrite) -> None:
        if write.job.status is Status.SUCCEEDED and not self.died:
            self.died = True
            raise KeyboardInterrupt


def test_the_machine_falls_back_where_the_first_target_failed_without_a_charge() -> None:
    busy = Failed(error=Unavailable("busy"))
    gateway = Harness(
        cards=(a_card(), a_card(name="inks")), submissions=[pending(seconds=60), completed()], polls=[busy]
    )
    job = gateway(model="auto").job
    gateway.later()

    assert gateway.run_job(job.id, Step.WAIT).step is Step.PLAN
    between = gateway.job
    done = gateway.drive()

    assert (between.status, between.open_attempts) == (Status.RUNNING, ())
    assert [one.target.model for one in done.attempts] == ["painter/oils", "painter/inks"]
    assert done.status is Status.SUCCEEDED


def test_two_machines_that_look_at_the_same_moment_do_not_break_the_job() -> None:
    gateway = _slow(polls=[completed(), completed()])
    job = _running(gateway)
    gateway.later()
    gateway.transport.meanwhile.append(lambda: gateway.run_job(job.id, Step.WAIT))

    assert gateway.run_job(job.id, Step.WAIT).step is Step.INSPECT
    assert gateway.journal.count("poll") == 2
    assert len(gateway.job.images) == 1
    done = gateway.drive()

    assert (done.status, len(done.images)) == (Status.SUCCEEDED, 1)
    assert len(gateway.jobs.events) == len(gateway.jobs.notices) == 1
    assert gateway.jobs.spent == Decimal("0.04")


def test_a_maker_who_waits_gets_what_a_reader_has_concluded_meanwhile() -> None:
    gateway = Harness(submissions=[pending()], polls=[completed()])
    written: list[Job] = []

    def conclude_elsewhere(write: JobWrite) -> None:
        if gateway.journal.count("poll") == 1 and not written:
            done = replace(write.job, status=Status.SUCCEEDED, version=write.job.version + 1)
            written.append(done)
            gateway.jobs.jobs[done.id] = done

    gateway.jobs.refuse = conclude_elsewhere

    assert gateway().job == written[0]


def test_a_job_that_vanished_while_its_caller_waited_is_our_fault() -> None:
    gateway = Harness(submissions=[pending()], polls=[completed()])
    gateway.transport.meanwhile = [lambda: None, gateway.jobs.jobs.clear]

    with pytest.raises(InternalError) as failure:
        gateway()

    assert isinstance(failure.value.__cause__, StaleJobError)


def test_a_job_that_vanished_needs_no_machine() -> None:
    gateway = _slow()
    job = _running(gateway)
    gateway.jobs.jobs.clear()

    assert gateway.run_job(job.id, Step.WAIT).step is Step.DONE


def test_a_provider_that_was_taken_away_meanwhile_still_gets_its_job_billed() -> None:
    gateway = _slow(polls=[completed()])
    _running(gateway)
    gateway.catalog.given, gateway.catalog.others = (), gateway.catalog.given

    done = gateway.drive()

    assert done.status is Status.SUCCEEDED
    assert gateway.jobs.spent == Decimal("0.04")


def test_a_repeat_of_a_running_request_sends_nothing() -> None:
    gateway = Harness(submissions=[pending(seconds=60)], polls=[])
    job = gateway("once").job

    repeat = gateway("once")

    assert (repeat.job, repeat.pictures) == (job, {})
    assert gateway.journal.count("send") == 1
    assert len(gateway.runs.started) == 1
