"""What files and batches need from the world, each as a small Protocol named for the need."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imagegate.app.ports import Upload
from imagegate.domain.batch import Batch
from imagegate.domain.batch_line import LineOutcome, LinePlace, LineResult
from imagegate.domain.event import Event
from imagegate.domain.file import FileQuery, StoredFile
from imagegate.domain.ids import BatchId, FileId, ProjectId
from imagegate.domain.wire import HttpRequest

Write = Callable[[bytes], None]
"""Adds bytes at the end of an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectClaim:
    """The first request with a key owns it; `subject_id` is the file or batch that it made."""

    project_id: ProjectId
    key: str
    fingerprint: str
    subject_id: str
    expires_at: datetime


class SubjectTakenError(Exception):
    """Another request owns this idempotency key."""

    def __init__(self, owner: SubjectClaim) -> None:
        super().__init__(owner.subject_id)
        self.owner = owner


class StaleBatchError(Exception):
    """Somebody else has written the batch since it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """Some files, and whether there are more."""

    files: tuple[StoredFile, ...]
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """Some batches, the newest first, and whether there are more."""

    batches: tuple[Batch, ...]
    has_more: bool = False


class FileStore(Protocol):
    """Keeps the records of files."""

    def read(self, project_id: ProjectId, file_id: FileId) -> StoredFile | None:
        """Return the file, or None."""
        ...

    def add(self, file: StoredFile, claim: SubjectClaim | None = None) -> None:
        """Write a new file.

        Raises:
            SubjectTakenError: the idempotency key has an owner already.
        """
        ...

    def delete(self, file: StoredFile) -> None:
        """Delete the record for good; it is no error that it is gone."""
        ...

    def page(self, project_id: ProjectId, query: FileQuery) -> FilePage:
        """Return files of a project."""
        ...


class FileObjects(Protocol):
    """Keeps the bytes of files, which may be larger than memory."""

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Store bytes under a key."""
        ...

    def copy(self, source: str, destination: str) -> None:
        """Copy an object without reading it here."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; it is no error that there is none."""
        ...

    def size(self, key: str) -> int | None:
        """Return how many bytes lie under a key, or None where there is nothing."""
        ...

    def chunks(self, key: str) -> Iterator[bytes]:
        """Return the bytes under a key, piece by piece."""
        ...

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Return some of the bytes under a key."""
        ...

    def open(self, key: str, media_type: str) -> AbstractContextManager[Write]:
        """Store what is written in the block, which appears whole at its end or, if it is left by an error, not."""
        ...

    def url(self, key: str) -> str:
        """Return a signed address that works for a limited time."""
        ...

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        """Return a form with which somebody else may store one object of this type and at most this size."""
        ...


class BatchStore(Protocol):
    """Keeps batches, and what must change in the same moment as they do."""

    def read(self, project_id: ProjectId, batch_id: BatchId) -> Batch | None:
        """Return the batch with its latest counts, or None."""
        ...

    def add(self, batch: Batch, claim: SubjectClaim | None = None) -> Batch:
        """Write a new batch and return it with its version.

        Raises:
            SubjectTakenError: the idempotency key has an owner already.
        """
        ...

    def write(self, batch: Batch, files: Sequence[StoredFile] = (), event: Event | None = None) -> Batch:
        """Write everything or nothing and return the batch with its new version.

        Raises:
            StaleBatchError: the batch was written by somebody else meanwhile.
        """
        ...

    def count(self, project_id: ProjectId, batch_id: BatchId, outcome: LineOutcome) -> None:
        """Count one more line that is over."""
        ...

    def page(self, project_id: ProjectId, limit: int, after: BatchId | None) -> BatchPage:
        """Return batches of a project, the newest first."""
        ...


class LineResults(Protocol):
    """Keeps the result of each line of a batch until all are over."""

    def add(self, batch: Batch, line: int, result: LineResult) -> bool:
        """Keep a result; False when there is one already, which stays."""
        ...

    def read_all(self, batch: Batch, places: Iterator[LinePlace]) -> Iterator[tuple[LinePlace, LineResult | None]]:
        """Return what is kept of each line, in the order of the places, with None for a line that has nothing."""
        ...


class Download(Protocol):
    """Reads answers that may be larger than memory."""

    def __call__(self, request: HttpRequest, provider_id: str) -> AbstractContextManager[Iterator[bytes]]:
        """Return the body of a successful answer, piece by piece, for the length of the block.

        Raises:
            TransportError: there is none, or it broke off.
        """
        ...


class BatchRuns(Protocol):
    """Starts what drives a batch."""

    def start(self, batch: Batch) -> None:
        """Start driving a batch, unless it was started before."""
        ...
