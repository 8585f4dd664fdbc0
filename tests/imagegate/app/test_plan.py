"""Planning a round: which target is tried next, and what is written before anything is sent there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imagegate.domain.callback import CALLBACKS_SETTING, OFF
from imagegate.domain.card import Lifecycle
from imagegate.domain.errors import InvalidValueError, ProviderThrottledError, ProviderUnavailableError
from imagegate.domain.job import Status
from imagegate.domain.progress import Step
from imagegate.domain.provider import Failed, ProviderCall
from tests.builders import NOW, a_card
from tests.fakes import CallingProvider
from tests.imagegate.app.harness import Harness, completed

SLOW = a_card(typical_seconds=90)
CALLBACK_URL = "https://gateway.example/v1/webhooks"
RETIRED = Lifecycle(released_on=NOW.date(), shutdown_on=NOW.date())


def test_a_plan_writes_the_intent_and_sends_nothing() -> None:
    gateway = Harness(cards=(SLOW,))
    job = gateway().job

    verdict = gateway.run_job(job.id, Step.PLAN)

    assert verdict.step is Step.SUBMIT
    assert gateway.job.status is Status.RUNNING
    assert (gateway.attempt.number, gateway.attempt.sent_at, gateway.attempt.due_at) == (1, None, None)
    assert gateway.transport.sent == []


def test_a_round_at_the_same_target_is_due_when_it_asked_for() -> None:
    throttled = Failed(error=ProviderThrottledError("slow down", retry_after_seconds=40))
    gateway = Harness(cards=(SLOW,), submissions=[throttled, completed()])
    job = gateway().job
    for step in (Step.PLAN, Step.SUBMIT):
        gateway.run_job(job.id, step)

    verdict = gateway.run_job(job.id, Step.PLAN)

    assert (verdict.step, gateway.attempt.round) == (Step.WAIT, 2)
    assert gateway.attempt.due_at is not None
    assert gateway.attempt.due_at - gateway.attempt.started_at == timedelta(seconds=40)
    assert 35 < verdict.seconds <= 40


def test_a_provider_that_calls_back_is_given_an_address_that_nobody_can_guess_for_each_call() -> None:
    maker = CallingProvider([completed(), completed()])
    gateway = Harness(cards=(a_card(images_per_call=1),), maker=maker, callback_url=CALLBACK_URL)

    job = gateway(count=2).job

    tokens = [one.callback_token for one in job.attempts]
    assert len(set(tokens)) == 2
    assert sorted(call.callback_url or "" for call in maker.calls) == [
        f"{CALLBACK_URL}/painter?job={job.id}&attempt={number}&token={token}" for number, token in enumerate(tokens, 1)
    ]


@pytest.mark.parametrize(("url", "settings"), [(None, {}), (CALLBACK_URL, {CALLBACKS_SETTING: OFF})])
def test_a_provider_that_cannot_reach_us_or_shall_not_is_asked_for_no_callback(
    url: str | None, settings: dict[str, str]
) -> None:
    maker = CallingProvider([completed()])
    gateway = Harness(maker=maker, callback_url=url)
    gateway.providers.given_settings = settings

    assert gateway().job.attempts[0].callback_token is None
    assert maker.calls[0].callback_url is None


def test_what_cannot_express_the_request_is_skipped_in_the_written_route() -> None:
    def refuse_inks(call: ProviderCall) -> None:
        if call.card.name == "inks":
            raise InvalidValueError("No such brush.")

    busy = Failed(error=ProviderUnavailableError("busy"))
    gateway = Harness(cards=(SLOW, a_card(name="inks")), submissions=[busy, completed()], check=refuse_inks)
    gateway(model="auto")

    job = gateway.drive()

    assert [one.target.model for one in job.attempts] == ["painter/oils", "painter/oils"]
    assert job.route is not None
    assert [one.reason for one in job.route.candidates if not one.taken] == ["No such brush."]


def test_a_model_that_was_retired_between_the_request_and_its_turn_is_skipped() -> None:
    gateway = Harness(cards=(SLOW, a_card(name="inks")))
    job = gateway(model="auto").job
    gateway.catalog.given = (replace(SLOW, lifecycle=RETIRED), a_card(name="inks"))

    done = gateway.drive()

    assert (job.attempts, done.status) == ((), Status.SUCCEEDED)
    assert [one.target.model for one in done.attempts] == ["painter/inks"]
    assert done.route is not None
    assert "was shut down" in done.route.candidates[0].reason


def test_where_nothing_can_be_tried_any_more_the_job_says_so() -> None:
    gateway = Harness(cards=(SLOW,))
    gateway()
    gateway.catalog.given = (replace(SLOW, lifecycle=RETIRED),)

    job = gateway.drive()

    assert (job.status, job.attempts, job.cost) == (Status.FAILED, (), None)
    assert job.problem is not None
    assert (job.problem.code, job.problem.retryable) == ("provider_unavailable", True)
    assert "name another model" in job.problem.message
    assert gateway.transport.sent == []
