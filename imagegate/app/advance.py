"""Advance: move all attempts of a job that are due on by one step, side by side, and write what came of it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from imagegate.app.collect import Collect, Collected
from imagegate.app.find import Find
from imagegate.app.in_flight import InFlight
from imagegate.app.observe import Observe
from imagegate.app.ports import Clock, JobStore, JobWrite, StaleJobError
from imagegate.app.submit import Submit
from imagegate.domain.errors import ContentRejectedError, OutcomeUnknownError, ProviderError, ProviderTimeoutError
from imagegate.domain.job import Attempt, Job, Outcome, Problem, mark_sent, problem_of, replace_attempts
from imagegate.domain.money import Usage, usage_of
from imagegate.domain.progress import LONGEST_CALL, poll_due_at
from imagegate.domain.provider import Completed, Failed, Pending, Refused, Submission
from imagegate.domain.warning import RequestWarning

# How long a provider may take to tell of work whose answer was lost, and how often we look.
LONGEST_SEARCH = timedelta(minutes=10)
SEARCH_PAUSE = timedelta(seconds=20)
# As many calls at once as one sandbox of the function has use for.
_MAX_WORKERS = 8
_WRITE_TRIES = 5


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
    """Sends attempts that were written, or observes those that a provider works on."""

    submit: Submit
    observe: Observe
    find: Find
    collect: Collect
    in_flight: InFlight
    jobs: JobStore
    clock: Clock

    def begin(self, job: Job) -> Advanced:
        """Mark every attempt that is due as sent, in one write that only one process can do, then send them.

        What must wait for a slot at its provider is put off in the same write.
        """
        now = self.clock()
        unsent = (one for one in job.open_attempts if one.sent_at is None and not one.in_batch)
        due = tuple(one for one in unsent if (one.due_at or now) <= now)
        held = self.in_flight.admit(job, due, now)
        numbers = {one.number for one in due} - {one.number for one in held}
        admitted = tuple(one for one in due if one.number in numbers)
        marked = self.jobs.write(JobWrite(job=mark_sent(replace_attempts(job, held, now), admitted, now)))
        return self._advance(marked, self.submit, tuple(one for one in marked.attempts if one.number in numbers))

    def send(self, job: Job, attempts: tuple[Attempt, ...]) -> Advanced:
        """Send attempts while somebody waits; only for the process that has just marked them as sent."""
        self.in_flight.enter(job, attempts)
        return self._advance(job, self.submit, attempts)

    def poll(self, job: Job) -> Advanced:
        """Ask for every attempt that a provider works on and that is due, and give up what takes too long."""
        now = self.clock()
        due = tuple(
            replace(one, looked_at=now)
            for one in job.open_attempts
            if ((one.sent_at is not None or one.in_batch) and (one.due_at or now) <= now) or _may_be_called(one)
        )
        return self._advance(job, self._look, due)

    def recover(self, job: Job) -> Advanced:
        """Take every attempt that was sent and has no answer as lost: the process that sent it is known to be dead."""
        now = self.clock()
        lost = tuple(
            replace(one, lost_at=now, due_at=now)
            for one in job.open_attempts
            if one.sent_at is not None and one.provider_ref is None and one.lost_at is None and not one.in_batch
        )
        return self._advance(job, self._look, lost)

    def receive(self, job: Job, told: Mapping[int, Submission]) -> Advanced:
        """Write what became of open attempts, by their numbers, as somebody else has learned it."""
        steps = [self._step(job, one, told[one.number]) for one in job.open_attempts if one.number in told]
        return self._conclude(job, steps)

    def _look(self, job: Job, attempt: Attempt) -> Submission:
        now = self.clock()
        if attempt.in_batch and now < job.deadline_at:
            return Pending(ref={}, poll_after_seconds=(job.deadline_at - now).total_seconds())
        if attempt.in_batch:
            return Failed(error=_left_behind(attempt))
        submission = self.observe(job, attempt) if attempt.provider_ref is not None else self._search(job, attempt)
        if not isinstance(submission, Pending) or now < job.deadline_at:
            return submission
        message = f"{attempt.target.provider} did not finish in time. It may have charged for what it did."
        return Failed(error=OutcomeUnknownError(message))

    def _search(self, job: Job, attempt: Attempt) -> Submission:
        now, sent_at = self.clock(), attempt.sent_at or attempt.started_at
        lost_at = attempt.lost_at or (sent_at + LONGEST_CALL)
        found = self.find(job, attempt) if self.find.is_possible(attempt) else None
        if found is not None:
            return found
        if now < lost_at:
            # Its sender may still wait for the answer.
            return Pending(ref={}, poll_after_seconds=(lost_at - now).total_seconds())
        return self.find.stored(job, attempt) or Failed(error=_lost(attempt))

    def _advance(self, job: Job, ask: Callable[[Job, Attempt], Submission], attempts: tuple[Attempt, ...]) -> Advanced:
        def step(attempt: Attempt) -> Step:
            return self._step(job, attempt, ask(job, attempt))

        if not attempts:
            return Advanced(job=job, pictures={})
        if len(attempts) == 1:
            return self._conclude(job, [step(attempts[0])])
        with ThreadPoolExecutor(max_workers=min(len(attempts), _MAX_WORKERS)) as pool:
            futures = [pool.submit(step, attempt) for attempt in attempts]
        # What one of them learned and paid for is written, also when another broke.
        advanced = self._conclude(job, [future.result() for future in futures if future.exception() is None])
        for future in futures:
            future.result()
        return advanced

    def _conclude(self, job: Job, steps: list[Step]) -> Advanced:
        advanced = self._write(job, steps)
        self.in_flight.leave(job, (one.attempt for one in steps if not one.attempt.is_open))
        return advanced

    def _write(self, job: Job, steps: list[Step]) -> Advanced:
        """Write what became of the attempts, onto whatever somebody else has written about the job meanwhile."""
        for _ in range(_WRITE_TRIES):
            news = [step for step in steps if _is_news(job, step.attempt)]
            pictures = {one.image.index: one.data for step in news for one in step.collected}
            if not news:
                return Advanced(job=job, pictures=pictures)
            try:
                return Advanced(job=self.jobs.write(JobWrite(job=_applied(job, news, self.clock))), pictures=pictures)
            except StaleJobError:
                latest = self.jobs.read(job.id)
                if latest is None or latest.status.is_terminal:
                    raise
                job = latest
        raise StaleJobError(job.id)

    def _step(self, job: Job, attempt: Attempt, submission: Submission) -> Step:
        match submission:
            case Pending():
                return Step(attempt=self._wait(job, attempt, submission))
            case Completed():
                return self._complete(job, attempt, submission)
            case Refused():
                return Step(attempt=self._refused(attempt, submission))
            case Failed():
                return Step(attempt=self._failed(job, attempt, submission))
            case _:
                assert_never(submission)

    def _wait(self, job: Job, attempt: Attempt, pending: Pending) -> Attempt:
        due_at = poll_due_at(job, attempt, pending.poll_after_seconds, self.clock())
        metadata = {**attempt.provider_metadata, **pending.metadata}
        # An empty ref says that there still is none.
        ref = dict(pending.ref) or attempt.provider_ref
        return replace(attempt, provider_ref=ref, due_at=due_at, provider_metadata=metadata)

    def _failed(self, job: Job, attempt: Attempt, failed: Failed) -> Attempt:
        now = self.clock()
        attempt = replace(attempt, provider_metadata={**attempt.provider_metadata, **failed.metadata})
        if not isinstance(failed.error, OutcomeUnknownError):
            return self._end(attempt, Outcome.FAILED, problem_of(failed.error))
        lost_at = attempt.lost_at or now
        give_up_at = min(lost_at + LONGEST_SEARCH, job.deadline_at)
        if attempt.provider_ref is None and self.find.is_possible(attempt) and now < give_up_at:
            return replace(attempt, lost_at=lost_at, due_at=now + SEARCH_PAUSE)
        return self._end(attempt, Outcome.UNKNOWN, problem_of(failed.error))

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
        return replace(attempt, outcome=outcome, problem=problem, ended_at=self.clock(), due_at=None)


def _may_be_called(attempt: Attempt) -> bool:
    # Whether its provider has called is known only by looking.
    return attempt.sent_at is not None and attempt.callback_token is not None


def _is_news(job: Job, attempt: Attempt) -> bool:
    """Tell whether nobody else has written the end of an attempt, or what its provider knows it by, meanwhile."""
    stored = next(one for one in job.attempts if one.number == attempt.number)
    says_nothing = attempt.provider_ref is None and attempt.outcome in {None, Outcome.UNKNOWN}
    return stored.is_open and not (stored.provider_ref is not None and says_nothing)


def _applied(job: Job, steps: list[Step], clock: Clock) -> Job:
    collected = (one for step in steps for one in step.collected)
    warnings = dict.fromkeys((*job.warnings, *(one for step in steps for one in step.warnings)))
    moved = replace_attempts(job, tuple(step.attempt for step in steps), clock())
    images = sorted((*job.images, *(one.image for one in collected)), key=lambda image: image.index)
    return replace(moved, images=tuple(images), warnings=tuple(warnings))


def _lost(attempt: Attempt) -> OutcomeUnknownError:
    message = (
        f"{attempt.target.provider} was sent the request and its answer was lost. It may have been charged, so it was "
        "not sent again; repeat it under a new Idempotency-Key if you accept that."
    )
    return OutcomeUnknownError(message)


def _left_behind(attempt: Attempt) -> ProviderError:
    if attempt.sent_at is None:
        return ProviderTimeoutError("The batch that this was to be sent with was never sent. Nothing was charged.")
    message = f"{attempt.target.provider}'s batch did not end in time. It may have charged for what it did."
    return OutcomeUnknownError(message)


def _usage(job: Job, collected: tuple[Collected, ...]) -> Usage:
    largest = max(one.image.width * one.image.height for one in collected)
    return usage_of(
        images=len(collected),
        pixels_per_image=largest,
        input_images=len(job.request.input_images),
        steps=job.request.steps or 0,
    )
