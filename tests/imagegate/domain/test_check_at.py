"""When a job that nobody writes any more is looked at."""

from datetime import timedelta

import pytest

from imagegate.domain.job import LONGEST_SILENCE, Status
from tests.builders import NOW, a_job, a_running_job, an_attempt

MINUTE = timedelta(minutes=1)


def test_a_job_is_checked_a_while_after_it_was_written_last() -> None:
    assert a_job(updated_at=NOW + MINUTE).check_at == NOW + MINUTE + LONGEST_SILENCE


def test_a_job_that_is_due_later_is_checked_a_while_after_that() -> None:
    attempts = (an_attempt(1, due_at=NOW + 5 * MINUTE), an_attempt(2, due_at=NOW + 2 * MINUTE), an_attempt(3))

    assert a_running_job(attempts=attempts).check_at == NOW + 5 * MINUTE + LONGEST_SILENCE


def test_a_job_is_checked_at_the_latest_a_while_after_its_deadline() -> None:
    job = a_running_job(attempts=(an_attempt(due_at=NOW + timedelta(days=1)),))

    assert job.check_at == job.deadline_at + LONGEST_SILENCE


def test_a_job_that_was_just_written_is_left_alone_even_after_its_deadline() -> None:
    job = a_running_job()
    late = job.deadline_at + MINUTE

    assert a_running_job(updated_at=late).check_at == late + LONGEST_SILENCE


@pytest.mark.parametrize("status", [Status.NEEDS_REVIEW, *(status for status in Status if status.is_terminal)])
def test_a_job_that_nobody_has_to_drive_is_not_checked(status: Status) -> None:
    assert a_job(status=status).check_at is None
