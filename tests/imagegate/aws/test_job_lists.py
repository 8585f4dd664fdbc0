"""Jobs in lists: what nobody drives any more, and what a project has asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imagegate.app.ports import JobWrite
from imagegate.aws.job_lists import SHARDS, DynamoJobLists
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job, Status
from tests.account import TABLE, Account
from tests.builders import NOW, a_job


@pytest.fixture
def lists(account: Account) -> DynamoJobLists:
    return DynamoJobLists(client=account.dynamodb, table=TABLE)


def an_id(number: int) -> JobId:
    return JobId(f"gen_{number:032x}")


def _due(lists: DynamoJobLists, minutes: int) -> set[JobId]:
    now = NOW + timedelta(minutes=minutes)
    return {job_id for shard in range(SHARDS) for job_id in lists.due(now, shard)}


def test_a_job_is_due_once_its_moment_has_passed(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    job = jobs.write(JobWrite(job=a_job()))

    assert _due(lists, 19) == set()
    assert _due(lists, 20) == {job.id}


def test_a_job_that_is_written_again_is_due_later(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    job = jobs.write(JobWrite(job=a_job()))
    jobs.write(JobWrite(job=_later(job, minutes=15)))

    assert _due(lists, 30) == set()
    assert _due(lists, 35) == {job.id}


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.NEEDS_REVIEW])
def test_a_job_that_nobody_has_to_drive_is_never_due(
    jobs: DynamoJobStore, lists: DynamoJobLists, status: Status
) -> None:
    first = jobs.write(JobWrite(job=a_job()))
    jobs.write(JobWrite(job=replace(first, status=status)))

    assert _due(lists, 10_000) == set()


def test_the_longest_overdue_comes_first_whatever_its_id(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    for number in range(40):
        jobs.write(JobWrite(job=_later(a_job(id=an_id(number)), minutes=60 - number)))

    shards = [lists.due(NOW + timedelta(days=1), shard) for shard in range(SHARDS)]
    assert sum(len(shard) for shard in shards) == 40
    assert all(shard == tuple(sorted(shard, reverse=True)) for shard in shards)
    assert all(shards)


def _later(job: Job, *, minutes: int) -> Job:
    moment = NOW + timedelta(minutes=minutes)
    return replace(job, updated_at=moment, deadline_at=moment + timedelta(hours=1))
