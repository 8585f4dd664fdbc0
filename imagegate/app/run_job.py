"""Run a job: the steps of a job that nobody waits for, one call for each state of the state machine."""

from dataclasses import dataclass, replace

from imagegate.app.ports import Callbacks, Clock, JobRuns, JobStore, StaleJobError
from imagegate.app.steps import Steps
from imagegate.domain.errors import InternalError
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job
from imagegate.domain.progress import Step, expects_callback, next_step, wait_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where a job stands: its next step, for how many seconds to leave it alone, and whether a callback may come."""

    step: Step
    seconds: int = 1
    expects_callback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """Does what it is told only if the job is ready for it, so that a repeated or late call is harmless."""

    steps: Steps
    jobs: JobStore
    runs: JobRuns
    callbacks: Callbacks
    clock: Clock

    def __call__(self, job_id: JobId, step: Step) -> Verdict:
        """Do a step and return where the job stands."""
        job = self._read(job_id)
        if job is None or next_step(job, self.clock()) is not step:
            return self._verdict(job)
        try:
            return self._verdict(self.steps(job, step).job)
        except StaleJobError:
            return self._verdict(self._read(job_id))

    def recover(self, job_id: JobId) -> Verdict:
        """Go on after the function that was to submit has died: what it had sent is searched for, not sent again."""
        job = self._read(job_id)
        if job is None or job.status.is_terminal:
            return self._verdict(job)
        try:
            return self._verdict(self.steps.advance.recover(job).job)
        except StaleJobError:
            return self._verdict(self._read(job_id))

    def wait(self, job_id: JobId, token: str) -> None:
        """Keep what wakes the machine, which waits for a callback; one that came in between wakes it at once."""
        self.runs.keep_token(job_id, token)
        job = self._read(job_id)
        if job is None or next_step(job, self.clock()) is not Step.WAIT or self._was_called(job):
            self.runs.wake(job_id)

    def abandon(self, job_id: JobId) -> Verdict:
        """End a job whose steps fail again and again."""
        job = self._read(job_id)
        if job is None or job.status.is_terminal:
            return self._verdict(job)
        message = f"The gateway failed while working on {job_id}. Repeat the request later."
        return self._verdict(self.steps.publish.abandon(job, InternalError(message, generation_id=job_id)))

    def _read(self, job_id: JobId) -> Job | None:
        job = self.jobs.read(job_id)
        return replace(job, is_asynchronous=True) if job else None

    def _was_called(self, job: Job) -> bool:
        """Tell whether a callback came that no look at its attempt can have seen."""
        return any(
            kept.received_at >= (one.looked_at or job.created_at)
            for one in job.open_attempts
            if one.callback_token is not None
            for kept in self.callbacks.read(job.id, one.number)
        )

    def _verdict(self, job: Job | None) -> Verdict:
        if job is None:
            return Verdict(step=Step.DONE)
        now = self.clock()
        return Verdict(step=next_step(job, now), seconds=wait_seconds(job, now), expects_callback=expects_callback(job))
