"""Publish: end a generation; its pictures come within reach, its money is settled, and its owner is told."""

from dataclasses import dataclass, replace

from imagegate.app.in_flight import InFlight
from imagegate.app.ports import Catalog, Clock, ImageStore, JobStore, JobWrite, NewId
from imagegate.domain.audit import event_for
from imagegate.domain.bill import cost_of_job, costs_of_attempts
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ContentRejectedError, InternalError, ProviderUnavailableError
from imagegate.domain.event import generation_event
from imagegate.domain.ids import EventId
from imagegate.domain.image import Image
from imagegate.domain.job import (
    Attempt,
    Job,
    Outcome,
    Problem,
    Provenance,
    cancel,
    fail,
    problem_of,
    reject,
    replace_attempts,
    succeed,
)
from imagegate.domain.warning import RequestWarning, WarningType
from shared_names import PUBLISHED_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """The only place where a generation becomes terminal after it was accepted."""

    images: ImageStore
    catalog: Catalog
    in_flight: InFlight
    jobs: JobStore
    clock: Clock
    new_id: NewId

    def __call__(self, job: Job) -> Job:
        """Return the written end of a job whose attempts are all over and whose pictures, if any, were inspected."""
        if job.images and job.inspection is not None:
            if not job.inspection.decision.stops:
                return self._succeed(_with_gaps(job))
            codes = ", ".join(job.inspection.codes)
            message = f"The picture was refused by moderation ({codes}). Change the prompt."
            return self._end(reject(_bare(job), problem_of(ContentRejectedError(message)), self.clock()))
        # A refusal decides, whatever else happened.
        refused = _first(job.current_attempts, Outcome.REJECTED)
        if refused is not None and refused.problem is not None:
            return self._end(reject(_bare(job), refused.problem, self.clock()))
        return self._end(fail(_bare(job), _worst(job), self.clock()))

    def cancellation(self, job: Job, problem: Problem, stopped: frozenset[int] = frozenset()) -> Job:
        """End a job that its owner no longer wants; what may have been charged for its open attempts is counted.

        Nothing is for those whose provider has confirmed that it stopped, which are given by their numbers.
        """
        ended = self._end(cancel(_bare(self._give_up(job, stopped)), problem, self.clock()))
        self.in_flight.leave(job, job.open_attempts)
        return ended

    def abandon(self, job: Job, failure: InternalError) -> Job:
        """End a job that we broke; what may have been charged for its open attempts is counted."""
        ended = self._end(fail(_bare(self._give_up(job)), problem_of(failure), self.clock()))
        self.in_flight.leave(job, job.open_attempts)
        return ended

    def _give_up(self, job: Job, stopped: frozenset[int] = frozenset()) -> Job:
        now = self.clock()

        def ended(attempt: Attempt) -> Attempt:
            is_free = attempt.sent_at is None or attempt.number in stopped
            outcome = Outcome.CANCELED if is_free else Outcome.UNKNOWN
            return replace(attempt, outcome=outcome, ended_at=now, due_at=None)

        return replace_attempts(job, tuple(ended(one) for one in job.open_attempts), now)

    def _succeed(self, job: Job) -> Job:
        # Bytes are copied as they are, so what is signed stays signed.
        published = tuple(self._publish(job, image) for image in job.images)
        return self._end(succeed(job, images=published, provenance=Provenance(), now=self.clock()))

    def _publish(self, job: Job, image: Image) -> Image:
        extension = image.media_type.removeprefix("image/")
        key = f"{published_prefix(job)}{image.index}.{extension}"
        self.images.copy(image.key, key)
        return replace(image, key=key)

    def _end(self, job: Job) -> Job:
        cards = self._cards(job)
        job = replace(job, cost=cost_of_job(job, cards))
        # Whoever is told can find the audit event, which has the same id.
        event_id = EventId(self.new_id("evt"))
        event, notice = event_for(job, event_id), generation_event(job, event_id, costs_of_attempts(job, cards))
        return self.jobs.write(JobWrite(job=job, settlement=job.settlement, event=event, notice=notice))

    def _cards(self, job: Job) -> tuple[ModelCard, ...]:
        # Not those of the configured providers: one may have been taken away since the job began.
        return tuple(self.catalog.card(model) for model in sorted({one.target.model for one in job.attempts}))


def published_prefix(job: Job) -> str:
    """Return what the keys of all published pictures of a job begin with."""
    return f"{PUBLISHED_PREFIX}{job.project_id}/{job.id}/"


def _bare(job: Job) -> Job:
    """Leave the pictures in quarantine."""
    return replace(job, images=())


def _with_gaps(job: Job) -> Job:
    missing = job.request.count - len(job.images)
    if missing <= 0:
        return job
    reasons = dict.fromkeys(one.problem.message for one in job.current_attempts if one.problem is not None)
    why = " ".join(reasons) or "The provider withheld the rest."
    message = f"{len(job.images)} of {job.request.count} images were made. {why}"
    return replace(job, warnings=(*job.warnings, RequestWarning(type=WarningType.OTHER, message=message, param="n")))


def _worst(job: Job) -> Problem:
    """Return what to tell of a job that has neither pictures nor a refusal."""
    if not job.attempts:
        message = "No target of this request can be tried any more. Repeat it later, or name another model."
        return problem_of(ProviderUnavailableError(message))
    worst = _first(job.current_attempts, Outcome.UNKNOWN) or job.current_attempts[0]
    return worst.problem or problem_of(InternalError("The provider said nothing. Repeat the request later."))


def _first(attempts: tuple[Attempt, ...], outcome: Outcome) -> Attempt | None:
    return next((one for one in attempts if one.outcome is outcome), None)
