"""A batch moves on only by its transitions, each with its own moment."""

from datetime import timedelta

import pytest

from imagegate.domain.batch import (
    BatchProblem,
    BatchStatus,
    RequestCounts,
    Skip,
    batch_event,
    begin,
    cancel,
    fail,
    finalize,
    finish,
    may_cancel,
    skip_reason,
)
from imagegate.domain.event import EventType
from imagegate.domain.ids import EventId, FileId
from tests.batches import BATCH_ID, a_batch
from tests.builders import NOW

LATER = NOW + timedelta(minutes=1)
OUTPUT = FileId("file_output")


def test_a_batch_whose_file_is_in_order_begins_with_its_lines_counted() -> None:
    batch = begin(a_batch(), 12, LATER)

    assert (batch.status, batch.in_progress_at, batch.counts) == (
        BatchStatus.IN_PROGRESS,
        LATER,
        RequestCounts(total=12),
    )


def test_a_batch_that_is_cancelled_while_its_file_is_read_stays_so() -> None:
    batch = begin(cancel(a_batch(), NOW), 12, LATER)

    assert (batch.status, batch.cancelling_at, batch.counts.total) == (BatchStatus.CANCELLING, NOW, 12)


def test_a_batch_fails_with_what_is_wrong_with_its_file() -> None:
    problem = BatchProblem(code="invalid_json_line", message="No JSON.", line=2)

    batch = fail(a_batch(), (problem,), LATER)

    assert (batch.status, batch.problems, batch.failed_at) == (BatchStatus.FAILED, (problem,), LATER)


def test_a_batch_is_completed_after_its_results_were_put_together() -> None:
    closing = finalize(begin(a_batch(), 2, NOW), LATER)

    batch = finish(
        closing,
        RequestCounts(total=2, completed=1, failed=1),
        output=OUTPUT,
        error=None,
        has_expired=False,
        now=LATER,
    )

    assert (closing.status, closing.finalizing_at) == (BatchStatus.FINALIZING, LATER)
    assert (batch.status, batch.completed_at, batch.output_file_id) == (BatchStatus.COMPLETED, LATER, OUTPUT)
    assert batch.counts.completed == 1


def test_a_batch_with_lines_that_were_too_late_is_expired() -> None:
    batch = finish(a_batch(), RequestCounts(), output=None, error=OUTPUT, has_expired=True, now=LATER)

    assert (batch.status, batch.expired_at, batch.error_file_id) == (BatchStatus.EXPIRED, LATER, OUTPUT)


def test_a_batch_that_was_cancelled_ends_so_whatever_else_happened() -> None:
    closing = finalize(cancel(a_batch(), NOW), LATER)

    batch = finish(closing, RequestCounts(), output=None, error=None, has_expired=True, now=LATER)

    assert (closing.status, closing.finalizing_at) == (BatchStatus.CANCELLING, LATER)
    assert (batch.status, batch.cancelled_at) == (BatchStatus.CANCELLED, LATER)


@pytest.mark.parametrize("status", BatchStatus)
def test_only_a_batch_with_lines_still_to_begin_can_be_cancelled(status: BatchStatus) -> None:
    open_ones = {BatchStatus.VALIDATING, BatchStatus.IN_PROGRESS, BatchStatus.CANCELLING}

    assert may_cancel(a_batch(status=status)) is (status in open_ones)


def test_lines_are_begun_until_the_batch_is_cancelled_or_its_window_ends() -> None:
    batch = a_batch(status=BatchStatus.IN_PROGRESS)

    assert skip_reason(batch, LATER) is None
    assert skip_reason(batch, batch.window_ends_at) is Skip.EXPIRED
    assert skip_reason(cancel(batch, LATER), LATER) is Skip.CANCELLED


@pytest.mark.parametrize(
    ("status", "is_over"),
    [(BatchStatus.CANCELLING, False), (BatchStatus.FINALIZING, False), (BatchStatus.EXPIRED, True)],
)
def test_a_batch_is_over_only_when_nothing_can_change_it(status: BatchStatus, is_over: bool) -> None:
    assert status.is_terminal is is_over


def test_whoever_is_told_of_a_batch_learns_how_it_ended() -> None:
    counts = RequestCounts(total=3, completed=2, failed=1)
    batch = a_batch(status=BatchStatus.COMPLETED, counts=counts, output_file_id=OUTPUT)

    event = batch_event(batch, EventId("evt_one"), LATER)

    assert (event.type, event.subject_id, event.created_at) == (EventType.BATCH_COMPLETED, BATCH_ID, LATER)
    assert event.data == {
        "id": BATCH_ID,
        "object": "batch",
        "status": "completed",
        "request_counts": {"total": 3, "completed": 2, "failed": 1},
        "output_file_id": OUTPUT,
        "error_file_id": None,
    }
