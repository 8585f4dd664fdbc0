"""Work on a line: accept its generation like any other, and keep its result once the generation is over."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from imagegate.app.accept import Accept
from imagegate.app.batch_ports import BatchStore, FileObjects, LineResults
from imagegate.app.ports import Clock, JobStore
from imagegate.app.receive_images import ReceiveImages
from imagegate.app.validate_batch import input_key
from imagegate.app.vendor_chunks import VendorChunks
from imagegate.domain.batch import Batch, BatchEndpoint, Skip, skip_reason
from imagegate.domain.batch_line import (
    BatchLine,
    LineAnswer,
    LinePlace,
    LineResult,
    answered,
    lost,
    read_line,
    request_id,
    skipped,
)
from imagegate.domain.errors import ImagegateError
from imagegate.domain.ids import BatchId, JobId, ProjectId
from imagegate.domain.image import ImageSource
from imagegate.domain.job import Job, Status
from imagegate.domain.project import Principal
from imagegate.domain.request import GenerationRequest

# How long after its deadline a generation that nobody drives is waited for, which the reconciler ends.
_LONGEST_AFTER_DEADLINE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRequest:
    """What a line asks for, before its pictures are stored."""

    request: GenerationRequest
    images: tuple[ImageSource, ...] = ()
    mask: ImageSource | None = None


ReadRequest = Callable[[BatchEndpoint, BatchLine], LineRequest]
"""Reads the body of a line as its endpoint does; raises CallerError."""

TellJob = Callable[[BatchLine, Job, str], LineAnswer]
"""Tells a generation that is over as the endpoint would, under this request id."""

TellError = Callable[[ImagegateError, str], LineAnswer]
"""Tells an error as the endpoint would, under this request id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTask:
    """Which line of which batch."""

    project_id: ProjectId
    batch_id: BatchId
    place: LinePlace


class LineStep(StrEnum):
    """What is to be done about a line next."""

    RUN = "run"
    # It travels in a batch of its provider's, which is sent once all lines are begun.
    TRAVEL = "travel"
    WAIT = "wait"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVerdict:
    """Where a line stands, and its generation if it has one."""

    next: LineStep
    job_id: JobId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """How the endpoints read bodies and tell answers."""

    read: ReadRequest
    tell_job: TellJob
    tell_error: TellError


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOnLine:
    """Each step may be repeated: a line has one generation and one result, and is counted once."""

    batches: BatchStore
    objects: FileObjects
    results: LineResults
    accept: Accept
    receive_images: ReceiveImages
    jobs: JobStore
    chunks: VendorChunks
    clock: Clock

    def begin(self, task: LineTask, endpoints: Endpoints) -> LineVerdict:
        """Accept the line's generation, unless the batch has no time left for it or its request is wrong."""
        batch = self.batches.read(task.project_id, task.batch_id)
        if batch is None or batch.status.is_terminal:
            return LineVerdict(next=LineStep.DONE)
        line = self.read(batch, task.place)
        skip = skip_reason(batch, self.clock())
        if skip is not None:
            return self._keep(batch, task.place, skipped(batch.id, task.place.number, line.custom_id, skip))
        try:
            job = self._accept(batch, task.place, line, endpoints.read)
        except ImagegateError as error:
            told = endpoints.tell_error(error, request_id(batch.id, task.place.number))
            return self._keep(batch, task.place, answered(batch.id, task.place.number, line.custom_id, told))
        if job.status.is_terminal:
            return self._tell(batch, task.place, line, job, endpoints)
        if any(one.in_batch for one in job.attempts):
            self.chunks.add(batch, task.place.number, job.target.provider, job.id)
            return LineVerdict(next=LineStep.TRAVEL, job_id=job.id)
        return LineVerdict(next=LineStep.RUN, job_id=job.id)

    def skip(self, task: LineTask, reason: Skip) -> LineVerdict:
        """Keep that a line was not begun, as what it was to travel in was never sent."""
        batch = self.batches.read(task.project_id, task.batch_id)
        if batch is None or batch.status.is_terminal:
            return LineVerdict(next=LineStep.DONE)
        custom_id = self.read(batch, task.place).custom_id
        return self._keep(batch, task.place, skipped(batch.id, task.place.number, custom_id, reason))

    def record(self, task: LineTask, job_id: JobId, endpoints: Endpoints) -> LineVerdict:
        """Keep the result of the line's generation, or wait where it is not over."""
        batch, job = self.batches.read(task.project_id, task.batch_id), self.jobs.read(job_id)
        if batch is None or batch.status.is_terminal:
            return LineVerdict(next=LineStep.DONE)
        line, number = self.read(batch, task.place), task.place.number
        if job is None or self.clock() > job.deadline_at + _LONGEST_AFTER_DEADLINE:
            return self._keep(batch, task.place, lost(batch.id, number, line.custom_id))
        if not job.status.is_terminal and job.status is not Status.NEEDS_REVIEW:
            return LineVerdict(next=LineStep.WAIT, job_id=job_id)
        return self._tell(batch, task.place, line, job, endpoints)

    def abandon(self, task: LineTask) -> LineVerdict:
        """Keep that a line was lost whose steps fail again and again."""
        batch = self.batches.read(task.project_id, task.batch_id)
        if batch is None or batch.status.is_terminal:
            return LineVerdict(next=LineStep.DONE)
        line = self.read(batch, task.place)
        return self._keep(batch, task.place, lost(batch.id, task.place.number, line.custom_id))

    def read(self, batch: Batch, place: LinePlace) -> BatchLine:
        """Return a line of the batch's own copy of its file, which was validated."""
        return read_line(self.objects.read_range(input_key(batch), place.offset, place.length), batch.endpoint)

    def _accept(self, batch: Batch, place: LinePlace, line: BatchLine, read: ReadRequest) -> Job:
        principal = Principal(project_id=batch.project_id, key_id=batch.key_id, role=batch.role)
        wanted = read(batch.endpoint, line)
        images = self.receive_images(principal, wanted.images)
        mask = self.receive_images(principal, [wanted.mask])[0] if wanted.mask else None
        request = replace(wanted.request, input_images=images, mask=mask)
        # Never in the way of a key of the caller's own, since nobody knows the batch's id before it is told.
        return self.accept(principal, request, f"{batch.id}/{place.number}", in_batch=True).job

    def _tell(self, batch: Batch, place: LinePlace, line: BatchLine, job: Job, endpoints: Endpoints) -> LineVerdict:
        told = endpoints.tell_job(line, job, request_id(batch.id, place.number))
        return self._keep(batch, place, answered(batch.id, place.number, line.custom_id, told))

    def _keep(self, batch: Batch, place: LinePlace, result: LineResult) -> LineVerdict:
        if self.results.add(batch, place.number, result):
            self.batches.count(batch.project_id, batch.id, result.outcome)
        return LineVerdict(next=LineStep.DONE)
