"""A request whose answer was lost: its provider may still say what became of it, and then nothing is paid twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from imagegate.app.advance import LONGEST_SEARCH, SEARCH_PAUSE
from imagegate.app.ports import AnswerLostError, KeptCallback, NotSentError
from imagegate.domain.errors import ConfigurationError, ProviderFailedError
from imagegate.domain.job import Attempt, Outcome, Status
from imagegate.domain.progress import Step
from imagegate.domain.provider import Submission
from tests.builders import NOW, a_card, a_job, an_attempt
from tests.fakes import CallingProvider, ListingProvider
from tests.imagegate.app.harness import Harness, completed, pending
from tests.pictures import picture

SLOW = a_card(typical_seconds=90)
CALLBACK_URL = "https://gateway.example/v1/webhooks"
LOST = AnswerLostError("ReadTimeoutError")
CALLED = an_attempt(sent_at=NOW, callback_token="cbk_1")


def _listing(*found: Submission | None, is_listed: bool = True) -> ListingProvider:
    return ListingProvider([], found=list(found), polls=[completed()], is_listed=is_listed)


def _find(gateway: Harness, attempt: Attempt) -> Submission | None:
    return gateway.steps.advance.find(a_job(attempts=(attempt,)), attempt)


def _keep(gateway: Harness, *bodies: bytes) -> None:
    for second, body in enumerate(bodies):
        kept = KeptCallback(body=body, received_at=NOW + timedelta(seconds=second))
        gateway.callbacks.add(a_job().id, 1, f"event-{second}", kept)


def test_only_a_provider_that_lists_its_work_or_was_asked_to_call_may_still_tell() -> None:
    sent = an_attempt(sent_at=NOW)

    assert not Harness().steps.advance.find.is_possible(sent)
    assert Harness().steps.advance.find.is_possible(CALLED)
    assert Harness(maker=_listing()).steps.advance.find.is_possible(sent)


def test_the_first_callback_that_names_its_work_tells_how_that_stands() -> None:
    done = completed()
    gateway = Harness(maker=CallingProvider([], told={b"one": pending("one"), b"two": done}))

    assert _find(gateway, CALLED) is None
    _keep(gateway, b"noise")
    assert _find(gateway, CALLED) is None
    _keep(gateway, b"noise", b"two", b"one")

    assert _find(gateway, CALLED) == done


def test_callbacks_are_read_only_where_one_was_asked_for() -> None:
    gateway = Harness(maker=CallingProvider([], told={b"one": completed()}))
    _keep(gateway, b"one")

    assert _find(gateway, an_attempt(sent_at=NOW)) is None


def test_a_provider_that_no_longer_calls_back_has_nothing_to_read() -> None:
    gateway = Harness()
    _keep(gateway, b"one")

    assert _find(gateway, CALLED) is None


def test_work_is_looked_for_since_it_was_sent() -> None:
    gateway = Harness(maker=_listing(pending("one"), None))
    later = NOW + timedelta(minutes=1)

    assert _find(gateway, an_attempt(sent_at=later)) == pending("one")
    assert _find(gateway, an_attempt()) is None

    assert [one.url.partition("since=")[2] for one in gateway.transport.sent] == [later.isoformat(), NOW.isoformat()]


def test_work_that_could_not_be_told_from_others_is_not_looked_for() -> None:
    gateway = Harness(maker=_listing(is_listed=False))

    assert _find(gateway, an_attempt(sent_at=NOW)) is None
    assert gateway.transport.sent == []


@pytest.mark.parametrize(
    "failure", [LOST, NotSentError("no"), ConfigurationError("no secret"), ProviderFailedError("elsewhere")]
)
def test_a_list_that_cannot_be_read_tells_nothing_yet(failure: Exception) -> None:
    gateway = Harness(maker=_listing(), failures=[failure])

    assert _find(gateway, an_attempt(sent_at=NOW)) is None


def test_what_the_provider_lists_is_waited_for_and_never_sent_again() -> None:
    gateway = Harness(cards=(SLOW,), maker=_listing(None, pending("one")), failures=[LOST])
    gateway()

    job = gateway.drive()

    assert job.status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1
    assert [one.outcome for one in job.attempts] == [Outcome.SUCCEEDED]
    assert job.attempts[0].provider_ref == {"id": "one"}


def test_between_two_looks_there_is_a_pause() -> None:
    gateway = Harness(cards=(SLOW,), maker=_listing(None), failures=[LOST])
    job = gateway().job
    gateway.run_job(job.id, Step.PLAN)

    verdict = gateway.run_job(job.id, Step.SUBMIT)

    assert verdict.step is Step.WAIT
    assert 15 < verdict.seconds <= SEARCH_PAUSE.total_seconds()
    assert gateway.attempt.lost_at is not None
    assert gateway.run_job(job.id, Step.WAIT).step is Step.WAIT
    assert gateway.journal.count("poll") == 0


def test_what_nobody_tells_of_ends_as_unknown_and_possibly_charged() -> None:
    gateway = Harness(cards=(SLOW,), maker=_listing(*[None] * 100), failures=[LOST])
    gateway()

    job = gateway.drive()

    attempt = job.attempts[0]
    assert (job.status, attempt.outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert attempt.ended_at is not None
    assert attempt.sent_at is not None
    assert LONGEST_SEARCH <= attempt.ended_at - attempt.sent_at < LONGEST_SEARCH + 2 * SEARCH_PAUSE
    assert job.cost is not None
    assert job.cost.is_estimate
    assert gateway.journal.count("send") == 1


def test_pictures_that_a_dead_sender_had_stored_are_adopted_in_their_order_and_paid_for_once() -> None:
    gateway = Harness(cards=(SLOW,))
    job = gateway(count=3).job
    gateway.run_job(job.id, Step.PLAN)
    gateway.transport.failures.append(KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        gateway.run_job(job.id, Step.SUBMIT)
    folder = f"quarantine/{job.project_id}/{job.id}"
    kinds = {"1-1.jpeg": "jpeg", "1-0.png": "png", "11-0.webp": "webp"}
    for name, kind in kinds.items():
        gateway.images.objects[f"{folder}/{name}"] = (picture(kind), f"image/{kind}")

    assert gateway.run_job.recover(job.id).step is Step.INSPECT

    done = gateway.drive()
    assert (done.status, gateway.attempt.provider_metadata) == (Status.SUCCEEDED, {"adopted": True})
    assert [(image.index, image.media_type) for image in done.images] == [(0, "image/png"), (1, "image/jpeg")]
    # The third was made and charged, and its sender died before it had stored it.
    assert done.cost is not None
    assert done.cost.money.amount == Decimal("0.12")
    assert gateway.journal.count("send") == 1


def test_a_callback_tells_of_work_whose_answer_was_lost() -> None:
    maker = CallingProvider([], told={b"one": completed()})
    gateway = Harness(cards=(SLOW,), maker=maker, callback_url=CALLBACK_URL, failures=[LOST])
    job = gateway().job
    for step in (Step.PLAN, Step.SUBMIT):
        gateway.run_job(job.id, step)
    gateway.callbacks.add(job.id, 1, "event-1", KeptCallback(body=b"one", received_at=gateway.clock.now))

    assert gateway.run_job(job.id, Step.WAIT).step is Step.INSPECT
    assert gateway.drive().status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1


def test_a_caller_who_waits_is_not_held_up_by_a_search_that_takes_long() -> None:
    gateway = Harness(maker=_listing(None, completed()), failures=[LOST])

    job = gateway().job

    assert (job.status, job.attempts[0].outcome) == (Status.RUNNING, None)
    assert gateway.runs.started == [(job.id, job.version)]
    assert gateway.drive().status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1
