"""Erased jobs: gone from the table, with an audit event in the same stroke."""

import pytest

from imagegate.app.ports import JobWrite, StaleJobError
from imagegate.aws.job_lists import DynamoJobLists
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.audit import deletion_event
from imagegate.domain.ids import EventId
from imagegate.domain.listing import JobQuery
from tests.account import AUDIT_TABLE, TABLE, Account
from tests.builders import KEY_ID, NOW, PROJECT_ID, a_job

EVENT = deletion_event(a_job(), KEY_ID, EventId("evt_one"), NOW)


def test_an_erased_job_is_gone_and_the_audit_says_so(jobs: DynamoJobStore, account: Account) -> None:
    job = jobs.write(JobWrite(job=a_job()))

    jobs.erase(job, EVENT)

    assert jobs.read(job.id) is None
    assert DynamoJobLists(client=account.dynamodb, table=TABLE).page(PROJECT_ID, JobQuery()).jobs == ()
    (item,) = account.items(AUDIT_TABLE)
    assert (item["job_id"], item["document"]["action"]) == (job.id, "generation.deleted")


def test_a_job_that_was_written_meanwhile_is_not_erased(jobs: DynamoJobStore, account: Account) -> None:
    first = jobs.write(JobWrite(job=a_job()))
    second = jobs.write(JobWrite(job=first))

    with pytest.raises(StaleJobError):
        jobs.erase(first, EVENT)

    assert jobs.read(first.id) == second
    assert account.items(AUDIT_TABLE) == []


def test_a_job_that_is_gone_is_not_erased_twice(jobs: DynamoJobStore) -> None:
    job = jobs.write(JobWrite(job=a_job()))
    jobs.erase(job, EVENT)

    with pytest.raises(StaleJobError):
        jobs.erase(job, EVENT)
