"""Batches and their lines with ordinary values, and their ports in memory."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from imagegate.app.batch_ports import (
    BatchPage,
    FilePage,
    StaleBatchError,
    SubjectClaim,
    SubjectTakenError,
    Write,
)
from imagegate.app.ports import Upload
from imagegate.domain.batch import Batch, BatchEndpoint, BatchStatus, RequestCounts
from imagegate.domain.batch_line import LineOutcome, LinePlace, LineResult
from imagegate.domain.event import Event
from imagegate.domain.file import FilePurpose, FileQuery, StoredFile
from imagegate.domain.ids import BatchId, FileId, ProjectId
from imagegate.domain.project import Role
from tests.builders import KEY_ID, NOW, PROJECT_ID

BATCH_ID = BatchId(f"batch_{1:032x}")
FILE_ID = FileId(f"file_{1:032x}")


def a_batch(**changes: Any) -> Batch:
    batch = Batch(
        id=BATCH_ID,
        project_id=PROJECT_ID,
        key_id=KEY_ID,
        role=Role.CLIENT,
        endpoint=BatchEndpoint.GENERATIONS,
        input_file_id=FILE_ID,
        input_key=f"files/{PROJECT_ID}/{FILE_ID}",
        status=BatchStatus.VALIDATING,
        created_at=NOW,
        window_ends_at=NOW + timedelta(hours=24),
        expires_at=NOW + timedelta(days=30),
    )
    return replace(batch, **changes)


def a_file(**changes: Any) -> StoredFile:
    file = StoredFile(
        id=FILE_ID,
        project_id=PROJECT_ID,
        purpose=FilePurpose.BATCH,
        filename="lines.jsonl",
        key=f"files/{PROJECT_ID}/{FILE_ID}",
        created_at=NOW,
        expires_at=NOW + timedelta(days=30),
        size_bytes=10,
    )
    return replace(file, **changes)


def a_line(custom_id: str = "one", **changes: Any) -> bytes:
    body = {"model": "painter/oils", "prompt": "a red circle"}
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/images/generations", "body": body, **changes}
    return json.dumps(line).encode() + b"\n"


@dataclass
class MemoryFileStore:
    """`FileStore` in a dictionary."""

    files: dict[FileId, StoredFile] = field(default_factory=dict)
    claims: dict[str, SubjectClaim] = field(default_factory=dict)

    def read(self, project_id: ProjectId, file_id: FileId) -> StoredFile | None:
        file = self.files.get(file_id)
        return file if file and file.project_id == project_id else None

    def add(self, file: StoredFile, claim: SubjectClaim | None = None) -> None:
        _claim(self.claims, claim)
        self.files[file.id] = file

    def delete(self, file: StoredFile) -> None:
        del self.files[file.id]

    def page(self, project_id: ProjectId, query: FileQuery) -> FilePage:
        files = [file for file in self.files.values() if file.project_id == project_id]
        return FilePage(files=tuple(files[: query.limit]), has_more=len(files) > query.limit)


@dataclass
class MemoryBatchStore:
    """`BatchStore` in a dictionary; `refuse` holds how many writes meet somebody else's."""

    batches: dict[BatchId, Batch] = field(default_factory=dict)
    claims: dict[str, SubjectClaim] = field(default_factory=dict)
    files: list[StoredFile] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    interfering: list[Batch] = field(default_factory=list)

    def read(self, project_id: ProjectId, batch_id: BatchId) -> Batch | None:
        batch = self.batches.get(batch_id)
        return batch if batch and batch.project_id == project_id else None

    def add(self, batch: Batch, claim: SubjectClaim | None = None) -> Batch:
        _claim(self.claims, claim)
        self.batches[batch.id] = replace(batch, version=1)
        return self.batches[batch.id]

    def write(self, batch: Batch, files: Sequence[StoredFile] = (), event: Event | None = None) -> Batch:
        if self.interfering:
            self.batches[batch.id] = replace(self.interfering.pop(0), version=batch.version + 1)
        if self.batches[batch.id].version != batch.version:
            raise StaleBatchError(batch.id)
        counts = batch.counts if batch.status.is_terminal else self.batches[batch.id].counts
        total = replace(counts, total=batch.counts.total)
        self.batches[batch.id] = replace(batch, version=batch.version + 1, counts=total)
        self.files += files
        self.events += [event] if event else []
        return self.batches[batch.id]

    def count(self, project_id: ProjectId, batch_id: BatchId, outcome: LineOutcome) -> None:
        batch = self.batches[batch_id]
        is_completed = outcome is LineOutcome.COMPLETED
        counts = RequestCounts(
            total=batch.counts.total,
            completed=batch.counts.completed + is_completed,
            failed=batch.counts.failed + (not is_completed),
        )
        self.batches[batch_id] = replace(batch, counts=counts)

    def page(self, project_id: ProjectId, limit: int, after: BatchId | None) -> BatchPage:
        return BatchPage(batches=tuple(self.batches.values())[:limit])


@dataclass
class MemoryObjects:
    """`FileObjects` in a dictionary."""

    objects: dict[str, bytes] = field(default_factory=dict)
    chunk_bytes: int = 1024

    def put(self, key: str, data: bytes, media_type: str) -> None:
        self.objects[key] = data

    def copy(self, source: str, destination: str) -> None:
        self.objects[destination] = self.objects[source]

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def size(self, key: str) -> int | None:
        return len(self.objects[key]) if key in self.objects else None

    def chunks(self, key: str) -> Iterator[bytes]:
        data = self.objects[key]
        return (data[start : start + self.chunk_bytes] for start in range(0, len(data), self.chunk_bytes))

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        return self.objects[key][offset : offset + length]

    @contextmanager
    def open(self, key: str, media_type: str) -> Iterator[Write]:
        written = bytearray()
        yield written.extend
        self.objects[key] = bytes(written)

    def url(self, key: str) -> str:
        return f"https://bucket.example/{key}"

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        return Upload(
            url=f"https://bucket.example/{key}", fields={}, max_bytes=max_bytes, lifetime_seconds=lifetime_seconds
        )


@dataclass
class MemoryLineResults:
    """`LineResults` in a dictionary."""

    results: dict[int, LineResult] = field(default_factory=dict)

    def add(self, batch: Batch, line: int, result: LineResult) -> bool:
        return self.results.setdefault(line, result) is result

    def read_all(self, batch: Batch, places: Iterator[LinePlace]) -> Iterator[tuple[LinePlace, LineResult | None]]:
        return ((place, self.results.get(place.number)) for place in places)


@dataclass
class FakeBatchRuns:
    """`BatchRuns` that keep what was started, or fail."""

    started: list[BatchId] = field(default_factory=list)
    error: Exception | None = None

    def start(self, batch: Batch) -> None:
        if self.error is not None:
            raise self.error
        self.started.append(batch.id)


def _claim(claims: dict[str, SubjectClaim], claim: SubjectClaim | None) -> None:
    if claim is None:
        return
    if claim.key in claims:
        raise SubjectTakenError(claims[claim.key])
    claims[claim.key] = claim
