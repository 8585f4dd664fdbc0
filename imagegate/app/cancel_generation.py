"""Cancel: stop a generation at its providers where they can be stopped, and end it whether they can or not."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from imagegate.app.calls import Calls
from imagegate.app.ports import JobRuns, StaleJobError, TransportError
from imagegate.app.publish import Publish
from imagegate.app.read_generation import ReadGeneration
from imagegate.domain.errors import (
    ConfigurationError,
    ConflictError,
    GenerationCanceledError,
    GenerationOverError,
    ProviderError,
)
from imagegate.domain.job import Attempt, Job, Status, problem_of
from imagegate.domain.project import Principal
from imagegate.domain.provider import Cancelable

# Whoever drives the job writes it now and then; it is not written so often that this does not suffice.
_TRIES = 5
_MAX_WORKERS = 8
# The caller waits, and a provider that does not answer may have stopped all the same.
_LONGEST_READ_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelGeneration:
    """Whoever drives the job finds it over at its next step; what was made meanwhile stays out of reach."""

    read: ReadGeneration
    calls: Calls
    publish: Publish
    runs: JobRuns

    def __call__(self, principal: Principal, generation_id: str) -> Job:
        """Return the canceled job, also where it was canceled before.

        Raises:
            GenerationNotFoundError: there is none in the caller's project.
            GenerationOverError: it ended in another way.
        """
        stopped: frozenset[int] = frozenset()
        for _ in range(_TRIES):
            job = self.read(principal, generation_id)
            if job.status is Status.CANCELED:
                return job
            if job.status.is_terminal:
                raise _over(job)
            stopped |= self._stop(job, stopped)
            try:
                canceled = self.publish.cancellation(job, problem_of(_cancellation(job)), stopped)
            except StaleJobError:
                continue
            self.runs.wake(job.id)
            return canceled
        message = f"The generation {generation_id} changed again and again while it was canceled. Cancel it again."
        raise ConflictError(message, generation_id=generation_id)

    def _stop(self, job: Job, stopped: frozenset[int]) -> frozenset[int]:
        """Return the numbers of the attempts whose provider says that it stops its work on them."""
        asked = [one for one in job.open_attempts if one.provider_ref is not None and one.number not in stopped]
        if not asked:
            return frozenset()
        with ThreadPoolExecutor(max_workers=min(len(asked), _MAX_WORKERS)) as pool:
            answers = pool.map(lambda one: self._stops(job, one), asked)
            return frozenset(one.number for one, stops in zip(asked, answers, strict=True) if stops)

    def _stops(self, job: Job, attempt: Attempt) -> bool:
        adapter = self.calls.adapter(attempt.target)
        if not isinstance(adapter, Cancelable):
            return False
        request = adapter.cancel(self.calls.to_poll(job, attempt), attempt.provider_ref or {})
        try:
            response = self.calls.send(attempt.target, replace(request, read_timeout_seconds=_LONGEST_READ_SECONDS))
        except (TransportError, ProviderError, ConfigurationError):
            return False
        return adapter.read_canceled(response)


def _cancellation(job: Job) -> GenerationCanceledError:
    message = f"The generation {job.id} was canceled. Send the request under a new Idempotency-Key to begin another."
    return GenerationCanceledError(message, generation_id=job.id)


def _over(job: Job) -> GenerationOverError:
    message = f"The generation {job.id} is over: it {_ENDS[job.status]}. There is nothing to cancel."
    return GenerationOverError(message, generation_id=job.id)


_ENDS = {
    Status.SUCCEEDED: "has its pictures",
    Status.REJECTED: "was rejected",
    Status.FAILED: "failed",
}
