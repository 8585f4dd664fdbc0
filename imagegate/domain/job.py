"""The job: our whole record of one generation, moved forward only by the functions here, each returning a new one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imagegate.domain.budget import Reservation, Settlement
from imagegate.domain.decision import ModerationDecision, Stage
from imagegate.domain.errors import ImagegateError
from imagegate.domain.ids import JobId, KeyId, ProjectId
from imagegate.domain.image import Image
from imagegate.domain.money import Cost, Money, Usage
from imagegate.domain.negotiated import NegotiatedPrices
from imagegate.domain.project import OnUnknown
from imagegate.domain.request import GenerationRequest, JsonValue
from imagegate.domain.route import Route, Target
from imagegate.domain.warning import RequestWarning

CONTENT_RETENTION = timedelta(days=30)
# Whoever still waits after this has given up, and so has every provider.
LONGEST_GENERATION = timedelta(hours=1)
# A function lives for 15 minutes, so whoever drives a job writes it more often than this, or when it is next due.
LONGEST_SILENCE = timedelta(minutes=20)


class Status(StrEnum):
    """Where a generation stands."""

    QUEUED = "queued"
    RUNNING = "running"
    NEEDS_REVIEW = "needs_review"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_terminal(self) -> bool:
        """Whether the generation can still change."""
        return self in {Status.SUCCEEDED, Status.REJECTED, Status.FAILED, Status.CANCELED}


class Outcome(StrEnum):
    """How an attempt ended; without one it is still open, or its end is not known."""

    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a generation has no picture, in the words and codes of the error tree."""

    code: str
    message: str
    http_status: int
    type: str
    retryable: bool
    param: str | None = None
    retry_after_seconds: int | None = None


