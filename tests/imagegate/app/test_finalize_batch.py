"""The results are put together in order and the batch ends in the same moment as its files and its event appear."""

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from imagegate.app.batch_ports import StaleBatchError, Write
from imagegate.app.finalize_batch import FinalizeBatch
from imagegate.app.validate_batch import input_key, manifest_key
from imagegate.domain.batch import Batch, BatchStatus, RequestCounts, begin, cancel
from imagegate.domain.batch_line import LineOutcome, LinePlace, LineResult
from imagegate.domain.event import EventType
from imagegate.domain.file import FilePurpose
from tests.batches import BATCH_ID, MemoryBatchStore, MemoryLineResults, MemoryObjects, a_batch, a_line
from tests.builders import NOW, PROJECT_ID
from tests.fakes import FakeClock, FakeIds


def a_result(number: int, outcome: LineOutcome = LineOutcome.COMPLETED) -> LineResult:
    return LineResult(outcome=outcome, data=f'{{"custom_id":"{number}"}}\n'.encode())


class Finalizing:
    """A batch of some lines with the results that some of them have."""

    def __init__(self, *results: LineResult | None, batch: Batch | None = None) -> None:
        self.batches, self.objects = MemoryBatchStore(), MemoryObjects()
        self.batch = self.batches.add(begin(batch or a_batch(), len(results), NOW))
        numbered = dict(enumerate(results, start=1))
        self.results = MemoryLineResults(results={number: one for number, one in numbered.items() if one})
        lines = {number: a_line(f"line-{number}") for number in numbered}
        places, offset = [], 0
        for number, line in lines.items():
            places.append(json.dumps({"number": number, "offset": offset, "length": len(line)}).encode() + b"\n")
            offset += len(line)
        self.objects.objects[input_key(self.batch)] = b"".join(lines.values())
        self.objects.objects[manifest_key(self.batch)] = b"".join(places)
        self.finalize = FinalizeBatch(
            batches=self.batches, objects=self.objects, results=self.results, clock=FakeClock(), new_id=FakeIds()
        )

    def __call__(self) -> Batch:
        batch = self.finalize(PROJECT_ID, BATCH_ID)
        assert batch is not None
        return batch

    def written(self, suffix: str) -> list[str]:
        """Return the custom ids in the file with this suffix."""
        (file,) = (one for one in self.batches.files if one.filename == f"{BATCH_ID}_{suffix}.jsonl")
        data = self.objects.objects[file.key]
        assert file.size_bytes == len(data)
        return [json.loads(line)["custom_id"] for line in data.splitlines()]


def test_results_are_put_into_two_files_in_the_order_of_their_lines() -> None:
    finalizing = Finalizing(a_result(1), a_result(2, LineOutcome.FAILED), a_result(3), a_result(4, LineOutcome.FAILED))

    batch = finalizing()

    assert (batch.status, batch.counts) == (BatchStatus.COMPLETED, RequestCounts(total=4, completed=2, failed=2))
    assert (finalizing.written("output"), finalizing.written("error")) == (["1", "3"], ["2", "4"])
    assert [file.id for file in finalizing.batches.files] == [batch.output_file_id, batch.error_file_id]
    assert {file.purpose for file in finalizing.batches.files} == {FilePurpose.BATCH_OUTPUT}


def test_a_file_without_a_line_is_not_made() -> None:
    finalizing = Finalizing(a_result(1))

    batch = finalizing()

    assert batch.output_file_id is not None
    assert batch.error_file_id is None
    assert len(finalizing.batches.files) == 1


def test_the_files_are_kept_as_long_as_the_batch_wanted() -> None:
    finalizing = Finalizing(a_result(1), batch=a_batch(output_retention=timedelta(hours=2)))

    finalizing()

    (file,) = finalizing.batches.files
    assert file.expires_at == file.created_at + timedelta(hours=2)


def test_the_owner_is_told_in_the_same_write() -> None:
    finalizing = Finalizing(a_result(1))

    batch = finalizing()

    (event,) = finalizing.batches.events
    assert (event.type, event.data["status"]) == (EventType.BATCH_COMPLETED, "completed")
    assert event.data["output_file_id"] == batch.output_file_id


