"""Settle: bring what a provider's batch told of a line's generation to its end, as an answer to it alone would."""

from collections.abc import Callable
from dataclasses import dataclass

from imagegate.app.calls import Calls
from imagegate.app.ports import Clock, JobStore, JobWrite, StaleJobError
from imagegate.app.steps import Steps
from imagegate.domain.errors import GenerationCanceledError
from imagegate.domain.ids import JobId
from imagegate.domain.job import Attempt, Job, Status, problem_of
from imagegate.domain.progress import Step
from imagegate.domain.provider import Failed, Submission
from imagegate.domain.vendor_batch import Batches, VendorLine, mark_batched


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleLine:
    """Somebody else may move a generation on meanwhile, such as whoever cancels it: theirs is the truth."""

    calls: Calls
    steps: Steps
    jobs: JobStore
    clock: Clock

    def send(self, job_id: JobId, adapter: Batches) -> bytes:
        """Write that a generation's open attempts are sent, and return their lines, none for one that is over."""
        job = self.jobs.read(job_id)
        if job is None or not job.open_attempts:
            return b""
        lines = [adapter.batch_line(self.calls.to_submit(job, one), _custom_id(job, one)) for one in job.open_attempts]
        if any(one.sent_at is None for one in job.open_attempts):
            try:
                self.jobs.write(JobWrite(job=mark_batched(job, self.clock())))
            except StaleJobError:
                return b""
        return b"".join(lines)

    def receive(self, line: VendorLine) -> None:
        """Bring one attempt to its end, and its generation if it was the last."""
        self.end(job_of(line), lambda job, one: self._read(job, one, line))

    def end(self, job_id: JobId, tell: Callable[[Job, Attempt], Submission | None]) -> None:
        """Bring the open attempts of which something is told to their end, and the generation after the last."""
        job = self.jobs.read(job_id)
        if job is None or job.status.is_terminal or job.status is Status.NEEDS_REVIEW:
            return
        told = {one.number: submission for one in job.open_attempts if (submission := tell(job, one)) is not None}
        try:
            advanced = self.steps.advance.receive(job, told)
            job = advanced.job
            while not (job.open_attempts or job.status.is_terminal or job.status is Status.NEEDS_REVIEW):
                # No other target is tried: whoever sends a batch looks through its error file anyhow.
                step = Step.INSPECT if job.images and job.inspection is None else Step.PUBLISH
                job = self.steps(job, step, advanced.pictures).job
        except StaleJobError:
            return

    def drop(self, job_id: JobId) -> bool:
        """End a generation whose attempts were not sent anywhere, without a charge; False where it has begun."""
        job = self.jobs.read(job_id)
        if job is None or job.status.is_terminal:
            return False
        message = "The batch was over before this was sent to its provider. Send it again in another batch."
        unsent = frozenset(one.number for one in job.open_attempts)
        try:
            self.steps.publish.cancellation(job, problem_of(GenerationCanceledError(message)), unsent)
        except StaleJobError:
            return False
        return True

    def _read(self, job: Job, attempt: Attempt, line: VendorLine) -> Submission | None:
        if line.custom_id != _custom_id(job, attempt):
            return None
        if isinstance(line.told, Failed):
            return line.told
        return self.calls.adapter(attempt.target).read_submitted(self.calls.to_poll(job, attempt), line.told)


def job_of(line: VendorLine) -> JobId:
    """Return the generation that a line is about."""
    return JobId(line.custom_id.rpartition("/")[0])


def _custom_id(job: Job, attempt: Attempt) -> str:
    return f"{job.id}/{attempt.number}"
