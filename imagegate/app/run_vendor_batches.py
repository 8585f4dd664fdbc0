"""Run vendor batches: send the lines that travel in providers' own batches, wait for those, and record each line.

Nothing is created twice: what may have been created is looked for by its name, and what is not found is not repeated.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from imagegate.app.advance import LONGEST_SEARCH
from imagegate.app.ask_vendor import AskVendor, Told
from imagegate.app.batch_ports import BatchStore
from imagegate.app.ports import Clock, TransportError
from imagegate.app.settle_line import SettleLine, job_of
from imagegate.app.vendor_chunks import Chunk, Passenger, VendorChunks
from imagegate.app.work_on_line import Endpoints, LineStep, LineTask, WorkOnLine
from imagegate.domain.batch import Batch, Skip, skip_reason
from imagegate.domain.errors import OutcomeUnknownError
from imagegate.domain.ids import BatchId, ProjectId
from imagegate.domain.provider import Failed
from imagegate.domain.vendor_batch import (
    LONGEST_BATCH,
    CreateBatch,
    LookAtBatch,
    UploadLines,
    VendorBatch,
    pause_seconds,
)

# The function has 15 minutes; what is left of them is for the line that it is at.
LONGEST_CALL = timedelta(minutes=10)
_AT_ONCE_SECONDS = 1


class OutOfTimeError(Exception):
    """The function's time is nearly over; its next call goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVendorBatches:
    """Each call moves every chunk of a batch on by one step, and may be repeated."""

    batches: BatchStore
    chunks: VendorChunks
    ask: AskVendor
    settle: SettleLine
    work_on_line: WorkOnLine
    clock: Clock

    def __call__(self, project_id: ProjectId, batch_id: BatchId, endpoints: Endpoints) -> int | None:
        """Return for how many seconds to leave them alone; None where all their lines are over."""
        batch = self.batches.read(project_id, batch_id)
        if batch is None or batch.status.is_terminal:
            return None
        chunks = self.chunks.read(batch)
        trip = _Trip(run=self, batch=batch, endpoints=endpoints, chunks=chunks, stop_at=self.clock() + LONGEST_CALL)
        try:
            for chunk in tuple(chunks):
                if not chunk.is_over:
                    trip.move(chunk)
        except OutOfTimeError:
            return _AT_ONCE_SECONDS
        waiting = [one for one in chunks if not one.is_over]
        if not waiting:
            return None
        since = min((one.creating_at for one in waiting if one.creating_at is not None), default=self.clock())
        return pause_seconds(since, self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trip:
    """One call's work on one batch."""

    run: RunVendorBatches
    batch: Batch
    endpoints: Endpoints
    chunks: list[Chunk]
    stop_at: datetime

    def move(self, chunk: Chunk) -> None:
        """Take the next steps of a chunk, as far as they can be taken now."""
        self._check_time()
        if chunk.batch_id is not None:
            return self._look(chunk, chunk.batch_id)
        if chunk.is_unsure:
            return self._search(chunk)
        skip = skip_reason(self.batch, self.run.clock())
        if skip is not None:
            return self._skip(chunk, skip)
        return self._send(chunk)

    def _send(self, chunk: Chunk) -> None:
        adapter = self.run.ask.adapter(chunk.provider)
        if chunk.file_id is None:
            passengers = self.run.chunks.passengers(self.batch, chunk)
            data = b"".join(self.run.settle.send(one.job_id, adapter) for one in passengers)
            if not data:
                return self._end(chunk, None)
            uploaded = self.run.ask(chunk.provider, UploadLines(data=data))
            if not isinstance(uploaded, tuple):
                return self._not_begun(chunk, uploaded)
            chunk = self._save(replace(chunk, file_id=uploaded[0].id))
        return self._create(chunk, chunk.file_id or "")

    def _create(self, chunk: Chunk, file_id: str) -> None:
        chunk = self._save(replace(chunk, creating_at=self.run.clock(), is_unsure=True))
        told = self.run.ask(chunk.provider, CreateBatch(file_id=file_id, name=self._name(chunk)))
        match told:
            case (VendorBatch(id=batch_id), *_):
                self._save(replace(chunk, batch_id=batch_id, is_unsure=False))
            case Failed():
                self._not_begun(self._save(replace(chunk, is_unsure=False)), told)
            case _:
                return

    def _not_begun(self, chunk: Chunk, told: Told) -> None:
        """Try again later where that may help, which costs nothing; else every line has failed."""
        if isinstance(told, Failed) and not told.error.retryable:
            self._end(chunk, told)

    def _search(self, chunk: Chunk) -> None:
        found = self.run.ask.find(chunk.provider, self._name(chunk))
        if found is not None:
            self._look(self._save(replace(chunk, batch_id=found, is_unsure=False)), found)
        elif self._age(chunk) >= LONGEST_SEARCH:
            self._end(chunk, _lost(chunk))

    def _look(self, chunk: Chunk, batch_id: str) -> None:
        told = self.run.ask(chunk.provider, LookAtBatch(batch_id=batch_id))
        if isinstance(told, tuple) and told and told[0].is_over:
            try:
                self._collect(chunk, told[0])
            except TransportError:
                # The rest of its results is there at the next look, too.
                self._give_up_late(chunk)
            return
        self._give_up_late(chunk)

    def _give_up_late(self, chunk: Chunk) -> None:
        if self._age(chunk) >= LONGEST_BATCH:
            self._end(chunk, _lost(chunk))

    def _collect(self, chunk: Chunk, vendor_batch: VendorBatch) -> None:
        passengers = {one.job_id: one for one in self.run.chunks.passengers(self.batch, chunk)}
        for file_id in vendor_batch.files:
            for line in self.run.ask.results(chunk.provider, file_id):
                self._check_time()
                passenger = passengers.get(job_of(line))
                if passenger is not None:
                    self.run.settle.receive(line)
                    self._record(passenger)
        self._end(chunk, vendor_batch.failure or _lost(chunk))

    def _end(self, chunk: Chunk, failed: Failed | None) -> None:
        """End every generation of a chunk that is still open, and the chunk once all its lines are recorded."""
        is_over = True
        for one in self.run.chunks.passengers(self.batch, chunk):
            self._check_time()
            if failed is not None:
                self.run.settle.end(one.job_id, lambda _job, _attempt: failed)
            is_over = self._record(one) and is_over
        self._save(replace(chunk, is_over=is_over))

    def _skip(self, chunk: Chunk, skip: Skip) -> None:
        for one in self.run.chunks.passengers(self.batch, chunk):
            self._check_time()
            if self.run.settle.drop(one.job_id):
                self.run.work_on_line.skip(self._task(one), skip)
        self._end(chunk, None)

    def _record(self, passenger: Passenger) -> bool:
        verdict = self.run.work_on_line.record(self._task(passenger), passenger.job_id, self.endpoints)
        return verdict.next is LineStep.DONE

    def _task(self, passenger: Passenger) -> LineTask:
        return LineTask(project_id=self.batch.project_id, batch_id=self.batch.id, place=passenger.place)

    def _save(self, chunk: Chunk) -> Chunk:
        self.chunks[chunk.number - 1] = chunk
        self.run.chunks.save(self.batch, self.chunks)
        return chunk

    def _name(self, chunk: Chunk) -> str:
        return f"{self.batch.id}/{chunk.number}"

    def _age(self, chunk: Chunk) -> timedelta:
        now = self.run.clock()
        return now - (chunk.creating_at or now)

    def _check_time(self) -> None:
        if self.run.clock() >= self.stop_at:
            raise OutOfTimeError


def _lost(chunk: Chunk) -> Failed:
    message = (
        f"{chunk.provider}'s batch ended without a word about this request, or was lost. It may have been charged, so "
        "it was not sent again."
    )
    return Failed(error=OutcomeUnknownError(message))