def test_a_line_without_a_result_was_lost_and_is_told_as_such() -> None:
    finalizing = Finalizing(a_result(1), None)

    batch = finalizing()

    assert batch.counts == RequestCounts(total=2, completed=1, failed=1)
    assert finalizing.written("error") == ["line-2"]


def test_a_batch_with_lines_that_were_too_late_is_expired() -> None:
    batch = Finalizing(a_result(1), a_result(2, LineOutcome.EXPIRED))()

    assert (batch.status, batch.counts.failed) == (BatchStatus.EXPIRED, 1)


def test_a_batch_that_is_cancelled_in_the_last_moment_ends_as_cancelled() -> None:
    finalizing = Finalizing(a_result(1))
    finalizing.batches.interfering.append(cancel(finalizing.batch, NOW))

    assert finalizing().status is BatchStatus.CANCELLED


def test_a_repeat_after_the_end_changes_nothing() -> None:
    finalizing = Finalizing(a_result(1))

    assert finalizing() == finalizing()
    assert len(finalizing.batches.events) == 1


def test_a_second_try_goes_on_where_the_first_one_died() -> None:
    finalizing = Finalizing(a_result(1), batch=a_batch())
    finalizing.batches.batches[BATCH_ID] = a_batch(status=BatchStatus.FINALIZING, version=1)

    assert finalizing().status is BatchStatus.COMPLETED


def test_a_batch_whose_steps_fail_again_and_again_fails_and_is_told() -> None:
    finalizing = Finalizing(a_result(1))

    batch = finalizing.finalize.fail(PROJECT_ID, BATCH_ID)

    assert batch is not None
    assert (batch.status, batch.problems[0].code) == (BatchStatus.FAILED, "internal_error")
    assert finalizing.finalize.fail(PROJECT_ID, BATCH_ID) == batch
    assert [event.data["status"] for event in finalizing.batches.events] == ["failed"]


class MadeResults(MemoryLineResults):
    """Results that are made while they are read."""

    def read_all(self, batch: Batch, places: Iterator[LinePlace]) -> Iterator[tuple[LinePlace, LineResult | None]]:
        return ((place, LineResult(outcome=LineOutcome.COMPLETED, data=b"x" * 2000)) for place in places)


class MadeObjects(MemoryObjects):
    """A manifest that is made while it is read, and files that are forgotten while they are written."""

    lines = 0

    def chunks(self, key: str) -> Iterator[bytes]:
        return (b'{"number":%d,"offset":0,"length":1}\n' % number for number in range(1, self.lines + 1))

    @contextmanager
    def open(self, key: str, media_type: str) -> Iterator[Write]:
        yield lambda data: None


def peak_bytes(lines: int) -> int:
    """Return the most memory that finalizing a batch of so many lines takes."""
    batches, objects = MemoryBatchStore(), MadeObjects()
    batches.add(begin(a_batch(), lines, NOW))
    objects.lines = lines
    finalize = FinalizeBatch(
        batches=batches, objects=objects, results=MadeResults(), clock=FakeClock(), new_id=FakeIds()
    )
    tracemalloc.start()
    batch = finalize(PROJECT_ID, BATCH_ID)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert batch is not None
    assert batch.counts.completed == lines
    return peak


def test_ten_thousand_lines_need_no_more_memory_than_ten() -> None:
    peak_bytes(10)

    assert peak_bytes(10_000) < 1.5 * peak_bytes(10)


@pytest.mark.parametrize("step", ["__call__", "fail"])
def test_a_batch_that_is_no_more_is_none(step: str) -> None:
    finalizing = Finalizing(a_result(1))
    finalizing.batches.batches.clear()

    assert getattr(finalizing.finalize, step)(PROJECT_ID, BATCH_ID) is None


def test_a_batch_that_is_over_meanwhile_is_left_alone() -> None:
    finalizing = Finalizing(a_result(1))
    finalizing.batches.interfering.append(a_batch(status=BatchStatus.FAILED))

    with pytest.raises(StaleBatchError):
        finalizing()
