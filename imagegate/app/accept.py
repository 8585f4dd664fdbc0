"""Accept: check a request, moderate its prompt and plan its route, then write the job in one stroke.

Everything that costs nothing comes first; the single write claims the idempotency key, reserves the budget and holds
the intent of the first attempt, so a repeat that arrives at the same moment finds either nothing or the whole job.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from imagegate.app.authenticate import project_of
from imagegate.app.calls import Calls
from imagegate.app.choose_route import ChooseRoute
from imagegate.app.moderate import ModeratePrompt
from imagegate.app.plan import Plan
from imagegate.app.ports import (
    Catalog,
    ClaimTakenError,
    Clock,
    IdempotencyClaim,
    JobStore,
    JobWrite,
    NewId,
    ProjectStore,
)
from imagegate.domain.audit import event_for
from imagegate.domain.bill import estimate
from imagegate.domain.budget import reserve
from imagegate.domain.decision import ModerationDecision
from imagegate.domain.errors import (
    CallerError,
    ContentRejectedError,
    GenerationNotFoundError,
    IdempotencyKeyReusedError,
)
from imagegate.domain.event import generation_event
from imagegate.domain.fit import fit
from imagegate.domain.ids import EventId, JobId
from imagegate.domain.job import Job, mark_sent, new_job, problem_of, reject
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.negotiated import negotiated, prices_on
from imagegate.domain.project import Principal, Project, hash_end_user
from imagegate.domain.request import GenerationRequest, fingerprint
from imagegate.domain.route import Route, skip
from imagegate.domain.vendor_batch import put_in_batch

IDEMPOTENCY_RETENTION = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The written job; one that is not new belongs to whoever sent its key first, who may be sending it now."""

    job: Job
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Turns a request into a job that is ready to be submitted, already over, or the one its key named before."""

    projects: ProjectStore
    catalog: Catalog
    choose_route: ChooseRoute
    moderate_prompt: ModeratePrompt
    calls: Calls
    plan: Plan
    jobs: JobStore
    clock: Clock
    new_id: NewId

    def __call__(
        self,
        principal: Principal,
        request: GenerationRequest,
        idempotency_key: str | None,
        patience_seconds: float = 0,
        *,
        in_batch: bool = False,
    ) -> Accepted:
        """Return the written job.

        With `in_batch` its attempts are planned and left to a batch of its provider's, if an operator wants that.

        A new one is asynchronous, and its attempts are still to be planned, unless its target usually finishes while a
        caller waits; otherwise its first attempts are marked as sent, for this process to send them.

        Raises:
            CallerError: the request cannot be done; nothing was written and nothing will be charged.
        """
        now = self.clock()
        project = project_of(principal, self.projects)
        if request.end_user is not None:
            request = replace(request, end_user=hash_end_user(project.id, request.end_user))
        job = self._plan(principal, project, request, patience_seconds, now)
        if in_batch and job.is_asynchronous and not job.status.is_terminal:
            job = self._put_in_batch(job, now)
        claim = _claim(job, idempotency_key, now)
        write = JobWrite(job=job, claim=claim, reservation=job.reservation)
        if job.status.is_terminal:
            event_id = EventId(self.new_id("evt"))
            write = replace(write, event=event_for(job, event_id), notice=generation_event(job, event_id))
        try:
            return Accepted(job=self.jobs.write(write), is_new=True)
        except ClaimTakenError as taken:
            return Accepted(job=self._repeat(job, taken.owner), is_new=False)

    def _plan(
        self,
        principal: Principal,
        project: Project,
        request: GenerationRequest,
        patience_seconds: float,
        now: datetime,
    ) -> Job:
        route = self._route(project, request, now)
        target = route.targets[0]
        card = self.catalog.card(target.model)
        fitted = fit(request, card)
        moderation = self.moderate_prompt(_texts(request))
        job = new_job(
            job_id=JobId(self.new_id("gen")),
            project_id=project.id,
            key_id=principal.key_id,
            request=request,
            now=now,
        )
        warnings = (*check_lifecycle(card, now.date()), *fitted.warnings)
        job = replace(
            job,
            route=route,
            moderation=(moderation,),
            warnings=warnings,
            is_asynchronous=card.typical_seconds > patience_seconds,
            on_unknown=project.on_unknown,
            prices=prices_on(route, project.prices),
        )
        if moderation.decision.stops:
            return reject(job, problem_of(_rejection(moderation)), now)
        money = estimate(request, negotiated(card, job.prices), request.count).money
        job = replace(job, reservation=reserve(project, money, now))
        if job.is_asynchronous:
            return job
        begun = self.plan.begin(job, target)
        return mark_sent(begun, begun.open_attempts, now)

    def _put_in_batch(self, job: Job, now: datetime) -> Job:
        assert job.route is not None  # noqa: S101 - only a job that is over has none
        target = job.route.targets[0]
        if not self.calls.may_batch(target, job.request.operation):
            return job
        return put_in_batch(self.plan.begin(job, target), now)

    def _route(self, project: Project, request: GenerationRequest, now: datetime) -> Route:
        """Choose a route whose first target takes every option of the request, as far as that is known before."""
        route = self.choose_route(project, request, now.date())
        while True:
            target = route.targets[0]
            try:
                self.calls.check(request, target)
            except CallerError as refusal:
                if len(route.targets) == 1:
                    raise
                route = skip(route, target, refusal.message)
            else:
                return route

    def _repeat(self, job: Job, owner: IdempotencyClaim) -> Job:
        if owner.fingerprint != fingerprint(job.request):
            message = "This Idempotency-Key was used with a different request. Send a new key with a new request."
            raise IdempotencyKeyReusedError(message, generation_id=owner.job_id)
        first = self.jobs.read(owner.job_id)
        if first is None:
            message = "The generation of this Idempotency-Key was deleted. Send a new key to make another."
            raise GenerationNotFoundError(message, generation_id=owner.job_id)
        return first


def _texts(request: GenerationRequest) -> dict[str, str]:
    texts = {"prompt": request.prompt}
    if request.negative_prompt:
        texts["negative_prompt"] = request.negative_prompt
    return texts


def _claim(job: Job, idempotency_key: str | None, now: datetime) -> IdempotencyClaim | None:
    if idempotency_key is None:
        return None
    return IdempotencyClaim(
        project_id=job.project_id,
        key=idempotency_key,
        fingerprint=fingerprint(job.request),
        job_id=job.id,
        expires_at=now + IDEMPOTENCY_RETENTION,
    )


def _rejection(moderation: ModerationDecision) -> ContentRejectedError:
    codes = ", ".join(moderation.codes)
    message = f"The prompt was refused by moderation ({codes}). Change the prompt; the same one will be refused again."
    strictest = next(finding for finding in moderation.findings if finding.decision is moderation.decision)
    return ContentRejectedError(message, param=strictest.param)
