"""Batches: many requests in one file, moved forward only by the functions here, each returning a new batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imagegate.domain.event import Event, EventType, new_event
from imagegate.domain.file import FILE_RETENTION
from imagegate.domain.ids import BatchId, EventId, FileId, KeyId, ProjectId
from imagegate.domain.project import Role

MAX_LINES = 50_000
BATCH_RETENTION = timedelta(days=30)
COMPLETION_WINDOW = timedelta(hours=24)
# How many things that are wrong with a file are told.
MAX_PROBLEMS = 20


class BatchStatus(StrEnum):
    """Where a batch stands, in OpenAI's words."""

    VALIDATING = "validating"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the batch can still change."""
        return self in {BatchStatus.FAILED, BatchStatus.COMPLETED, BatchStatus.EXPIRED, BatchStatus.CANCELLED}


class BatchEndpoint(StrEnum):
    """What every line of a batch asks for."""

    GENERATIONS = "/v1/images/generations"
    EDITS = "/v1/images/edits"
    UPSCALES = "/v1/images/upscales"


class Skip(StrEnum):
    """Why a line is not begun any more."""

    CANCELLED = "batch_cancelled"
    EXPIRED = "batch_expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProblem:
    """One thing that is wrong with the file of a batch."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCounts:
    """How many lines there are, and how many of them are over."""

    total: int = 0
    completed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """What a caller says of a batch to create."""

    input_file_id: str
    endpoint: BatchEndpoint
    metadata: Mapping[str, str] = field(default_factory=dict)
    output_retention: timedelta = FILE_RETENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One batch; `version` counts the writes other than those of the counts, for optimistic locking.

    `window_ends_at` is when lines are no longer begun, `expires_at` when the record may go. `key_id` and `role` are of
    whoever created the batch, in whose name its lines are asked.
    """

    id: BatchId
    project_id: ProjectId
    key_id: KeyId
    role: Role
    endpoint: BatchEndpoint
    input_file_id: FileId
    input_key: str
    status: BatchStatus
    created_at: datetime
    window_ends_at: datetime
    expires_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    output_retention: timedelta = FILE_RETENTION
    counts: RequestCounts = RequestCounts()
    problems: tuple[BatchProblem, ...] = ()
    output_file_id: FileId | None = None
    error_file_id: FileId | None = None
    in_progress_at: datetime | None = None
    finalizing_at: datetime | None = None
    completed_at: datetime | None = None
    failed_at: datetime | None = None
    expired_at: datetime | None = None
    cancelling_at: datetime | None = None
    cancelled_at: datetime | None = None
    version: int = 0


def begin(batch: Batch, total: int, now: datetime) -> Batch:
    """Start on the lines of a file that is in order; a batch that is being cancelled stays so."""
    counted = replace(batch, counts=replace(batch.counts, total=total), in_progress_at=now)
    return replace(counted, status=BatchStatus.IN_PROGRESS) if batch.status is BatchStatus.VALIDATING else counted


def fail(batch: Batch, problems: tuple[BatchProblem, ...], now: datetime) -> Batch:
    """End a batch that cannot be run."""
    return replace(batch, status=BatchStatus.FAILED, problems=problems, failed_at=now)


def cancel(batch: Batch, now: datetime) -> Batch:
    """Begin no further line; those that run are finished."""
    return replace(batch, status=BatchStatus.CANCELLING, cancelling_at=now)


def finalize(batch: Batch, now: datetime) -> Batch:
    """Put the results together; from here on there is nothing left to cancel."""
    if batch.status is BatchStatus.CANCELLING:
        return replace(batch, finalizing_at=now)
    return replace(batch, status=BatchStatus.FINALIZING, finalizing_at=now)


def finish(
    batch: Batch,
    counts: RequestCounts,
    *,
    output: FileId | None,
    error: FileId | None,
    has_expired: bool,
    now: datetime,
) -> Batch:
    """End a batch with the files that hold its results."""
    done = replace(batch, counts=counts, output_file_id=output, error_file_id=error)
    if batch.status is BatchStatus.CANCELLING:
        return replace(done, status=BatchStatus.CANCELLED, cancelled_at=now)
    if has_expired:
        return replace(done, status=BatchStatus.EXPIRED, expired_at=now)
    return replace(done, status=BatchStatus.COMPLETED, completed_at=now)


def may_cancel(batch: Batch) -> bool:
    """Tell whether a batch has lines left that may not have begun."""
    return batch.status in {BatchStatus.VALIDATING, BatchStatus.IN_PROGRESS, BatchStatus.CANCELLING}


def skip_reason(batch: Batch, now: datetime) -> Skip | None:
    """Tell why no further line of a batch is begun, if none is."""
    if batch.status is BatchStatus.CANCELLING:
        return Skip.CANCELLED
    return Skip.EXPIRED if now >= batch.window_ends_at else None


def batch_event(batch: Batch, event_id: EventId, now: datetime) -> Event:
    """Tell that a batch is over; its status says how it ended."""
    return new_event(
        event_id=event_id,
        project_id=batch.project_id,
        event_type=EventType.BATCH_COMPLETED,
        subject_id=batch.id,
        now=now,
        data={
            "id": batch.id,
            "object": "batch",
            "status": batch.status.value,
            "request_counts": {
                "total": batch.counts.total,
                "completed": batch.counts.completed,
                "failed": batch.counts.failed,
            },
            "output_file_id": batch.output_file_id,
            "error_file_id": batch.error_file_id,
        },
    )
