"""Advance: move all open attempts of a job on by one step, side by side, and write what came of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from imagegate.app.collect import Collect, Collected
from imagegate.app.observe import Observe
from imagegate.app.ports import Clock, JobStore, JobWrite
from imagegate.app.submit import Submit
from imagegate.domain.errors import ContentRejectedError, OutcomeUnknownError, ProviderError
from imagegate.domain.job import Attempt, Job, Outcome, Problem, problem_of, replace_attempts
from imagegate.domain.money import Usage, usage_of
from imagegate.domain.provider import Completed, Failed, Pending, Refused, Submission
from imagegate.domain.warning import RequestWarning

# A provider that works longer on a picture will not deliver it, and a process that wrote an intent is long gone.
LONGEST_ATTEMPT = timedelta(hours=1)
# As many calls at once as one sandbox of the function has use for.
_MAX_WORKERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one attempt's step came to."""

    attempt: Attempt
    collected: tuple[Collected, ...] = ()
    warnings: tuple[RequestWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """The job after the step, and the bytes of the pictures that were made in it, by index."""

    job: Job
    pictures: dict[int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Submits attempts whose intent was just written, or observes those that a provider works on."""

    submit: Submit
    observe: Observe
    collect: Collect
    jobs: JobStore
    clock: Clock

    def begin(self, job: Job) -> Advanced:
        """Submit every attempt that was begun and not sent; only for the process that wrote the intents."""
        return self._advance(job, self.submit, [one for one in job.open_attempts if one.provider_ref is None])

    def poll(self, job: Job) -> Advanced:
        """Ask for every attempt that a provider works on and that is due, and give up what takes too long."""
        now = self.clock()
        due = [
            one
            for one in job.open_attempts
            if one.started_at + LONGEST_ATTEMPT < now or (one.provider_ref is not None and (one.poll_at or now) <= now)
        ]
        return self._advance(job, self._look, due)

    def _look(self, job: Job, attempt: Attempt) -> Submission:
        is_sent = attempt.provider_ref is not None
        submission = self.observe(job, attempt) if is_sent else Pending(ref={})
        if not isinstance(submission, Pending) or attempt.started_at + LONGEST_ATTEMPT >= self.clock():
            return submission
        message = f"{attempt.target.provider} did not finish in time. It may have charged for what it did."
        return Failed(error=OutcomeUnknownError(message))

    def _advance(self, job: Job, ask: Callable[[Job, Attempt], Submission], attempts: list[Attempt]) -> Advanced:
        def step(attempt: Attempt) -> Step:
            return self._step(job, attempt, ask(job, attempt))

        if not attempts:
            return Advanced(job=job, pictures={})
        if len(attempts) == 1:
            steps = [step(attempts[0])]
        else:
            with ThreadPoolExecutor(max_workers=min(len(attempts), _MAX_WORKERS)) as pool:
                steps = list(pool.map(step, attempts))
        collected = [one for step_ in steps for one in step_.collected]
        warnings = dict.fromkeys((*job.warnings, *(one for step_ in steps for one in step_.warnings)))
        moved = replace_attempts(job, tuple(step_.attempt for step_ in steps), self.clock())
        images = sorted((*job.images, *(one.image for one in collected)), key=lambda image: image.index)
        moved = replace(moved, images=tuple(images), warnings=tuple(warnings))
        return Advanced(
            job=self.jobs.write(JobWrite(job=moved)), pictures={one.image.index: one.data for one in collected}
        )

    def _step(self, job: Job, attempt: Attempt, submission: Submission) -> Step:
        match submission:
            case Pending():
                # A provider's number may be beyond what a moment can hold.
                wait = min(submission.poll_after_seconds, LONGEST_ATTEMPT.total_seconds())
                poll_at = self.clock() + timedelta(seconds=wait)
                return Step(attempt=replace(attempt, provider_ref=dict(submission.ref), poll_at=poll_at))
            case Completed():
                return self._complete(job, attempt, submission)
            case Refused():
                return Step(attempt=self._refused(attempt, submission))
            case Failed():
                outcome = Outcome.UNKNOWN if isinstance(submission.error, OutcomeUnknownError) else Outcome.FAILED
                failed = replace(attempt, provider_metadata=dict(submission.metadata))
                return Step(attempt=self._end(failed, outcome, problem_of(submission.error)))
            case _:
                assert_never(submission)

    def _complete(self, job: Job, attempt: Attempt, completed: Completed) -> Step:
        attempt = replace(attempt, provider_metadata=dict(completed.metadata))
        try:
            collected = self.collect(job, attempt, completed.images)
        except ProviderError as error:
            # Billed all the same if the provider says so.
            failed = replace(attempt, usage=completed.usage)
            return Step(attempt=self._end(failed, Outcome.FAILED, problem_of(error)), warnings=completed.warnings)
        usage = completed.usage or _usage(job, collected)
        target = replace(attempt.target, model_version=completed.model_version or attempt.target.model_version)
        succeeded = replace(attempt, usage=usage, target=target)
        return Step(
            attempt=self._end(succeeded, Outcome.SUCCEEDED, None), collected=collected, warnings=completed.warnings
        )

    def _refused(self, attempt: Attempt, refused: Refused) -> Attempt:
        codes = ", ".join(refused.codes)
        message = f"{attempt.target.provider} refused the {refused.stage.value} ({codes}): {refused.message}"
        refusal = replace(attempt, usage=refused.usage, provider_metadata=dict(refused.metadata))
        return self._end(refusal, Outcome.REJECTED, problem_of(ContentRejectedError(message)))

    def _end(self, attempt: Attempt, outcome: Outcome, problem: Problem | None) -> Attempt:
        return replace(attempt, outcome=outcome, problem=problem, ended_at=self.clock(), poll_at=None)


def _usage(job: Job, collected: tuple[Collected, ...]) -> Usage:
    largest = max(one.image.width * one.image.height for one in collected)
    return usage_of(
        images=len(collected),
        pixels_per_image=largest,
        input_images=len(job.request.input_images),
        steps=job.request.steps or 0,
    )
