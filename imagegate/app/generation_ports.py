"""What lists, deletions and the reconciler need from the world, each as a small Protocol named for the need."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imagegate.domain.audit import AuditEvent
from imagegate.domain.ids import JobId, ProjectId
from imagegate.domain.job import Job
from imagegate.domain.listing import JobQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Some jobs, and after which id the next page begins, which need not be the id of one of them."""

    jobs: tuple[Job, ...] = ()
    last_id: JobId | None = None
    has_more: bool = False


class JobList(Protocol):
    """Lists the jobs of projects; what a moment has changed may not show yet."""

    def page(self, project_id: ProjectId, query: JobQuery) -> JobPage:
        """Return a page; where few of very many jobs are wanted it may be short although there are more."""
        ...


class DueJobs(Protocol):
    """Finds the jobs that nobody drives any more; they are spread over shards, which are asked one by one."""

    def due(self, now: datetime, shard: int) -> tuple[JobId, ...]:
        """Return the jobs of a shard whose `check_at` has passed, the longest overdue first.

        What a moment has changed may not show yet, so each job is to be read before anything is done to it.
        """
        ...


class JobErasure(Protocol):
    """Deletes jobs for good."""

    def erase(self, job: Job, event: AuditEvent) -> None:
        """Delete a job, and write down that it was, in one stroke.

        Raises:
            StaleJobError: the job was written or deleted by somebody else meanwhile.
        """
        ...


class CallbackErasure(Protocol):
    """Deletes what providers told of attempts."""

    def erase(self, job_id: JobId, attempt: int) -> None:
        """Delete the callbacks of an attempt; it is no error that there are none."""
        ...
