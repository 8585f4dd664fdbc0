"""Usage: what generations came to, counted when they end into cells that can be added up along any dimension.

A cell is a day, a key, an end user and a model. What somebody paid for and nobody got is counted apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from imagegate.domain.ids import KeyId
from imagegate.domain.job import Attempt, Job, Outcome, Status
from imagegate.domain.money import Cost, PriceUnit

USAGE_RETENTION = timedelta(days=400)
# Where a generation was refused before any model was asked.
NO_MODEL = ""


class Counter(StrEnum):
    """What is counted: generations by their end, pictures that were handed out, money in parts, and what it was for."""

    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELED = "canceled"
    IMAGES = "images"
    ATTEMPTS = "attempts"
    # What was paid for pictures that were handed out, for refused ones, and for attempts that came to nothing.
    COST = "cost"
    REFUSED_COST = "refused_cost"
    FAILED_COST = "failed_cost"
    # What of all three is estimated.
    ESTIMATED_COST = "estimated_cost"
    MEGAPIXELS = "megapixels"
    STEPS = "steps"
    SECONDS = "seconds"
    CREDITS = "credits"
    TOKENS = "tokens"


Counts = Mapping[Counter, Decimal]
_UNITS = {
    PriceUnit.MEGAPIXEL: Counter.MEGAPIXELS,
    PriceUnit.STEP: Counter.STEPS,
    PriceUnit.SECOND: Counter.SECONDS,
    PriceUnit.CREDIT: Counter.CREDITS,
    PriceUnit.INPUT_TEXT_TOKEN: Counter.TOKENS,
    PriceUnit.INPUT_IMAGE_TOKEN: Counter.TOKENS,
    PriceUnit.OUTPUT_TEXT_TOKEN: Counter.TOKENS,
    PriceUnit.OUTPUT_IMAGE_TOKEN: Counter.TOKENS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """What one generation came to, by the id of each model that was asked; the end user is a digest."""

    day: date
    key_id: KeyId
    end_user: str | None
    counts: Mapping[str, Counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCell:
    """Counts of one day, key and model, and of one end user where it is one of those that tell users apart."""

    day: date
    key_id: KeyId
    model: str
    end_user: str | None = None
    counts: Counts

    @property
    def provider(self) -> str:
        """The provider of the model."""
        return self.model.partition("/")[0]


def usage_record(job: Job, costs: Mapping[int, Cost]) -> UsageRecord:
    """Return what a job that is over came to, with the costs of its attempts by their numbers."""
    counts: dict[str, dict[Counter, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    told_of = counts[job.target.model if job.attempts else NO_MODEL]
    told_of[Counter(job.status.value)] += 1
    told_of[Counter.IMAGES] += len(job.images)
    for attempt in job.attempts:
        _count_attempt(counts[attempt.target.model], job, attempt, costs.get(attempt.number))
    ended_at = job.completed_at or job.updated_at
    return UsageRecord(
        day=ended_at.date(),
        key_id=job.key_id,
        end_user=job.request.end_user,
        counts={
            model: {name: count for name, count in of.items() if count}
            for model, of in counts.items()
            if any(of.values())
        },
    )


def _count_attempt(counts: dict[Counter, Decimal], job: Job, attempt: Attempt, cost: Cost | None) -> None:
    counts[Counter.ATTEMPTS] += attempt.sent_at is not None
    if cost is not None:
        counts[_purse(job, attempt)] += cost.money.amount
        if cost.is_estimate:
            counts[Counter.ESTIMATED_COST] += cost.money.amount
    for unit, quantity in (attempt.usage.quantities if attempt.usage else {}).items():
        if unit in _UNITS:
            counts[_UNITS[unit]] += quantity


def _purse(job: Job, attempt: Attempt) -> Counter:
    """Return under what the cost of an attempt is counted: pictures that nobody got are no success."""
    if attempt.outcome is Outcome.REJECTED or (attempt.outcome is Outcome.SUCCEEDED and job.status is Status.REJECTED):
        return Counter.REFUSED_COST
    if attempt.outcome is Outcome.SUCCEEDED and job.status is Status.SUCCEEDED:
        return Counter.COST
    return Counter.FAILED_COST


def cells_of(records: Iterable[UsageRecord], *, by_end_user: bool) -> tuple[UsageCell, ...]:
    """Return the cells that records add to, each cell once; with `by_end_user` those that tell users apart."""
    totals: dict[tuple[date, KeyId, str | None, str], dict[Counter, Decimal]] = {}
    for record in records:
        end_user = record.end_user if by_end_user else None
        for model, counts in record.counts.items():
            total = totals.setdefault((record.day, record.key_id, end_user, model), defaultdict(Decimal))
            add_counts(total, counts)
    return tuple(
        UsageCell(day=day, key_id=key_id, end_user=end_user, model=model, counts=dict(counts))
        for (day, key_id, end_user, model), counts in totals.items()
    )


def add_counts(total: dict[Counter, Decimal], counts: Counts) -> None:
    """Add counts to a total in its place."""
    for name, count in counts.items():
        total[name] = total.get(name, Decimal(0)) + count
