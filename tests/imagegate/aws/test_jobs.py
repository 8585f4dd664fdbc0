"""The job table: one step is one transaction, written whole or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from imagegate.app.ports import ClaimTakenError, IdempotencyClaim, JobWrite, StaleJobError
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.audit import AuditEvent, event_for
from imagegate.domain.errors import BudgetExceededError
from imagegate.domain.event import Event, generation_event
from imagegate.domain.ids import EventId, JobId
from imagegate.domain.job import Job, Status
from tests.account import AUDIT_TABLE, Account
from tests.builders import NOW, OTHER_PROJECT_ID, PROJECT_ID, a_job, a_running_job
from tests.imagegate.aws.test_budgets import a_reservation

OTHER_ID = JobId(f"gen_{'0' * 31}2")


def a_claim(job: Job, key: str = "once", expires_in: timedelta = timedelta(hours=24)) -> IdempotencyClaim:
    return IdempotencyClaim(
        project_id=job.project_id, key=key, fingerprint="print", job_id=job.id, expires_at=NOW + expires_in
    )


def _event(job: Job) -> AuditEvent:
    return event_for(job, EventId("evt_one"))


def _notice(job: Job) -> Event:
    return generation_event(replace(job, status=Status.FAILED), EventId("evt_one"))


def test_a_job_that_was_never_written_is_none(jobs: DynamoJobStore) -> None:
    assert jobs.read(OTHER_ID) is None


def test_a_job_is_read_back_as_it_was_written_with_its_new_version(jobs: DynamoJobStore) -> None:
    written = jobs.write(JobWrite(job=a_running_job()))

    assert written == a_running_job(version=1)
    assert jobs.read(written.id) == written


def test_a_job_leaves_the_table_after_its_retention(jobs: DynamoJobStore, account: Account) -> None:
    job = jobs.write(JobWrite(job=a_job()))

    item = account.item(f"JOB#{job.id}")
    assert (item["sk"], item["version"]) == ("JOB", "1")
    assert int(item["expires_at"]) == int(job.expires_at.timestamp())


def test_each_write_counts_up_the_version(jobs: DynamoJobStore) -> None:
    first = jobs.write(JobWrite(job=a_job()))
    second = jobs.write(JobWrite(job=first))

    assert (first.version, second.version) == (1, 2)


def test_a_job_that_exists_is_not_created_again(jobs: DynamoJobStore) -> None:
    jobs.write(JobWrite(job=a_job()))

    with pytest.raises(StaleJobError):
        jobs.write(JobWrite(job=a_job()))


def test_a_write_over_a_newer_version_is_refused(jobs: DynamoJobStore) -> None:
    first = jobs.write(JobWrite(job=a_job()))
    second = jobs.write(JobWrite(job=first))

    with pytest.raises(StaleJobError):
        jobs.write(JobWrite(job=replace(first, attempts=())))

    assert jobs.read(first.id) == second


def test_a_claim_that_is_taken_returns_its_owner_and_writes_nothing(jobs: DynamoJobStore) -> None:
    first, second = a_job(), a_job(id=OTHER_ID)
    jobs.write(JobWrite(job=first, claim=a_claim(first)))

    with pytest.raises(ClaimTakenError) as taken:
        jobs.write(JobWrite(job=second, claim=a_claim(second)))

    assert taken.value.owner == a_claim(first)
    assert jobs.read(second.id) is None


def test_two_projects_may_use_the_same_key(jobs: DynamoJobStore) -> None:
    first, second = a_job(), a_job(id=OTHER_ID, project_id=OTHER_PROJECT_ID)
    jobs.write(JobWrite(job=first, claim=a_claim(first)))

    jobs.write(JobWrite(job=second, claim=a_claim(second)))

    assert jobs.read(second.id) is not None


def test_an_expired_claim_counts_as_none(jobs: DynamoJobStore) -> None:
    first, second = a_job(), a_job(id=OTHER_ID)
    jobs.write(JobWrite(job=first, claim=a_claim(first, expires_in=timedelta(seconds=-2))))

    jobs.write(JobWrite(job=second, claim=a_claim(second)))

    with pytest.raises(ClaimTakenError) as taken:
        jobs.write(JobWrite(job=a_job(id=JobId("gen_third")), claim=a_claim(first)))
    assert taken.value.owner.job_id == second.id


def test_a_claim_of_any_length_fits_and_its_text_is_no_part_of_the_table_key(
    jobs: DynamoJobStore, account: Account
) -> None:
    job = a_job()
    jobs.write(JobWrite(job=job, claim=a_claim(job, key="k" * 3000)))

    (item,) = (item for item in account.items() if item["sk"] == "IDEMPOTENCY")
    assert item["pk"].startswith(f"IDEMPOTENCY#{PROJECT_ID}#")
    assert len(item["pk"]) < 200
    assert int(item["expires_at"]) == int((NOW + timedelta(hours=24)).timestamp())


def test_a_repeat_is_told_as_such_even_when_the_budget_is_used_up(jobs: DynamoJobStore) -> None:
    first, second = a_job(), a_job(id=OTHER_ID)
    reservation = a_reservation("1", limit="1")
    jobs.write(JobWrite(job=first, claim=a_claim(first), reservation=reservation))

    with pytest.raises(ClaimTakenError):
        jobs.write(JobWrite(job=second, claim=a_claim(second), reservation=reservation))
    with pytest.raises(ClaimTakenError):
        jobs.write(JobWrite(job=second, claim=a_claim(second), reservation=a_reservation("9", limit="1")))


def test_the_audit_event_is_written_in_the_same_transaction(jobs: DynamoJobStore, account: Account) -> None:
    job = a_job()

    jobs.write(JobWrite(job=job, event=_event(job)))

    (item,) = account.items(AUDIT_TABLE)
    assert (item["pk"], item["sk"]) == (f"PROJECT#{PROJECT_ID}", f"{NOW.isoformat()}#evt_one")
    assert item["job_id"] == job.id
    assert item["document"]["action"] == "generation.queued"
    assert int(item["expires_at"]) == int(_event(job).expires_at.timestamp())


def test_nothing_is_written_when_one_part_is_refused(jobs: DynamoJobStore, account: Account) -> None:
    job = a_job()
    money = a_reservation("2", limit="1")
    write = JobWrite(job=job, claim=a_claim(job), reservation=money, event=_event(job), notice=_notice(job))

    with pytest.raises(BudgetExceededError):
        jobs.write(write)

    assert account.items() == []
    assert account.items(AUDIT_TABLE) == []


def test_an_audit_event_is_never_overwritten(jobs: DynamoJobStore, account: Account) -> None:
    first = jobs.write(JobWrite(job=a_job(), event=_event(a_job())))

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        jobs.write(JobWrite(job=first, event=_event(first)))

    assert len(account.items(AUDIT_TABLE)) == 1
    assert jobs.read(first.id) == first


def test_a_notice_is_written_in_the_same_transaction(jobs: DynamoJobStore, account: Account) -> None:
    job = a_job()

    jobs.write(JobWrite(job=job, notice=_notice(job)))

    item = account.item(f"EVENTS#{PROJECT_ID}")
    assert item["sk"] == "2026-11-22T12:30:15.250000+00:00#evt_one"
    assert item["event_type"] == "generation.failed"
    assert item["document"]["data"]["id"] == job.id
    assert int(item["expires_at"]) == int((NOW + timedelta(days=30)).timestamp())


def test_a_notice_is_never_overwritten(jobs: DynamoJobStore) -> None:
    first = jobs.write(JobWrite(job=a_job(), notice=_notice(a_job())))

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        jobs.write(JobWrite(job=first, notice=_notice(first)))

    assert jobs.read(first.id) == first


def _canceled(stubber: Stubber, code: str) -> None:
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code}]},
    )


def test_a_write_that_meets_another_transaction_is_repeated_after_growing_pauses(account_clients: Account) -> None:
    pauses: list[float] = []
    store = DynamoJobStore(client=account_clients.dynamodb, table="t", audit_table="a", sleep=pauses.append)

    with Stubber(account_clients.dynamodb) as stubber:
        _canceled(stubber, "TransactionConflict")
        _canceled(stubber, "TransactionConflict")
        stubber.add_response("transact_write_items", {})
        written = store.write(JobWrite(job=a_job()))

    assert written.version == 1
    assert pauses == [0.02, 0.05]


def test_a_write_that_always_meets_another_transaction_is_given_up(account_clients: Account) -> None:
    pauses: list[float] = []
    store = DynamoJobStore(client=account_clients.dynamodb, table="t", audit_table="a", sleep=pauses.append)

    with Stubber(account_clients.dynamodb) as stubber:
        for _ in range(5):
            _canceled(stubber, "TransactionConflict")
        with pytest.raises(ClientError):
            store.write(JobWrite(job=a_job()))

    assert sum(pauses) < 0.5


def test_a_write_that_was_refused_is_not_repeated(account_clients: Account) -> None:
    store = DynamoJobStore(client=account_clients.dynamodb, table="t", audit_table="a", sleep=_never)

    with Stubber(account_clients.dynamodb) as stubber:
        _canceled(stubber, "ConditionalCheckFailed")
        with pytest.raises(StaleJobError):
            store.write(JobWrite(job=a_job()))


def _never(seconds: float) -> None:
    raise AssertionError(seconds)
