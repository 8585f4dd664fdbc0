"""A file is read once, line by line, in memory of one size; what is wrong with it fails the batch."""

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from imagegate.app import validate_batch
from imagegate.app.batch_ports import StaleBatchError, Write
from imagegate.app.validate_batch import ValidateBatch, input_key, lines_of, manifest_key, read_manifest
from imagegate.domain.batch import Batch, BatchStatus, cancel
from imagegate.domain.batch_line import MAX_LINE_BYTES, LinePlace
from imagegate.domain.ids import BatchId
from tests.batches import BATCH_ID, MemoryBatchStore, MemoryObjects, a_batch, a_line
from tests.builders import NOW, PROJECT_ID
from tests.fakes import FakeClock


def validated(data: bytes, chunk_bytes: int = 1024, **changes: Batch) -> tuple[Batch, MemoryObjects, MemoryBatchStore]:
    batches = MemoryBatchStore()
    batch = batches.add(a_batch())
    objects = MemoryObjects(objects={batch.input_key: data}, chunk_bytes=chunk_bytes)
    batches.interfering = list(changes.values())
    found = ValidateBatch(batches=batches, objects=objects, clock=FakeClock())(PROJECT_ID, BATCH_ID)
    assert found is not None
    return found, objects, batches


def problems(batch: Batch) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.code) for problem in batch.problems]


@pytest.mark.parametrize("chunk_bytes", [1, 7, 100_000])
def test_a_file_in_order_begins_the_batch_and_lists_where_each_line_lies(chunk_bytes: int) -> None:
    lines = [a_line("one"), b"\n", a_line("two"), a_line("three").rstrip()]

    batch, objects, _ = validated(b"".join(lines), chunk_bytes)

    assert (batch.status, batch.counts.total) == (BatchStatus.IN_PROGRESS, 3)
    places = list(read_manifest(objects.chunks(manifest_key(batch))))
    assert [place.number for place in places] == [1, 3, 4]
    found = [objects.read_range(input_key(batch), place.offset, place.length) for place in places]
    assert found == [lines[0], lines[2], lines[3]]


def test_the_batch_works_on_a_copy_so_that_its_file_can_be_deleted() -> None:
    batch, objects, _ = validated(a_line())

    assert objects.objects[input_key(batch)] == objects.objects[batch.input_key]


def test_every_problem_is_told_with_its_line() -> None:
    batch, _, _ = validated(b"".join([a_line("one"), b"{\n", a_line("one"), a_line("two", method="PUT")]))

    assert batch.status is BatchStatus.FAILED
    assert problems(batch) == [(2, "invalid_json_line"), (3, "duplicate_custom_id"), (4, "invalid_method")]


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_a_file_without_a_request_fails_the_batch(data: bytes) -> None:
    batch, _, _ = validated(data)

    assert problems(batch) == [(None, "empty_file")]


def test_a_file_with_more_lines_than_a_batch_may_have_fails_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate_batch, "MAX_LINES", 2)

    batch, _, _ = validated(b"".join(a_line(str(number)) for number in range(3)))

    assert problems(batch) == [(None, "too_many_lines")]


def test_only_the_first_problems_of_many_are_told() -> None:
    batch, _, _ = validated(b"{\n" * 50)

    assert len(batch.problems) == 21
    assert problems(batch)[-1] == (None, "too_many_problems")


def test_a_line_over_the_limit_is_refused_without_being_kept() -> None:
    long_line = a_line("long", body={"prompt": "a" * MAX_LINE_BYTES})

    batch, _, _ = validated(a_line("one") + long_line + a_line("two"), chunk_bytes=64 * 1024)

    assert problems(batch) == [(2, "line_too_long")]


def test_a_batch_that_is_cancelled_meanwhile_is_begun_and_stays_cancelled() -> None:
    batch, _, _ = validated(a_line(), meanwhile=cancel(a_batch(), NOW))

    assert (batch.status, batch.counts.total) == (BatchStatus.CANCELLING, 1)


def test_a_repeat_changes_nothing() -> None:
    batch, objects, batches = validated(a_line())

    again = ValidateBatch(batches=batches, objects=objects, clock=FakeClock())(PROJECT_ID, BATCH_ID)

    assert again == batch


def test_a_batch_that_is_no_more_is_none() -> None:
    validate = ValidateBatch(batches=MemoryBatchStore(), objects=MemoryObjects(), clock=FakeClock())

    assert validate(PROJECT_ID, BatchId("batch_other")) is None


def test_a_place_names_the_line_as_an_editor_counts_it() -> None:
    places = [place for place, _ in lines_of(iter([b"a\n\n", b"b\n"]))]

    assert places == [LinePlace(number=1, offset=0, length=2), LinePlace(number=3, offset=3, length=2)]


class MadeObjects(MemoryObjects):
    """Files that are made while they are read, and forgotten while they are written."""

    lines = 0

    def chunks(self, key: str) -> Iterator[bytes]:
        return (a_line(f"line-{number}") for number in range(self.lines))

    def copy(self, source: str, destination: str) -> None:
        pass

    @contextmanager
    def open(self, key: str, media_type: str) -> Iterator[Write]:
        yield lambda data: None


def peak_bytes(lines: int) -> int:
    """Return the most memory that validating a file of so many lines takes."""
    batches, objects = MemoryBatchStore(), MadeObjects()
    batches.add(a_batch())
    objects.lines = lines
    tracemalloc.start()
    batch = ValidateBatch(batches=batches, objects=objects, clock=FakeClock())(PROJECT_ID, BATCH_ID)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert batch is not None
    assert batch.counts.total == lines
    return peak


def test_ten_thousand_lines_need_no_more_memory_than_ten() -> None:
    peak_bytes(10)

    assert peak_bytes(10_000) < 1.1 * peak_bytes(10)


def test_the_manifest_is_small_objects_one_a_line() -> None:
    batch, objects, _ = validated(a_line())

    (line,) = objects.objects[manifest_key(batch)].splitlines()
    assert json.loads(line).keys() == {"number", "offset", "length"}


def test_a_batch_that_is_over_meanwhile_is_left_alone() -> None:
    with pytest.raises(StaleBatchError):
        validated(a_line(), meanwhile=a_batch(status=BatchStatus.FAILED))
