"""Sweep: delete quarantined pictures that nobody will ask for, a page at a time.

Kept are those of jobs that are not over, and those of rejected jobs, which an appeal looks at again: the bucket's own
lifecycle removes them a week after they were stored.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from imagegate.app.ports import Clock, ImageStore, JobStore, StoredObject
from imagegate.domain.ids import JobId
from imagegate.domain.job import Status
from shared_names import QUARANTINE_PREFIX

# Longer than any job lives.
YOUNGEST = timedelta(hours=24)
PAGE = 100
# Between the end of the bucket and the next beginning.
PAUSE = timedelta(hours=1)
_SWEPT_STATUSES = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELED})


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepMark:
    """Where the sweep stands: behind which key, and not before which moment it goes on."""

    after: str = ""
    resumes_at: datetime | None = None


class SweepMarks(Protocol):
    """Keeps where the sweep stands."""

    def read(self) -> SweepMark:
        """Return the mark, or one at the beginning."""
        ...

    def write(self, mark: SweepMark) -> None:
        """Replace the mark."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Looks at one page of quarantine with each call."""

    images: ImageStore
    jobs: JobStore
    marks: SweepMarks
    clock: Clock

    def __call__(self) -> int:
        """Return how many objects were deleted."""
        now, mark = self.clock(), self.marks.read()
        if mark.resumes_at is not None and now < mark.resumes_at:
            return 0
        page = self.images.list(QUARANTINE_PREFIX, mark.after, PAGE)
        unwanted = self._unwanted([one for one in page if one.stored_at + YOUNGEST <= now])
        for one in unwanted:
            self.images.delete(one.key)
        at_end = len(page) < PAGE
        self.marks.write(SweepMark(resumes_at=now + PAUSE) if at_end else SweepMark(after=page[-1].key))
        return len(unwanted)

    def _unwanted(self, old: list[StoredObject]) -> list[StoredObject]:
        keeps = {job_id: self._keeps(job_id) for job_id in {_job_of(one) for one in old}}
        return [one for one in old if not keeps[_job_of(one)]]

    def _keeps(self, job_id: JobId) -> bool:
        job = self.jobs.read(job_id)
        return job is not None and job.status not in _SWEPT_STATUSES


def _job_of(stored: StoredObject) -> JobId:
    """Return the job in a key, which is `quarantine/<project>/<job>/<attempt>-<index>.<format>`."""
    return JobId(stored.key.split("/")[2])
