"""What a job is told that nobody drives any more, before it is driven on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imagegate.domain.job import Outcome
from imagegate.domain.progress import LONGEST_CALL, Step, next_step, take_up
from tests.builders import NOW, a_job, a_running_job, an_attempt

NOW_THAT = NOW + LONGEST_CALL


def test_who_sent_an_attempt_too_long_ago_to_live_is_known_to_be_dead() -> None:
    job = a_running_job(attempts=(an_attempt(sent_at=NOW),))

    (attempt,) = take_up(job, NOW_THAT, NOW_THAT).attempts

    assert (attempt.lost_at, attempt.due_at) == (NOW_THAT, NOW_THAT)


def test_the_moment_to_judge_by_may_be_a_later_one_than_now() -> None:
    job = a_running_job(attempts=(an_attempt(sent_at=NOW),))
    soon = NOW + timedelta(seconds=5)

    taken = take_up(job, NOW_THAT, soon)

    assert (taken.attempts[0].lost_at, taken.updated_at) == (soon, soon)


@pytest.mark.parametrize(
    "changes",
    [
        {"sent_at": None},
        {"sent_at": NOW + timedelta(seconds=1)},
        {"provider_ref": {"id": "one"}},
        {"lost_at": NOW},
        {"outcome": Outcome.FAILED},
    ],
)
def test_other_attempts_stay_as_they_are(changes: dict[str, Any]) -> None:
    job = a_running_job(attempts=(replace(an_attempt(sent_at=NOW), **changes),))

    assert take_up(job, NOW_THAT, NOW_THAT) == replace(job, updated_at=NOW_THAT)


def test_a_job_that_never_began_is_ready_for_what_it_was_ready_for() -> None:
    assert next_step(take_up(a_job(), NOW_THAT, NOW_THAT), NOW_THAT) is next_step(a_job(), NOW_THAT) is Step.PUBLISH
