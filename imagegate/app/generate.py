"""Generate: drive a job through all its steps in this process, for a caller who waits for the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from imagegate.app.accept import Accept
from imagegate.app.collect import Collect
from imagegate.app.moderate import ModerateImages
from imagegate.app.ports import Catalog, Clock, JobStore, JobWrite
from imagegate.app.publish import Publish
from imagegate.app.submit import Submit
from imagegate.domain.errors import (
    ContentRejectedError,
    ImagegateError,
    InternalError,
    OutcomeUnknownError,
    ProviderError,
)
from imagegate.domain.fit import fit
from imagegate.domain.job import Job, Outcome, begin_attempt, end_attempt, problem_of
from imagegate.domain.money import Cost, Usage, cost_of, usage_of
from imagegate.domain.project import Principal
from imagegate.domain.provider import Completed, Failed, Refused
from imagegate.domain.request import GenerationRequest
from imagegate.domain.route import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A job that is over, with the bytes of its pictures when they were made just now."""

    job: Job
    pictures: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Accept, submit, collect, inspect, publish; what cannot go on ends as a rejected or failed job."""

    accept: Accept
    submit: Submit
    collect: Collect
    moderate_images: ModerateImages
    publish: Publish
    catalog: Catalog
    jobs: JobStore
    clock: Clock

    def __call__(
        self, principal: Principal, request: GenerationRequest, idempotency_key: str | None = None
    ) -> Generated:
        """Return the finished generation, or the one that the idempotency key stands for.

        Raises:
            CallerError: nothing was begun.
            InternalError: we failed; the job is failed, its budget settled, and the audit says so.
        """
        job = self.accept(principal, request, idempotency_key)
        if job.status.is_terminal:
            return Generated(job=job)
        try:
            return self._try_targets(job)
        except InternalError:
            raise
        except Exception as error:
            raise self._abandon(job, error) from error

    def _try_targets(self, job: Job) -> Generated:
        # `accept` wrote the first attempt together with the job.
        for fallback in (*_later_targets(job), None):
            submission = self.submit(job)
            match submission:
                case Completed():
                    return self._deliver(job, submission)
                case Refused():
                    return self._refuse(job, submission)
                case Failed():
                    job = self._end_failed(job, submission)
                case _:
                    assert_never(submission)
            if fallback is None or not submission.error.retryable:
                return Generated(job=self.publish.failure(job, problem_of(submission.error)))
            job = self.jobs.write(JobWrite(job=begin_attempt(job, fallback, self.clock())))
        raise AssertionError  # the last target has no fallback, so the loop returns

    def _end_failed(self, job: Job, failed: Failed) -> Job:
        outcome = Outcome.UNKNOWN if isinstance(failed.error, OutcomeUnknownError) else Outcome.FAILED
        return end_attempt(job, outcome, self.clock(), failed.metadata)

    def _refuse(self, job: Job, refused: Refused) -> Generated:
        job = end_attempt(job, Outcome.REJECTED, self.clock(), refused.metadata)
        message = f"{job.attempt.target.provider} refused the request ({', '.join(refused.codes)}): {refused.message}"
        return Generated(job=self.publish.rejection(job, problem_of(ContentRejectedError(message))))

    def _deliver(self, job: Job, completed: Completed) -> Generated:
        cost = self._cost(job, completed)
        # From here on the pictures are paid for, whatever happens: a failure below still settles the true cost.
        paid = end_attempt(replace(job, cost=cost), Outcome.SUCCEEDED, self.clock(), completed.metadata)
        try:
            return self._collect_and_publish(paid, completed, cost)
        except ProviderError as error:
            failed = end_attempt(job, Outcome.FAILED, self.clock(), completed.metadata)
            return Generated(job=self.publish.failure(failed, problem_of(error)))
        except Exception as error:
            raise self._abandon(paid, error) from error

    def _collect_and_publish(self, job: Job, completed: Completed, cost: Cost) -> Generated:
        pictures = tuple(image.data for image in completed.images)
        fitted = fit(job.request, self.catalog.card(job.attempt.target.model))
        job = replace(job, images=self.collect(job, completed.images), warnings=(*fitted.warnings, *completed.warnings))
        job = self.jobs.write(JobWrite(job=job))
        inspection = self.moderate_images(pictures)
        job = replace(job, moderation=(*job.moderation, inspection))
        if inspection.decision.stops:
            message = f"The picture was refused by moderation ({', '.join(inspection.codes)}). Change the prompt."
            return Generated(job=self.publish.rejection(job, problem_of(ContentRejectedError(message))))
        return Generated(job=self.publish.success(job, cost), pictures=pictures)

    def _cost(self, job: Job, completed: Completed) -> Cost:
        card = self.catalog.card(job.attempt.target.model)
        usage = completed.usage or _usage(job, card.sizes.default.pixels, len(completed.images))
        return cost_of(usage, card.prices)

    def _abandon(self, job: Job, error: Exception) -> ImagegateError:
        """End the job as failed and return the error to raise: ours, with the generation's id and nothing inside."""
        failure = InternalError(
            f"The gateway failed while working on {job.id}. Repeat the request later.", generation_id=job.id
        )
        failure.add_note(f"caused by {type(error).__name__}")
        try:
            latest = self.jobs.read(job.id)
            if latest is not None and not latest.status.is_terminal:
                attempts = max(job.attempts, latest.attempts, key=len)
                last = replace(job, version=latest.version, attempts=attempts)
                self.publish.failure(last, problem_of(failure))
        except Exception as second:
            # The table itself cannot be reached: the job stays as it was written last.
            raise failure from second
        return failure


def _usage(job: Job, default_pixels: int, images: int) -> Usage:
    pixels = job.request.size.pixels if job.request.size else default_pixels
    return usage_of(images=images, pixels_per_image=pixels)


def _later_targets(job: Job) -> Sequence[Target]:
    return job.route.targets[1:] if job.route else ()
