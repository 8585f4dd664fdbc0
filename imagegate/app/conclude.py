"""Conclude: once no attempt is open, inspect and publish, fall back to the next target, or end without a picture."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from imagegate.app.calls import Calls
from imagegate.app.moderate import ModerateImages
from imagegate.app.ports import Catalog, Clock, ImageStore, JobStore, JobWrite
from imagegate.app.publish import Publish
from imagegate.domain.bill import cost_of_job
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import CallerError, ContentRejectedError, InternalError
from imagegate.domain.fit import fit
from imagegate.domain.job import Attempt, Job, Outcome, begin_attempts, problem_of, replace_attempts
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.route import Route, Target, skip
from imagegate.domain.warning import RequestWarning, WarningType


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclude:
    """Decides what the ends of a job's attempts mean for the job."""

    moderate_images: ModerateImages
    publish: Publish
    calls: Calls
    catalog: Catalog
    images: ImageStore
    jobs: JobStore
    clock: Clock

    def __call__(self, job: Job, pictures: Mapping[int, bytes]) -> Job:
        """Return the job as it goes on: over, or with attempts begun at the next target."""
        job = replace(job, cost=cost_of_job(job, self._cards(job)))
        if job.images:
            return self._deliver(_with_gaps(job), pictures)
        ends = job.current_attempts
        # A refusal decides, whatever else happened: a refused prompt is never shown to another provider.
        refused = _first(ends, Outcome.REJECTED)
        if refused is not None and refused.problem is not None:
            return self.publish.rejection(job, refused.problem)
        job, fallback = self._fallback(job)
        if fallback is not None:
            return self._begin(job, fallback)
        worst = _first(ends, Outcome.UNKNOWN) or ends[0]
        return self.publish.failure(job, worst.problem or problem_of(InternalError("The provider said nothing.")))

    def abandon(self, job: Job, failure: InternalError) -> Job:
        """End a job that we broke; what may have been charged for its open attempts counts as spent."""
        now = self.clock()
        unknown = tuple(replace(one, outcome=Outcome.UNKNOWN, ended_at=now) for one in job.open_attempts)
        job = replace_attempts(job, unknown, now)
        return self.publish.failure(replace(job, cost=cost_of_job(job, self._cards(job))), problem_of(failure))

    def _cards(self, job: Job) -> tuple[ModelCard, ...]:
        # Not those of the configured providers: one may have been taken away since the job began.
        return tuple(self.catalog.card(model) for model in sorted({one.target.model for one in job.attempts}))

    def _fallback(self, job: Job) -> tuple[Job, Target | None]:
        """Return the next target that can express the request; the others are kept as skipped, with the reason."""
        if job.route is None or not _may_fall_back(job.current_attempts):
            return job, None
        route = job.route
        for target in _later(route, job.target):
            try:
                self.calls.check(job.request, target)
            except CallerError as refusal:
                route = skip(route, target, refusal.message)
            else:
                return replace(job, route=route), target
        return replace(job, route=route), None

    def _begin(self, job: Job, target: Target) -> Job:
        now, card = self.clock(), self.catalog.card(target.model)
        # What was said about the target before does not hold for this one.
        warnings = (*check_lifecycle(card, now.date()), *fit(job.request, card).warnings)
        begun = begin_attempts(replace(job, warnings=warnings, cost=None), target, card.images_per_call, now)
        return self.jobs.write(JobWrite(job=begun))

    def _deliver(self, job: Job, pictures: Mapping[int, bytes]) -> Job:
        data = tuple(pictures[one.index] if one.index in pictures else self.images.read(one.key) for one in job.images)
        inspection = self.moderate_images(data)
        job = replace(job, moderation=(*job.moderation, inspection))
        if inspection.decision.stops:
            message = f"The picture was refused by moderation ({', '.join(inspection.codes)}). Change the prompt."
            return self.publish.rejection(job, problem_of(ContentRejectedError(message)))
        return self.publish.success(job)


def _with_gaps(job: Job) -> Job:
    missing = job.request.count - len(job.images)
    if missing <= 0:
        return job
    reasons = dict.fromkeys(one.problem.message for one in job.current_attempts if one.problem is not None)
    why = " ".join(reasons) or "The provider withheld the rest."
    message = f"{len(job.images)} of {job.request.count} images were made. {why}"
    return replace(job, warnings=(*job.warnings, RequestWarning(type=WarningType.OTHER, message=message, param="n")))


def _first(attempts: tuple[Attempt, ...], outcome: Outcome) -> Attempt | None:
    return next((one for one in attempts if one.outcome is outcome), None)


def _may_fall_back(attempts: tuple[Attempt, ...]) -> bool:
    """Tell whether every attempt failed in a way that made and charged nothing."""
    return all(one.problem is not None and one.problem.retryable for one in attempts)


def _later(route: Route, target: Target) -> tuple[Target, ...]:
    models = [one.model for one in route.targets]
    return route.targets[models.index(target.model) + 1 :]
