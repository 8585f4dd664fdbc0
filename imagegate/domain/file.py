"""Files: texts that a project uploads for its batches, and those that a batch leaves behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from imagegate.domain.ids import FileId, ProjectId

FILE_RETENTION = timedelta(days=30)
MAX_BATCH_FILE_BYTES = 200 * 1024 * 1024
JSONL = "application/jsonl"


class FilePurpose(StrEnum):
    """What a file is for."""

    BATCH = "batch"
    BATCH_OUTPUT = "batch_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file; `size_bytes` is None while only its owner knows whether the upload is complete."""

    id: FileId
    project_id: ProjectId
    purpose: FilePurpose
    filename: str
    key: str
    created_at: datetime
    expires_at: datetime
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuery:
    """Which files of a project to list, the newest first unless `is_ascending`."""

    limit: int
    after: FileId | None = None
    purpose: FilePurpose | None = None
    is_ascending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file as its sender gave it, and how long to keep it."""

    filename: str
    data: bytes
    retention: timedelta = FILE_RETENTION
