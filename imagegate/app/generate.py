"""Generate: accept a request and drive its job in this process while its caller waits, or leave it to the machine."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from imagegate.app.accept import Accept
from imagegate.app.ports import Clock, JobRuns, JobStore, RunNotStartedError, StaleJobError
from imagegate.app.steps import Steps
from imagegate.domain.errors import InternalError
from imagegate.domain.job import Job
from imagegate.domain.preference import Preference
from imagegate.domain.progress import Step, next_step
from imagegate.domain.project import Principal
from imagegate.domain.request import GenerationRequest

# No poll comes sooner than this after the last, whatever a provider says.
_MIN_PAUSE_SECONDS = 0.2
# How often a caller who insists on waiting looks whether the machine is done.
_LOOK_PAUSE_SECONDS = 0.5
# Steps that are somebody else's, and those that ask no provider.
_ENDS = frozenset({Step.DONE, Step.REVIEW})
_QUICK = frozenset({Step.INSPECT, Step.PUBLISH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A job that is over or still runs, with the bytes of those of its pictures that were made just now."""

    job: Job
    pictures: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Whoever drives a job may die at any step: what was written is enough for the machine to go on."""

    accept: Accept
    steps: Steps
    jobs: JobStore
    runs: JobRuns
    clock: Clock
    sleep: Callable[[float], None]

    def __call__(
        self,
        principal: Principal,
        request: GenerationRequest,
        idempotency_key: str | None = None,
        preference: Preference | None = None,
    ) -> Generated:
        """Return the generation: finished, still running, or the one that the key stands for.

        Raises:
            CallerError: nothing was begun.
            InternalError: we failed; the job is failed, its budget settled, and the audit says so.
        """
        preference = preference or Preference()
        deadline = self.clock() + preference.patience
        patience = timedelta(0) if preference.is_async else preference.patience
        accepted = self.accept(principal, request, idempotency_key, patience.total_seconds())
        job = accepted.job
        if job.status.is_terminal:
            return Generated(job=job)
        # What a repeat names is driven by whoever was first.
        if not accepted.is_new:
            return self._watch(job, deadline)
        if not job.is_asynchronous:
            return self._guarded(job, deadline)
        self._leave(job)
        return self._watch(job, deadline) if preference.wait else Generated(job=job)

    def _leave(self, job: Job) -> None:
        """Leave a job to the machine; one that cannot be started now is found by the reconciler."""
        with suppress(RunNotStartedError):
            self.runs.start(job)

    def _watch(self, job: Job, deadline: datetime) -> Generated:
        """Look at a job that the machine drives until it is over or held, or the caller's time is up."""
        while next_step(job, self.clock()) not in _ENDS and self.clock() < deadline:
            self.sleep(_LOOK_PAUSE_SECONDS)
            job = self.jobs.read(job.id) or job
        return Generated(job=job)

    def _drive(self, job: Job, deadline: datetime) -> Generated:
        advanced = self.steps.advance.send(job, job.open_attempts)
        pictures = advanced.pictures
        while (step := next_step(advanced.job, self.clock())) not in _ENDS:
            pause = self._pause_seconds(advanced.job) if step is Step.WAIT else 0.0
            # What is sent after the caller's time may outlast this process, and its answer would be lost.
            if step not in _QUICK and self.clock() + timedelta(seconds=pause) > deadline:
                self._leave(advanced.job)
                break
            if pause:
                self.sleep(pause)
            advanced = self.steps(advanced.job, step, pictures)
            pictures |= advanced.pictures
        return Generated(job=advanced.job, pictures=pictures)

    def _pause_seconds(self, job: Job) -> float:
        now = self.clock()
        first = min(attempt.due_at or now for attempt in job.open_attempts)
        return max((first - now).total_seconds(), _MIN_PAUSE_SECONDS)

    def _guarded(self, job: Job, deadline: datetime) -> Generated:
        try:
            return self._drive(job, deadline)
        except StaleJobError as error:
            # Somebody else has moved the job on, such as whoever canceled it: theirs is the truth.
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
                self.steps.publish.abandon(latest, failure)
        except Exception as second:
            # The table itself cannot be reached: the job stays as it was written last.
            raise failure from second
        return failure