def problem_of(error: ImagegateError) -> Problem:
    """Keep of an error what its reader may see later."""
    return Problem(
        code=error.code,
        message=error.message,
        http_status=error.http_status,
        type=error.type,
        retryable=error.retryable,
        param=error.param,
        retry_after_seconds=error.retry_after_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call to one target for `count` images, the first of them the job's `first`; a round is tried together.

    It is written before the call, and marked as sent before it is sent: an attempt that is marked and has neither a
    `provider_ref` nor an outcome is one whose sender still waits, or died. `due_at` is when to send or to poll it.
    """

    number: int
    target: Target
    started_at: datetime
    round: int = 1
    first: int = 0
    count: int = 1
    sent_at: datetime | None = None
    due_at: datetime | None = None
    # It travels with others in a batch of its provider's, so nobody sends or polls it alone.
    in_batch: bool = False
    # When its answer was known to be lost, while the provider may still tell what became of it.
    lost_at: datetime | None = None
    provider_ref: Mapping[str, str] | None = None
    # The last time that its provider, or what its provider told by itself, was asked how far it is.
    looked_at: datetime | None = None
    # Part of the address that the provider calls back, so that nobody can guess it.
    callback_token: str | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    problem: Problem | None = None
    usage: Usage | None = None
    provider_metadata: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return self.outcome is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a picture file says of its origin: marks that were found in it, and marks that we added."""

    found: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One generation travelling through its steps; `version` counts the writes, for optimistic locking."""

    id: JobId
    project_id: ProjectId
    key_id: KeyId
    request: GenerationRequest
    status: Status
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    deadline_at: datetime
    version: int = 0
    # Nobody waits for the answer: a throttled provider is tried again, and polls come at growing intervals.
    is_asynchronous: bool = False
    on_unknown: OnUnknown = OnUnknown.FAIL
    # Those that its project had negotiated when it was accepted, so that no later change alters its bill.
    prices: NegotiatedPrices = field(default_factory=dict)
    route: Route | None = None
    moderation: tuple[ModerationDecision, ...] = ()
    reservation: Reservation | None = None
    attempts: tuple[Attempt, ...] = ()
    images: tuple[Image, ...] = ()
    warnings: tuple[RequestWarning, ...] = ()
    provenance: Provenance | None = None
    cost: Cost | None = None
    problem: Problem | None = None
    completed_at: datetime | None = None

    @property
    def target(self) -> Target:
        """The target of the latest attempts; only asked for once there is one."""
        return self.attempts[-1].target

    @property
    def open_attempts(self) -> tuple[Attempt, ...]:
        """The attempts whose end is still to come."""
        return tuple(attempt for attempt in self.attempts if attempt.is_open)

    @property
    def rounds(self) -> int:
        """How often a target was tried, the same one or others."""
        return self.attempts[-1].round if self.attempts else 0

    @property
    def current_attempts(self) -> tuple[Attempt, ...]:
        """The attempts of the latest round."""
        return tuple(attempt for attempt in self.attempts if attempt.round == self.rounds)

    @property
    def inspection(self) -> ModerationDecision | None:
        """What was decided about the pictures, once they were looked at."""
        return next((one for one in self.moderation if one.stage is Stage.IMAGE), None)

    @property
    def check_at(self) -> datetime | None:
        """The moment after which nobody drives the job any more unless it was written; None while nobody has to."""
        if self.status.is_terminal or self.status is Status.NEEDS_REVIEW:
            return None
        expected = (min(one.due_at, self.deadline_at) for one in self.open_attempts if one.due_at is not None)
        return max([self.updated_at, *expected]) + LONGEST_SILENCE

    @property
    def settlement(self) -> Settlement | None:
        """How the reservation ends for a job that is over: with its cost, or with nothing."""
        if self.reservation is None or not self.status.is_terminal:
            return None
        nothing = Money(amount=self.reservation.amount.amount * 0, currency=self.reservation.amount.currency)
        return Settlement(reservation=self.reservation, actual=self.cost.money if self.cost else nothing)


def new_job(*, job_id: JobId, project_id: ProjectId, key_id: KeyId, request: GenerationRequest, now: datetime) -> Job:
    """Return a queued job that knows nothing but its request."""
    return Job(
        id=job_id,
        project_id=project_id,
        key_id=key_id,
        request=request,
        status=Status.QUEUED,
        created_at=now,
        updated_at=now,
        expires_at=now + CONTENT_RETENTION,
        deadline_at=now + LONGEST_GENERATION,
    )


def begin_attempts(
    job: Job, target: Target, images_per_call: int, now: datetime, due_at: datetime | None = None
) -> Job:
    """Add the intents to try a target, one for each call it takes; to be written before anything is sent."""
    number = len(job.attempts) + 1
    attempts = tuple(
        Attempt(
            number=number + index,
            target=target,
            started_at=now,
            round=job.rounds + 1,
            due_at=due_at,
            first=first,
            count=min(images_per_call, job.request.count - first),
        )
        for index, first in enumerate(range(0, job.request.count, images_per_call))
    )
    return replace(job, status=Status.RUNNING, attempts=(*job.attempts, *attempts), updated_at=now)


def mark_sent(job: Job, attempts: tuple[Attempt, ...], now: datetime) -> Job:
    """Mark attempts as sent, which whoever sends them writes first: nobody sends what is marked."""
    return replace_attempts(job, tuple(replace(one, sent_at=now, due_at=None) for one in attempts), now)


def replace_attempts(job: Job, changed: tuple[Attempt, ...], now: datetime) -> Job:
    """Put changed attempts in the place of those with the same numbers."""
    by_number = {attempt.number: attempt for attempt in changed}
    attempts = tuple(by_number.get(attempt.number, attempt) for attempt in job.attempts)
    return replace(job, attempts=attempts, updated_at=now)


def succeed(job: Job, *, images: tuple[Image, ...], provenance: Provenance, now: datetime) -> Job:
    """Publish the images: the generation is over and has its pictures."""
    done = replace(job, images=images, provenance=provenance)
    return _finish(done, Status.SUCCEEDED, None, now)


def reject(job: Job, problem: Problem, now: datetime) -> Job:
    """End with a refusal: an outcome of its own, never tried elsewhere."""
    return _finish(job, Status.REJECTED, problem, now)


def fail(job: Job, problem: Problem, now: datetime) -> Job:
    """End without a picture because something broke."""
    return _finish(job, Status.FAILED, problem, now)


def cancel(job: Job, problem: Problem, now: datetime) -> Job:
    """End without a picture because its owner no longer wants it."""
    return _finish(job, Status.CANCELED, problem, now)


def hold(job: Job, now: datetime) -> Job:
    """Keep the pictures back until a person has looked at them."""
    return replace(job, status=Status.NEEDS_REVIEW, updated_at=now)


def _finish(job: Job, status: Status, problem: Problem | None, now: datetime) -> Job:
    return replace(job, status=status, problem=problem, completed_at=now, updated_at=now)
