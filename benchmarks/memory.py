"""The gateway's ports in memory, as far as one generation that a caller waits for uses them: they take and forget."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from imagegate.app.ports import JobWrite, KeptCallback, StoredObject, Upload
from imagegate.domain.ids import JobId, KeyId, ProjectId
from imagegate.domain.job import Job
from imagegate.domain.project import ApiKey, Project
from imagegate.domain.wire import HttpRequest, HttpResponse

PROJECT: Final = Project(id=ProjectId("prj_benchmark"), name="benchmark", created_at=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(slots=True)
class Records:
    """The stores of jobs and projects; a benchmark never reads a job or a key back."""

    def read(self, job_id: JobId) -> Job | None:
        """Return nothing."""
        return None

    def write(self, write: JobWrite) -> Job:
        """Count the write."""
        return replace(write.job, version=write.job.version + 1)

    def read_project(self, project_id: ProjectId) -> Project | None:
        """Return the one project there is."""
        return PROJECT if project_id == PROJECT.id else None

    def write_project(self, project: Project) -> None:
        """Forget it."""

    def read_key(self, key_hash: str) -> ApiKey | None:
        """Return nothing."""
        return None

    def write_key(self, api_key: ApiKey) -> None:
        """Forget it."""

    def find_key(self, key_id: KeyId) -> ApiKey | None:
        """Return nothing."""
        return None


@dataclass(slots=True)
class Pictures:
    """Takes pictures and forgets them."""

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Take it."""

    def copy(self, source: str, destination: str) -> None:
        """Do nothing."""

    def read(self, key: str) -> bytes:
        """Return nothing."""
        return b""

    def find(self, key: str) -> bytes | None:
        """Return nothing."""
        return None

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> tuple[StoredObject, ...]:
        """Return nothing."""
        return ()

    def delete(self, key: str) -> None:
        """Do nothing."""

    def url(self, key: str) -> str:
        """Return nothing."""
        return ""

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        """Return a form that leads nowhere."""
        return Upload(url="", fields={}, max_bytes=max_bytes, lifetime_seconds=lifetime_seconds)


@dataclass(frozen=True, slots=True)
class Vendor:
    """Answers every request alike."""

    answer: bytes

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        """Return the answer."""
        return HttpResponse(status=200, headers={}, body=self.answer)


@dataclass(slots=True)
class Callbacks:
    """Nobody calls back."""

    def add(self, job_id: JobId, attempt: int, event_id: str, callback: KeptCallback) -> bool:
        """Forget it."""
        return True

    def read(self, job_id: JobId, attempt: int) -> tuple[KeptCallback, ...]:
        """Return nothing."""
        return ()


@dataclass(slots=True)
class Runs:
    """No machine goes on with what a caller waits for."""

    def start(self, job: Job) -> None:
        """Do nothing."""

    def keep_token(self, job_id: JobId, token: str) -> None:
        """Do nothing."""

    def wake(self, job_id: JobId) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Slots:
    """No operator limits anything."""

    def acquire(self, provider_id: str, holder: str, limit: int) -> bool:
        """Let everybody through."""
        return True

    def count(self, provider_id: str, holder: str) -> None:
        """Do nothing."""

    def release(self, provider_id: str, holder: str) -> None:
        """Do nothing."""

    def holders(self, provider_id: str) -> frozenset[str]:
        """Return nobody."""
        return frozenset()
