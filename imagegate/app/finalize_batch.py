"""Finalize: put the results of all lines together in order, and end the batch; no memory grows with their number."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from imagegate.app.batch_ports import BatchStore, FileObjects, LineResults, StaleBatchError, Write
from imagegate.app.manage_files import new_file
from imagegate.app.ports import Clock, NewId
from imagegate.app.validate_batch import input_key, manifest_key, read_manifest
from imagegate.domain.batch import (
    Batch,
    BatchProblem,
    BatchStatus,
    RequestCounts,
    batch_event,
    fail,
    finalize,
    finish,
)
from imagegate.domain.batch_line import LineOutcome, LinePlace, LineResult, lost, read_line
from imagegate.domain.errors import InternalError
from imagegate.domain.file import JSONL, FilePurpose, StoredFile
from imagegate.domain.ids import BatchId, EventId, FileId, ProjectId

_OUTPUT = "output"
_ERROR = "error"


@dataclass(slots=True, kw_only=True)
class _Sink:
    """One of the two files on its way."""

    file: StoredFile
    write: Write
    size_bytes: int = 0

    def add(self, data: bytes) -> None:
        """Write a line."""
        self.write(data)
        self.size_bytes += len(data)


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """What was put together so far; a file is begun with its first line."""

    counts: Counter[LineOutcome] = field(default_factory=Counter)
    sinks: dict[str, _Sink] = field(default_factory=dict)

    def total(self) -> RequestCounts:
        """Return the true counts."""
        completed = self.counts[LineOutcome.COMPLETED]
        return RequestCounts(total=self.counts.total(), completed=completed, failed=self.counts.total() - completed)

    def files(self) -> dict[str, StoredFile]:
        """Return the files that there are, with their sizes."""
        return {name: replace(sink.file, size_bytes=sink.size_bytes) for name, sink in self.sinks.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizeBatch:
    """The only place where a batch becomes terminal after it was validated."""

    batches: BatchStore
    objects: FileObjects
    results: LineResults
    clock: Clock
    new_id: NewId

    def __call__(self, project_id: ProjectId, batch_id: BatchId) -> Batch | None:
        """Return the batch with its output and error files; a repeat after its end changes nothing."""
        batch = self.batches.read(project_id, batch_id)
        if batch is None or batch.status.is_terminal:
            return batch
        if batch.status is not BatchStatus.FINALIZING:
            batch = self._close(batch)
        gathered = _Gathered()
        with ExitStack() as stack:
            for result in self._results(batch):
                self._add(batch, gathered, result, stack)
        return self._end(batch, gathered)

    def fail(self, project_id: ProjectId, batch_id: BatchId) -> Batch | None:
        """End a batch whose steps fail again and again; the generations that it made stay as they are."""
        batch = self.batches.read(project_id, batch_id)
        if batch is None or batch.status.is_terminal:
            return batch
        message = "The gateway failed while working on this batch. Look at your generations before you send it again."
        now = self.clock()
        failed = fail(batch, (BatchProblem(code=InternalError.code, message=message),), now)
        return self.batches.write(failed, event=batch_event(failed, EventId(self.new_id("evt")), now))

    def _close(self, batch: Batch) -> Batch:
        while True:
            try:
                return self.batches.write(finalize(batch, self.clock()))
            except StaleBatchError:
                # Somebody canceled it, which happens once.
                latest = self.batches.read(batch.project_id, batch.id)
                if latest is None or latest.status.is_terminal:
                    raise
                batch = latest

    def _results(self, batch: Batch) -> Iterator[LineResult]:
        places = read_manifest(self.objects.chunks(manifest_key(batch)))
        for place, result in self.results.read_all(batch, places):
            yield result or self._lost(batch, place)

    def _lost(self, batch: Batch, place: LinePlace) -> LineResult:
        data = self.objects.read_range(input_key(batch), place.offset, place.length)
        return lost(batch.id, place.number, read_line(data, batch.endpoint).custom_id)

    def _add(self, batch: Batch, gathered: _Gathered, result: LineResult, stack: ExitStack) -> None:
        gathered.counts[result.outcome] += 1
        name = _OUTPUT if result.outcome is LineOutcome.COMPLETED else _ERROR
        if name not in gathered.sinks:
            file = self._new_file(batch, name)
            write = stack.enter_context(self.objects.open(file.key, JSONL))
            gathered.sinks[name] = _Sink(file=file, write=write)
        gathered.sinks[name].add(result.data)

    def _new_file(self, batch: Batch, name: str) -> StoredFile:
        file_id, purpose = FileId(self.new_id("file")), FilePurpose.BATCH_OUTPUT
        file = new_file(file_id, batch.project_id, purpose, f"{batch.id}_{name}.jsonl", self.clock())
        return replace(file, expires_at=file.created_at + batch.output_retention)

    def _end(self, batch: Batch, gathered: _Gathered) -> Batch:
        now, files = self.clock(), gathered.files()
        ended = finish(
            batch,
            gathered.total(),
            output=files[_OUTPUT].id if _OUTPUT in files else None,
            error=files[_ERROR].id if _ERROR in files else None,
            has_expired=gathered.counts[LineOutcome.EXPIRED] > 0,
            now=now,
        )
        event = batch_event(ended, EventId(self.new_id("evt")), now)
        return self.batches.write(ended, files=tuple(files.values()), event=event)
