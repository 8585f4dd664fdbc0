"""What travels in a provider's batch is left alone until that is over, or until its day is."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from imagegate.domain.job import LONGEST_SILENCE, Job
from imagegate.domain.progress import LONGEST_CALL, Step, next_step, take_up
from imagegate.domain.provider import Provider
from imagegate.domain.request import Operation
from imagegate.domain.vendor_batch import LONGEST_BATCH, mark_batched, may_travel, pause_seconds, put_in_batch
from imagegate.providers import embedded, openai
from tests.builders import NOW, a_running_job, an_attempt

LATER = NOW + timedelta(hours=3)


def a_traveling_job(now: datetime = NOW) -> Job:
    return put_in_batch(a_running_job(attempts=(an_attempt(),)), now)


@pytest.mark.parametrize(
    ("provider", "setting", "operation", "may"),
    [
        (openai.provider, "on", Operation.GENERATE, True),
        (openai.provider, "off", Operation.GENERATE, False),
        (openai.provider, "on", Operation.EDIT, False),
        (embedded.provider, "on", Operation.GENERATE, False),
    ],
)
def test_a_request_travels_only_where_an_operator_wants_it_and_its_provider_can(
    provider: Provider, setting: str, operation: Operation, *, may: bool
) -> None:
    assert may_travel(provider, {"batch_api": setting}, operation) is may
    assert not may_travel(provider, {}, operation)


def test_an_attempt_that_travels_is_not_sent_alone_and_not_looked_at_before_its_day_is_over() -> None:
    job = a_traveling_job()

    assert next_step(job, NOW + timedelta(hours=25)) is Step.WAIT
    assert job.is_asynchronous
    assert job.deadline_at == NOW + LONGEST_BATCH
    assert job.check_at == job.deadline_at + LONGEST_SILENCE


def test_its_day_begins_anew_when_its_batch_is_sent() -> None:
    job = mark_batched(a_traveling_job(), LATER)

    (attempt,) = job.attempts
    assert (attempt.sent_at, attempt.due_at, job.deadline_at) == (LATER, LATER + LONGEST_BATCH, LATER + LONGEST_BATCH)
    assert next_step(job, LATER + timedelta(hours=25)) is Step.WAIT


def test_what_was_sent_before_stays_sent_then() -> None:
    job = mark_batched(mark_batched(a_traveling_job(), NOW), LATER)

    assert job.attempts[0].sent_at == NOW


def test_who_sent_it_may_be_gone_without_its_being_lost() -> None:
    job = mark_batched(a_traveling_job(), NOW)

    taken = take_up(job, NOW + LONGEST_CALL, NOW)

    assert taken == replace(job, updated_at=NOW)


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 5), (10, 60), (100, 600), (1000, 600)])
def test_the_pause_grows_with_the_time_that_a_batch_takes(minutes: int, seconds: int) -> None:
    assert pause_seconds(NOW, NOW + timedelta(minutes=minutes)) == seconds
