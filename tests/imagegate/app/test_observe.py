"""Callbacks of providers: one that tells the end saves a question, and any other is only a hint to ask."""

from datetime import timedelta

from imagegate.app.ports import KeptCallback
from imagegate.domain.job import Outcome, Status
from imagegate.domain.progress import Step
from imagegate.domain.provider import Refused, Submission
from tests.builders import a_card
from tests.fakes import CallingProvider
from tests.imagegate.app.harness import Harness, completed, pending

SLOW = a_card(typical_seconds=90)


def _submitted(*polls: Submission, **told: Submission) -> Harness:
    """A job that its provider works on as `one`, and what its callbacks say of the work they name."""
    maker = CallingProvider(
        [pending("one", seconds=5)], polls=list(polls), told={name.encode(): how for name, how in told.items()}
    )
    gateway = Harness(cards=(SLOW,), maker=maker, callback_url="https://gateway.example/v1/webhooks")
    job = gateway().job
    for step in (Step.PLAN, Step.SUBMIT):
        gateway.run_job(job.id, step)
    return gateway


def _call(gateway: Harness, body: bytes) -> None:
    event_id = f"event-{body.decode()}"
    gateway.callbacks.add(gateway.job.id, 1, event_id, KeptCallback(body=body, received_at=gateway.clock()))


def test_a_callback_that_tells_the_end_makes_the_question_needless_and_the_wait_short() -> None:
    gateway = _submitted(one=completed())
    began = gateway.clock.now
    _call(gateway, b"one")

    assert gateway.run_job(gateway.job.id, Step.WAIT).step is Step.INSPECT

    assert gateway.journal.count("poll") == 0
    assert gateway.clock.now - began < timedelta(seconds=20)
    assert gateway.drive().status is Status.SUCCEEDED


def test_a_callback_may_tell_of_a_refusal() -> None:
    gateway = _submitted(one=Refused(message="no", codes=("gore",)))
    _call(gateway, b"one")

    assert gateway.run_job(gateway.job.id, Step.WAIT).step is Step.PUBLISH
    assert gateway.attempt.outcome is Outcome.REJECTED


def test_a_callback_about_the_way_is_a_hint_to_ask() -> None:
    gateway = _submitted(completed(), one=pending("one"))
    _call(gateway, b"one")

    assert gateway.run_job(gateway.job.id, Step.WAIT).step is Step.INSPECT
    assert gateway.journal.count("poll") == 1


def test_a_callback_about_other_work_is_a_hint_to_ask() -> None:
    gateway = _submitted(pending("one"), two=completed())
    _call(gateway, b"two")

    assert gateway.run_job(gateway.job.id, Step.WAIT).step is Step.WAIT
    assert gateway.journal.count("poll") == 1


def test_the_last_of_several_callbacks_may_be_the_one_that_tells_the_end() -> None:
    gateway = _submitted(one=completed())
    for body in (b"two", b"noise", b"one"):
        _call(gateway, body)

    assert gateway.run_job(gateway.job.id, Step.WAIT).step is Step.INSPECT


def test_a_callback_that_was_lost_costs_one_interval() -> None:
    gateway = _submitted(completed())

    verdict = gateway.run_job(gateway.job.id, Step.WAIT)

    assert verdict.step is Step.INSPECT
    assert gateway.journal.count("poll") == 1
