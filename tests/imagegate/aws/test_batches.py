"""Files and batches in the table: claims beside what they made, counters beside the document."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from imagegate.app.batch_ports import StaleBatchError, SubjectClaim, SubjectTakenError
from imagegate.aws.batches import DynamoBatchStore, StepFunctionsBatchRuns
from imagegate.aws.files import DynamoFileStore
from imagegate.domain.batch import BatchStatus, RequestCounts, batch_event, begin
from imagegate.domain.batch_line import LineOutcome
from imagegate.domain.file import FilePurpose, FileQuery
from imagegate.domain.ids import BatchId, EventId, FileId
from tests.account import MACHINE, TABLE, Account
from tests.batches import BATCH_ID, FILE_ID, a_batch, a_file
from tests.builders import NOW, OTHER_PROJECT_ID, PROJECT_ID

IDS = [f"{number:032x}" for number in range(1, 6)]


@pytest.fixture
def batches(account: Account) -> DynamoBatchStore:
    return DynamoBatchStore(client=account.dynamodb, table=TABLE)


@pytest.fixture
def files(account: Account) -> DynamoFileStore:
    return DynamoFileStore(client=account.dynamodb, table=TABLE)


def a_claim(subject_id: str, **changes: object) -> SubjectClaim:
    claim = SubjectClaim(
        project_id=PROJECT_ID,
        key="once",
        fingerprint="print",
        subject_id=subject_id,
        expires_at=NOW.replace(day=23),
    )
    return replace(claim, **changes)  # type: ignore[arg-type]


def test_a_batch_is_read_back_with_its_counts(batches: DynamoBatchStore) -> None:
    written = batches.add(a_batch())

    batches.count(PROJECT_ID, BATCH_ID, LineOutcome.COMPLETED)
    batches.count(PROJECT_ID, BATCH_ID, LineOutcome.FAILED)
    batches.count(PROJECT_ID, BATCH_ID, LineOutcome.EXPIRED)

    assert written == a_batch(version=1)
    assert batches.read(PROJECT_ID, BATCH_ID) == replace(written, counts=RequestCounts(completed=1, failed=2))


def test_another_projects_batch_is_none(batches: DynamoBatchStore) -> None:
    batches.add(a_batch())

    assert batches.read(OTHER_PROJECT_ID, BATCH_ID) is None


def test_a_write_leaves_the_counts_of_a_running_batch_alone(batches: DynamoBatchStore) -> None:
    first = batches.add(a_batch())
    batches.count(PROJECT_ID, BATCH_ID, LineOutcome.COMPLETED)

    batches.write(begin(first, 9, NOW))

    found = batches.read(PROJECT_ID, BATCH_ID)
    assert found is not None
    assert (found.status, found.counts) == (BatchStatus.IN_PROGRESS, RequestCounts(total=9, completed=1))


def test_a_batch_ends_with_its_true_counts_its_files_and_its_event_or_not_at_all(
    batches: DynamoBatchStore, files: DynamoFileStore, account: Account
) -> None:
    first = batches.add(a_batch())
    ended = replace(first, status=BatchStatus.COMPLETED, counts=RequestCounts(total=2, completed=2))

    batches.write(ended, files=[a_file()], event=batch_event(ended, EventId("evt_one"), NOW))

    found = batches.read(PROJECT_ID, BATCH_ID)
    assert found is not None
    assert (found.counts, files.read(PROJECT_ID, FILE_ID)) == (ended.counts, a_file())
    assert account.item(f"EVENTS#{PROJECT_ID}")["event_type"] == "batch.completed"


def test_a_write_over_a_newer_version_is_refused(batches: DynamoBatchStore, files: DynamoFileStore) -> None:
    first = batches.add(a_batch())
    batches.write(begin(first, 9, NOW))

    with pytest.raises(StaleBatchError):
        batches.write(first, files=[a_file()])
    assert files.read(PROJECT_ID, FILE_ID) is None


def test_a_file_that_exists_stops_the_end_of_a_batch(batches: DynamoBatchStore, files: DynamoFileStore) -> None:
    first = batches.add(a_batch())
    files.add(a_file())

    with pytest.raises(ClientError):
        batches.write(first, files=[a_file()])


def test_a_batch_leaves_the_table_after_its_retention(batches: DynamoBatchStore, account: Account) -> None:
    batch = batches.add(a_batch())

    item = account.item(f"PROJECT#{PROJECT_ID}")
    assert (item["sk"], item["version"]) == (f"BATCH#{BATCH_ID}", "1")
    assert int(item["expires_at"]) == int(batch.expires_at.timestamp())


def test_batches_are_listed_from_the_newest_page_by_page(batches: DynamoBatchStore) -> None:
    ids = [BatchId(f"batch_{one}") for one in IDS]
    for one in ids:
        batches.add(a_batch(id=one))
    batches.add(a_batch(id=BatchId(f"batch_{'9' * 32}"), project_id=OTHER_PROJECT_ID))

    first = batches.page(PROJECT_ID, 2, None)
    second = batches.page(PROJECT_ID, 3, first.batches[-1].id)

    assert ([batch.id for batch in first.batches], first.has_more) == (ids[:2:-1], True)
    assert ([batch.id for batch in second.batches], second.has_more) == (ids[2::-1], False)


def test_a_claim_on_a_batch_that_is_taken_returns_its_owner_and_writes_nothing(batches: DynamoBatchStore) -> None:
    batches.add(a_batch(), a_claim(BATCH_ID))
    other = BatchId(f"batch_{IDS[4]}")

    with pytest.raises(SubjectTakenError) as caught:
        batches.add(a_batch(id=other), a_claim(other))

    assert caught.value.owner == a_claim(BATCH_ID)
    assert batches.read(PROJECT_ID, other) is None


def test_a_batch_that_exists_is_not_created_again(batches: DynamoBatchStore) -> None:
    batches.add(a_batch())

    with pytest.raises(ClientError):
        batches.add(a_batch(), a_claim(BATCH_ID))


def test_an_expired_claim_counts_as_none_and_one_on_a_file_is_another(
    batches: DynamoBatchStore, files: DynamoFileStore
) -> None:
    batches.add(a_batch(), a_claim(BATCH_ID, expires_at=NOW.replace(day=1)))
    other = BatchId(f"batch_{IDS[4]}")

    batches.add(a_batch(id=other), a_claim(other))
    files.add(a_file(), a_claim(FILE_ID))

    assert batches.read(PROJECT_ID, other) is not None
    assert files.read(PROJECT_ID, FILE_ID) == a_file()


def test_a_claim_on_a_file_that_is_taken_returns_its_owner(files: DynamoFileStore) -> None:
    files.add(a_file(), a_claim(FILE_ID))

    with pytest.raises(SubjectTakenError) as caught:
        files.add(a_file(id=FileId(f"file_{IDS[4]}")), a_claim("file_other"))

    assert caught.value.owner.subject_id == FILE_ID


def test_a_file_that_exists_is_not_written_again(files: DynamoFileStore) -> None:
    files.add(a_file())

    with pytest.raises(ClientError):
        files.add(a_file())


def test_a_deleted_file_is_gone(files: DynamoFileStore) -> None:
    files.add(a_file())
    files.delete(a_file())
    files.delete(a_file())

    assert files.read(PROJECT_ID, FILE_ID) is None


def test_files_are_listed_in_either_order_by_purpose_and_after_one_that_is_gone(files: DynamoFileStore) -> None:
    ids = [FileId(f"file_{one}") for one in IDS]
    for number, one in enumerate(ids):
        purpose = FilePurpose.BATCH_OUTPUT if number == 2 else FilePurpose.BATCH
        files.add(a_file(id=one, purpose=purpose))
    files.delete(a_file(id=ids[1]))

    newest = files.page(PROJECT_ID, FileQuery(limit=2))
    oldest = files.page(PROJECT_ID, FileQuery(limit=9, after=ids[1], is_ascending=True))
    results = files.page(PROJECT_ID, FileQuery(limit=9, purpose=FilePurpose.BATCH_OUTPUT))
    inputs = files.page(PROJECT_ID, FileQuery(limit=2, purpose=FilePurpose.BATCH))

    assert ([file.id for file in newest.files], newest.has_more) == (ids[:2:-1], True)
    assert ([file.id for file in oldest.files], oldest.has_more) == (ids[2:], False)
    assert ([file.id for file in results.files], results.has_more) == ([ids[2]], False)
    assert ([file.id for file in inputs.files], inputs.has_more) == ([ids[4], ids[3]], True)


def test_an_execution_is_started_once_and_named_after_its_batch(account: Account) -> None:
    runs = StepFunctionsBatchRuns(states=account.states, machine=MACHINE)

    runs.start(a_batch())
    runs.start(a_batch())

    assert account.executions() == [BATCH_ID]


def test_an_execution_that_was_started_before_is_left_alone(account: Account) -> None:
    runs = StepFunctionsBatchRuns(states=account.states, machine=MACHINE)

    with Stubber(account.states) as stub:
        stub.add_client_error("start_execution", "ExecutionAlreadyExists")

        runs.start(a_batch())
