"""Slots of a provider: their number, who holds one, and how long the others wait."""

from datetime import timedelta

import pytest

from imagegate.domain.ids import JobId
from imagegate.domain.job import Outcome
from imagegate.domain.slot import MOST_SLOTS, holder_of, is_limit, job_of, read_limit, wait_for_slot
from tests.builders import NOW, a_job, an_attempt


@pytest.mark.parametrize("text", ["1", "8", str(MOST_SLOTS)])
def test_a_limit_is_a_whole_number(text: str) -> None:
    assert is_limit(text)
    assert read_limit({"max_in_flight": text}) == int(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many", "²", str(MOST_SLOTS + 1)])
def test_what_is_no_number_of_slots_limits_nothing(text: str) -> None:
    assert not is_limit(text)
    assert read_limit({"max_in_flight": text}) is None


def test_without_the_setting_there_is_no_limit() -> None:
    assert read_limit({}) is None


def test_a_holder_tells_its_job_and_attempt() -> None:
    assert job_of(holder_of(JobId("gen_1"), an_attempt(2))) == ("gen_1", 2)


def test_who_got_no_slot_comes_back_in_a_few_seconds() -> None:
    waiting = wait_for_slot(a_job(), an_attempt(), NOW)

    assert waiting.is_open
    assert waiting.due_at is not None
    assert timedelta(seconds=3) <= waiting.due_at - NOW <= timedelta(seconds=4.5)


def test_those_who_came_together_do_not_come_back_together() -> None:
    moments = {wait_for_slot(a_job(), an_attempt(number), NOW).due_at for number in range(1, 9)}

    assert len(moments) == 8


def test_the_longer_the_wait_the_longer_the_pause_up_to_a_minute_and_a_half() -> None:
    pauses = []
    for minutes in (1, 3, 20):
        now = NOW + timedelta(minutes=minutes)
        due_at = wait_for_slot(a_job(), an_attempt(), now).due_at
        assert due_at is not None
        pauses.append((due_at - now).total_seconds())

    assert pauses == sorted(pauses)
    assert 60 <= pauses[-1] <= 90


def test_nobody_comes_back_after_the_deadline() -> None:
    job = a_job()

    waiting = wait_for_slot(job, an_attempt(), job.deadline_at - timedelta(seconds=1))

    assert waiting.due_at == job.deadline_at


def test_who_got_no_slot_until_the_deadline_ends_as_throttled() -> None:
    job = a_job()

    ended = wait_for_slot(job, an_attempt(due_at=NOW), job.deadline_at)

    assert (ended.outcome, ended.ended_at, ended.due_at) == (Outcome.FAILED, job.deadline_at, None)
    assert ended.problem is not None
    assert (ended.problem.code, ended.problem.retryable) == ("provider_throttled", True)
