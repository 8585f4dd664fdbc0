"""Reconcile: find the jobs that nobody drives any more and settle each of them; the last resort behind all others.

Whatever died between two steps left its job as it was written last, with the moment after which that cannot be right:
its execution never started or failed, or the function with a caller at its end was killed. The reconciler neither sends
nor asks a provider itself. It writes the job, so that of several reconcilers only one goes on, and starts the machine,
whose own steps search for what was sent and never send it again. A job that not even the machine has moved for an hour
after its deadline is given up, with what may have been charged.

A job cannot expire while it is open: its deadline is an hour after its creation and its record is kept for 30 days.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from imagegate.app.free_slots import FreeSlots
from imagegate.app.generation_ports import DueJobs
from imagegate.app.ports import Clock, JobRuns, JobStore, JobWrite, StaleJobError
from imagegate.app.publish import Publish
from imagegate.app.sweep import Sweep
from imagegate.domain.errors import InternalError
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job
from imagegate.domain.progress import take_up

# The machine has been started several times by then, and no work may begin after the deadline.
ABANDONED_AFTER = timedelta(hours=1)
# As many as fit into the function's time; the rest are found a minute later.
MOST_JOBS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What one run did; `failures` are jobs that could not be settled, and why."""

    restarted: int = 0
    abandoned: int = 0
    released_slots: int = 0
    swept_objects: int = 0
    failures: tuple[tuple[JobId, Exception], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    """Runs every minute; a run that is cut off, or that meets another one, does no harm."""

    lists: DueJobs
    shards: int
    jobs: JobStore
    runs: JobRuns
    publish: Publish
    free_slots: FreeSlots
    sweep: Sweep
    clock: Clock

    def __call__(self, as_of: datetime | None = None) -> Reconciled:
        """Settle what is overdue now, or would be at a later moment: what runs at present then counts as dead."""
        moment = as_of or self.clock()
        restarted, abandoned = 0, 0
        failures: list[tuple[JobId, Exception]] = []
        for job_id in self._due(moment):
            try:
                job = self._read(job_id, moment)
                if job is None:
                    continue
                if moment >= job.deadline_at + ABANDONED_AFTER:
                    abandoned += self._abandon(job)
                else:
                    restarted += self._restart(job, moment)
            except Exception as error:  # noqa: BLE001 - one that cannot be settled must not keep the others waiting
                failures.append((job_id, error))
        return Reconciled(
            restarted=restarted,
            abandoned=abandoned,
            released_slots=self.free_slots(),
            swept_objects=self.sweep(),
            failures=tuple(failures),
        )

    def _due(self, moment: datetime) -> tuple[JobId, ...]:
        return tuple(job_id for shard in range(self.shards) for job_id in self.lists.due(moment, shard))[:MOST_JOBS]

    def _read(self, job_id: JobId, moment: datetime) -> Job | None:
        """Return the job if it is overdue indeed: the list follows the jobs a moment later."""
        job = self.jobs.read(job_id)
        return job if job is not None and job.check_at is not None and job.check_at <= moment else None

    def _restart(self, job: Job, moment: datetime) -> bool:
        try:
            # A new version, since an execution of the old one may have run and died.
            taken = self.jobs.write(JobWrite(job=take_up(job, moment, self.clock())))
        except StaleJobError:
            return False
        self.runs.start(taken)
        return True

    def _abandon(self, job: Job) -> bool:
        message = f"The gateway failed while working on {job.id}. Repeat the request later."
        try:
            self.publish.abandon(job, InternalError(message, generation_id=job.id))
        except StaleJobError:
            return False
        return True
