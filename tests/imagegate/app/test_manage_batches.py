"""Batches are created from files of the caller's own project, started once, and cancelled while there is time."""

from dataclasses import replace

import pytest

from imagegate.app.manage_batches import ManageBatches
from imagegate.app.manage_files import ManageFiles
from imagegate.domain.batch import BatchEndpoint, BatchStatus, NewBatch, begin
from imagegate.domain.errors import (
    BatchNotFoundError,
    ConflictError,
    FileNotFoundInProjectError,
    IdempotencyKeyReusedError,
    InvalidValueError,
)
from imagegate.domain.file import MAX_BATCH_FILE_BYTES, FilePurpose
from tests.batches import (
    BATCH_ID,
    FILE_ID,
    FakeBatchRuns,
    MemoryBatchStore,
    MemoryFileStore,
    MemoryObjects,
    a_batch,
    a_file,
)
from tests.builders import NOW, OTHER_PROJECT_ID, PRINCIPAL
from tests.fakes import FakeClock, FakeIds

WANTED = NewBatch(input_file_id=FILE_ID, endpoint=BatchEndpoint.GENERATIONS, metadata={"kind": "test"})
STRANGER = replace(PRINCIPAL, project_id=OTHER_PROJECT_ID)


class Batches:
    """The use case on ports in memory, with one uploaded file."""

    def __init__(self) -> None:
        self.store, self.runs = MemoryBatchStore(), FakeBatchRuns()
        self.files = MemoryFileStore(files={FILE_ID: a_file()})
        self.objects = MemoryObjects()
        files = ManageFiles(files=self.files, objects=self.objects, clock=FakeClock(), new_id=FakeIds())
        self.manage = ManageBatches(
            batches=self.store, files=files, runs=self.runs, clock=FakeClock(), new_id=FakeIds()
        )


@pytest.fixture
def batches() -> Batches:
    return Batches()


def test_a_batch_is_written_and_started(batches: Batches) -> None:
    batch = batches.manage.create(PRINCIPAL, WANTED, None)

    assert (batch.status, batch.metadata, batch.version) == (BatchStatus.VALIDATING, {"kind": "test"}, 1)
    assert batch.input_key == a_file().key
    assert batches.runs.started == [batch.id]


def test_a_repeat_with_the_same_key_is_the_same_batch_and_starts_it_if_need_be(batches: Batches) -> None:
    first = batches.manage.create(PRINCIPAL, WANTED, "once")
    second = batches.manage.create(PRINCIPAL, WANTED, "once")
    batches.store.write(begin(second, 3, NOW))
    third = batches.manage.create(PRINCIPAL, WANTED, "once")

    assert first.id == second.id == third.id
    assert batches.runs.started == [first.id, first.id]


def test_a_key_that_was_used_for_another_batch_is_refused(batches: Batches) -> None:
    batches.manage.create(PRINCIPAL, WANTED, "once")

    with pytest.raises(IdempotencyKeyReusedError):
        batches.manage.create(PRINCIPAL, replace(WANTED, metadata={}), "once")


def test_a_batch_that_cannot_be_started_fails(batches: Batches) -> None:
    batches.runs.error = OSError("no machine")

    with pytest.raises(OSError, match="no machine"):
        batches.manage.create(PRINCIPAL, WANTED, None)

    (batch,) = batches.store.batches.values()
    assert (batch.status, batch.problems[0].code) == (BatchStatus.FAILED, "internal_error")


@pytest.mark.parametrize(
    "changes", [{"purpose": FilePurpose.BATCH_OUTPUT}, {"size_bytes": None}, {"size_bytes": MAX_BATCH_FILE_BYTES + 1}]
)
def test_a_file_that_holds_no_batch_is_refused(batches: Batches, changes: dict[str, object]) -> None:
    batches.files.files[FILE_ID] = a_file(**changes)

    with pytest.raises(InvalidValueError) as caught:
        batches.manage.create(PRINCIPAL, WANTED, None)

    assert caught.value.param == "input_file_id"


def test_another_projects_file_does_not_exist(batches: Batches) -> None:
    with pytest.raises(FileNotFoundInProjectError):
        batches.manage.create(STRANGER, WANTED, None)


@pytest.mark.parametrize("batch_id", [BATCH_ID, "batch_1", "no id at all"])
def test_another_projects_batch_and_none_at_all_look_the_same(batches: Batches, batch_id: str) -> None:
    batches.store.add(a_batch(project_id=OTHER_PROJECT_ID))

    with pytest.raises(BatchNotFoundError):
        batches.manage.read(PRINCIPAL, batch_id)


def test_a_page_begins_after_a_batch(batches: Batches) -> None:
    batches.store.add(a_batch())

    assert batches.manage.page(PRINCIPAL, 20, None).batches == (a_batch(version=1),)
    assert batches.manage.page(PRINCIPAL, 20, BATCH_ID).batches == (a_batch(version=1),)
    with pytest.raises(InvalidValueError):
        batches.manage.page(PRINCIPAL, 20, "gen_1")


def test_a_running_batch_is_cancelled_once(batches: Batches) -> None:
    batches.store.add(a_batch(status=BatchStatus.IN_PROGRESS))

    first = batches.manage.cancel(PRINCIPAL, BATCH_ID)

    assert first.status is BatchStatus.CANCELLING
    assert batches.manage.cancel(PRINCIPAL, BATCH_ID) == first


def test_a_cancellation_that_meets_another_write_is_written_again(batches: Batches) -> None:
    batches.store.add(a_batch())
    batches.store.interfering.append(begin(a_batch(), 3, NOW))

    batch = batches.manage.cancel(PRINCIPAL, BATCH_ID)

    assert (batch.status, batch.counts.total) == (BatchStatus.CANCELLING, 3)


def test_a_cancellation_that_always_meets_other_writes_is_given_up(batches: Batches) -> None:
    batches.store.add(a_batch())
    batches.store.interfering += [a_batch()] * 5

    with pytest.raises(ConflictError):
        batches.manage.cancel(PRINCIPAL, BATCH_ID)


@pytest.mark.parametrize("status", [BatchStatus.FINALIZING, BatchStatus.COMPLETED])
def test_a_batch_without_lines_left_cannot_be_cancelled(batches: Batches, status: BatchStatus) -> None:
    batches.store.add(a_batch(status=status))

    with pytest.raises(ConflictError):
        batches.manage.cancel(PRINCIPAL, BATCH_ID)
