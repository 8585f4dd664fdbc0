"""Jobs in lists: what nobody drives any more, and what a project has asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imagegate.app.generation_ports import JobPage
from imagegate.app.ports import JobWrite
from imagegate.aws.job_lists import SHARDS, DynamoJobLists
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.ids import JobId, ProjectId, new_id
from imagegate.domain.job import Job, Status
from imagegate.domain.listing import JobQuery
from tests.account import TABLE, Account
from tests.builders import NOW, OTHER_PROJECT_ID, PROJECT_ID, a_job, a_request


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


def _write(jobs: DynamoJobStore, count: int, **changes: Any) -> list[JobId]:
    """Write jobs a second apart, and return their ids, the oldest first."""
    moments = [NOW + timedelta(seconds=number) for number in range(count)]
    ids = [JobId(new_id("gen", moment, bytes(10))) for moment in moments]
    for job_id, moment in zip(ids, moments, strict=True):
        jobs.write(JobWrite(job=a_job(id=job_id, created_at=moment, **changes)))
    return ids


def _ids(page: JobPage) -> list[JobId]:
    return [job.id for job in page.jobs]


def test_a_list_is_read_page_by_page_the_newest_first(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    newest_first = _write(jobs, 5)[::-1]

    first = lists.page(PROJECT_ID, JobQuery(limit=2))
    second = lists.page(PROJECT_ID, JobQuery(limit=2, after=first.last_id))
    third = lists.page(PROJECT_ID, JobQuery(limit=2, after=second.last_id))

    assert [_ids(page) for page in (first, second, third)] == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    assert third.last_id == newest_first[-1]


def test_a_list_may_begin_with_the_oldest(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    oldest_first = _write(jobs, 3)

    page = lists.page(PROJECT_ID, JobQuery(limit=2, oldest_first=True))
    rest = lists.page(PROJECT_ID, JobQuery(limit=2, oldest_first=True, after=page.last_id))

    assert _ids(page) + _ids(rest) == oldest_first


def test_a_list_holds_whole_jobs_of_one_project_only(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    _write(jobs, 1)
    other = jobs.write(JobWrite(job=a_job(id=an_id(1), project_id=OTHER_PROJECT_ID)))

    assert lists.page(OTHER_PROJECT_ID, JobQuery()) == JobPage(jobs=(other,), last_id=other.id)
    assert lists.page(ProjectId("prj_three"), JobQuery()) == JobPage()


def test_a_list_is_bounded_by_the_moments_of_its_jobs(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    ids = _write(jobs, 4)
    second = int((NOW + timedelta(seconds=1)).timestamp())

    # The jobs were made at a quarter past each second.
    bounded = JobQuery(oldest_first=True, created_after=second, created_before=second + 2)
    assert _ids(lists.page(PROJECT_ID, bounded)) == ids[1:3]
    assert lists.page(PROJECT_ID, JobQuery(created_after=second, created_before=second)) == JobPage()


def test_a_filter_looks_on_until_the_page_is_full(account: Account, jobs: DynamoJobStore) -> None:
    lists = DynamoJobLists(client=account.dynamodb, table=TABLE, items_per_round=2)
    ids = _write(jobs, 7)
    for job_id in (ids[0], ids[5], ids[6]):
        jobs.write(JobWrite(job=replace(_read(jobs, job_id), status=Status.FAILED)))

    first = lists.page(PROJECT_ID, JobQuery(limit=2, status=Status.FAILED))
    second = lists.page(PROJECT_ID, JobQuery(limit=2, status=Status.FAILED, after=first.last_id))

    assert (_ids(first), first.has_more) == ([ids[6], ids[5]], True)
    assert (_ids(second), second.has_more) == ([ids[0]], False)


def test_a_filter_finds_the_jobs_of_an_end_user(jobs: DynamoJobStore, lists: DynamoJobLists) -> None:
    _write(jobs, 2)
    wanted = jobs.write(JobWrite(job=a_job(id=an_id(1), request=a_request(end_user="digest"))))

    assert _ids(lists.page(PROJECT_ID, JobQuery(end_user="digest"))) == [wanted.id]
    assert _ids(lists.page(PROJECT_ID, JobQuery(end_user="digest", status=Status.FAILED))) == []


def test_a_search_that_is_too_long_tells_where_to_go_on(account: Account, jobs: DynamoJobStore) -> None:
    lists = DynamoJobLists(client=account.dynamodb, table=TABLE, items_per_round=1)
    ids = _write(jobs, 22)
    jobs.write(JobWrite(job=replace(_read(jobs, ids[0]), status=Status.FAILED)))

    first = lists.page(PROJECT_ID, JobQuery(status=Status.FAILED))
    second = lists.page(PROJECT_ID, JobQuery(status=Status.FAILED, after=first.last_id))

    assert first == JobPage(last_id=ids[2], has_more=True)
    assert (_ids(second), second.has_more) == ([ids[0]], False)


def test_a_job_that_is_gone_from_the_table_is_left_out(lists: DynamoJobLists) -> None:
    assert lists._read([an_id(9)]) == ()


def test_a_page_that_is_too_large_for_one_answer_is_read_in_several(
    jobs: DynamoJobStore, lists: DynamoJobLists
) -> None:
    # One answer holds 16 MB.
    ids = _write(jobs, 50, request=a_request(prompt="x" * 350_000))

    assert [job.id for job in lists._read(ids)] == ids


def _read(jobs: DynamoJobStore, job_id: JobId) -> Job:
    job = jobs.read(job_id)
    assert job is not None
    return job
