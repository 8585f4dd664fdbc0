"""Batches: the body that creates one, and batch objects in OpenAI's shape."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from imagegate.api.files import check_parameters, read_limit
from imagegate.api.requests import MAX_NAME_CHARACTERS, Body
from imagegate.domain.batch import Batch, BatchEndpoint, BatchStatus, NewBatch
from imagegate.domain.file import FILE_RETENTION

MAX_METADATA = 16
MAX_BATCHES = 100
_DEFAULT_BATCHES = 20
_PARAMETERS = ("limit", "after")

_Name = Annotated[str, Field(max_length=64)]
_Value = Annotated[str, Field(max_length=512)]


class OutputExpiration(Body):
    """How long the output and error files are kept."""

    anchor: Literal["created_at"]
    seconds: int = Field(ge=3600, le=int(FILE_RETENTION.total_seconds()))


class BatchBody(Body):
    """`POST /v1/batches`."""

    input_file_id: str = Field(min_length=1, max_length=MAX_NAME_CHARACTERS)
    endpoint: BatchEndpoint
    completion_window: Literal["24h"]
    metadata: dict[_Name, _Value] | None = Field(default=None, max_length=MAX_METADATA)
    output_expires_after: OutputExpiration | None = None

    def to_domain(self) -> NewBatch:
        """Return the batch in the domain's terms."""
        retention = self.output_expires_after
        return NewBatch(
            input_file_id=self.input_file_id,
            endpoint=self.endpoint,
            metadata=self.metadata or {},
            output_retention=timedelta(seconds=retention.seconds) if retention else FILE_RETENTION,
        )


class BatchProblemAnswer(BaseModel):
    """One thing that is wrong with the file of a batch; lines are counted from 1."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


class BatchProblemsAnswer(BaseModel):
    """Why a batch failed."""

    object: Literal["list"] = "list"
    data: list[BatchProblemAnswer]


class RequestCountsAnswer(BaseModel):
    """How many lines there are, and how many of them are over."""

    total: int
    completed: int
    failed: int


class BatchAnswer(BaseModel):
    """A batch in OpenAI's shape."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: BatchEndpoint
    errors: BatchProblemsAnswer | None = None
    input_file_id: str
    completion_window: Literal["24h"] = "24h"
    status: BatchStatus
    output_file_id: str | None = None
    error_file_id: str | None = None
    created_at: int
    in_progress_at: int | None = None
    expires_at: int
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    request_counts: RequestCountsAnswer
    metadata: dict[str, str] | None = None


class BatchesAnswer(BaseModel):
    """`GET /v1/batches`: give `last_id` as `after` for the next page."""

    object: Literal["list"] = "list"
    data: list[BatchAnswer]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool


def read_batch_query(parameters: Mapping[str, str]) -> tuple[int, str | None]:
    """Read how many batches are wanted, and after which one.

    Raises:
        InvalidRequestError: the first parameter that is wrong.
    """
    check_parameters(parameters, _PARAMETERS)
    return read_limit(parameters, most=MAX_BATCHES, silence=_DEFAULT_BATCHES), parameters.get("after")


def tell_batch(batch: Batch) -> BatchAnswer:
    """Tell one batch."""
    counts = batch.counts
    return BatchAnswer(
        id=batch.id,
        endpoint=batch.endpoint,
        errors=_problems(batch),
        input_file_id=batch.input_file_id,
        status=batch.status,
        output_file_id=batch.output_file_id,
        error_file_id=batch.error_file_id,
        created_at=int(batch.created_at.timestamp()),
        in_progress_at=_seconds(batch.in_progress_at),
        expires_at=int(batch.window_ends_at.timestamp()),
        finalizing_at=_seconds(batch.finalizing_at),
        completed_at=_seconds(batch.completed_at),
        failed_at=_seconds(batch.failed_at),
        expired_at=_seconds(batch.expired_at),
        cancelling_at=_seconds(batch.cancelling_at),
        cancelled_at=_seconds(batch.cancelled_at),
        request_counts=RequestCountsAnswer(total=counts.total, completed=counts.completed, failed=counts.failed),
        metadata=dict(batch.metadata) or None,
    )


def tell_batches(batches: Sequence[Batch], *, has_more: bool) -> BatchesAnswer:
    """Tell a page of batches."""
    return BatchesAnswer(
        data=[tell_batch(batch) for batch in batches],
        first_id=batches[0].id if batches else None,
        last_id=batches[-1].id if batches else None,
        has_more=has_more,
    )


def _problems(batch: Batch) -> BatchProblemsAnswer | None:
    if not batch.problems:
        return None
    told = [
        BatchProblemAnswer(code=one.code, message=one.message, line=one.line, param=one.param) for one in batch.problems
    ]
    return BatchProblemsAnswer(data=told)


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None
