"""Deliveries: how often and when one endpoint is told one event, and what it answered each time.

The pauses are those that Standard Webhooks advises: ten tries over a little more than three days.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (checked 2026-11-22)
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imagegate.domain.event import Event
from imagegate.domain.webhook import EndpointId

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MAX_TRIES = len(PAUSES) + 1
# A pause is up to a fifth longer, so that endpoints which failed together are not asked together again.
JITTER = 0.2
# A receiver may ask for a longer pause than the schedule's, but not for so long that others wait behind it for days.
LONGEST_RETRY_AFTER = timedelta(hours=6)
UNFINISHED = "unfinished"

_GONE = 410


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class VerdictKind(StrEnum):
    """What the flow does next; `superseded` means that a replay took over."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one try came to; `seconds` is the pause before the next."""

    kind: VerdictKind
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One time the event was sent: the status that came back, or why none did.

    It is written before anything is sent, so that a crash still counts and no endpoint is asked without end.
    """

    at: datetime
    status_code: int | None = None
    error: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint; `run` names the flow that works on it, from `tries[first_try]` on."""

    endpoint_id: EndpointId
    event: Event
    run: str
    status: DeliveryStatus = DeliveryStatus.PENDING
    tries: tuple[Try, ...] = ()
    first_try: int = 0

    @property
    def tries_of_run(self) -> int:
        """How often the present flow has tried."""
        return len(self.tries) - self.first_try


def begin_try(delivery: Delivery, now: datetime) -> Delivery:
    """Add the intent to send; to be written before anything is sent."""
    return replace(delivery, tries=(*delivery.tries, Try(at=now, error=UNFINISHED)))


def end_try(delivery: Delivery, done: Try, *, retry_after: timedelta | None, jitter: float) -> tuple[Delivery, Verdict]:
    """Put what came of a try in the place of its intent, and decide what follows; `jitter` lies between 0 and 1."""
    told = replace(delivery, tries=(*delivery.tries[:-1], done))
    if done.status_code is not None and 200 <= done.status_code < 300:
        return replace(told, status=DeliveryStatus.DELIVERED), Verdict(kind=VerdictKind.DELIVERED)
    if is_gone(done) or told.tries_of_run >= MAX_TRIES:
        return give_up(told)
    pause = PAUSES[told.tries_of_run - 1]
    pause = max(pause, min(retry_after or pause, LONGEST_RETRY_AFTER))
    seconds = round(pause.total_seconds() * (1 + JITTER * jitter))
    return told, Verdict(kind=VerdictKind.RETRY, seconds=seconds)


def give_up(delivery: Delivery) -> tuple[Delivery, Verdict]:
    """End a delivery that never arrived; a replay can begin it anew."""
    return replace(delivery, status=DeliveryStatus.DEAD), Verdict(kind=VerdictKind.DEAD)


def is_gone(done: Try) -> bool:
    """Tell whether the receiver said that there will never be anybody here again."""
    return done.status_code == _GONE


def replay(delivery: Delivery, run: str) -> Delivery:
    """Begin a delivery anew in another flow; what was tried before stays in its history."""
    return replace(delivery, run=run, status=DeliveryStatus.PENDING, first_try=len(delivery.tries))
