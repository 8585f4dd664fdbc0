"""Generate: drive a job through all its steps in this process, for a caller who waits for the picture."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.conclude import Conclude
from imagegate.app.ports import Clock, JobStore, StaleJobError
from imagegate.domain.errors import InternalError
from imagegate.domain.job import Job
from imagegate.domain.project import Principal
from imagegate.domain.request import GenerationRequest

# API Gateway gives up after 29 seconds; what is left is for storing and publishing.
PATIENCE = timedelta(seconds=24)
# No poll comes sooner than this after the last, whatever a provider says.
_MIN_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A job that is over or still runs, with the bytes of those of its pictures that were made just now."""

    job: Job
    pictures: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Accept, submit, observe, collect, conclude; what cannot go on ends as a rejected or failed job."""

    accept: Accept
    advance: Advance
    conclude: Conclude
    jobs: JobStore
    clock: Clock
    sleep: Callable[[float], None]

    def __call__(
        self, principal: Principal, request: GenerationRequest, idempotency_key: str | None = None
    ) -> Generated:
        """Return the generation: finished, still running at a slow provider, or the one that the key stands for.

        Raises:
            CallerError: nothing was begun.
            InternalError: we failed; the job is failed, its budget settled, and the audit says so.
        """
        job = self.accept(principal, request, idempotency_key)
        if not job.open_attempts:
            return Generated(job=job)
        return self._guarded(job, self._drive)

    def resume(self, job: Job) -> Generated:
        """Move a job that is not over on by one poll of what is due, for whoever reads it."""
        return self._guarded(job, self._observe)

    def _drive(self, job: Job) -> Generated:
        pictures: dict[int, bytes] = {}
        deadline = self.clock() + PATIENCE
        while not job.status.is_terminal:
            advanced = self.advance.begin(job)
            job, pictures = advanced.job, pictures | advanced.pictures
            while job.open_attempts:
                pause = self._pause_seconds(job)
                if self.clock() + timedelta(seconds=pause) > deadline:
                    return Generated(job=job, pictures=pictures)
                self.sleep(pause)
                advanced = self.advance.poll(job)
                job, pictures = advanced.job, pictures | advanced.pictures
            job = self.conclude(job, pictures)
        return Generated(job=job, pictures=pictures)

    def _observe(self, job: Job) -> Generated:
        advanced = self.advance.poll(job)
        job = advanced.job
        if not job.open_attempts and job.attempts:
            job = self.conclude(job, advanced.pictures)
            if job.open_attempts:
                job = self.advance.begin(job).job
        return Generated(job=job)

    def _pause_seconds(self, job: Job) -> float:
        now = self.clock()
        first = min(attempt.poll_at or now for attempt in job.open_attempts)
        return max((first - now).total_seconds(), _MIN_PAUSE_SECONDS)

    def _guarded(self, job: Job, drive: Callable[[Job], Generated]) -> Generated:
        try:
            return drive(job)
        except StaleJobError as error:
            # Somebody else observes the same job, such as whoever reads it while its maker waits: theirs is the truth.
            latest = self.jobs.read(job.id)
            if latest is None:
                raise self._abandon(job, error) from error
            return Generated(job=latest)
        except Exception as error:
            raise self._abandon(job, error) from error

    def _abandon(self, job: Job, error: Exception) -> InternalError:
        """End the job as failed and return the error to raise: ours, with the generation's id and nothing inside."""
        failure = InternalError(
            f"The gateway failed while working on {job.id}. Repeat the request later.", generation_id=job.id
        )
        failure.add_note(f"caused by {type(error).__name__}")
        try:
            latest = self.jobs.read(job.id)
            if latest is not None and not latest.status.is_terminal:
                self.conclude.abandon(latest, failure)
        except Exception as second:
            # The table itself cannot be reached: the job stays as it was written last.
            raise failure from second
        return failure
