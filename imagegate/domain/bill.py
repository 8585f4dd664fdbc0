"""The bill: what a job's attempts cost together, by what providers told and otherwise by the price book."""

from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from imagegate.domain.card import ModelCard
from imagegate.domain.fit import billed_facts
from imagegate.domain.job import Attempt, Job, Outcome
from imagegate.domain.money import Billed, Cost, Money, Usage, cost_of, usage_of
from imagegate.domain.request import GenerationRequest, Size


def estimate(request: GenerationRequest, card: ModelCard, count: int) -> Cost:
    """Return what a request will cost by the card's prices."""
    billed = billed_facts(request, card)
    return cost_of(_usage(request, billed.size or card.sizes.default, count), card.prices, billed)


def expected_usage(request: GenerationRequest, card: ModelCard, count: int) -> Usage:
    """Return what a request will use if its provider makes all that is asked for."""
    return _usage(request, billed_facts(request, card).size or card.sizes.default, count)


def cost_of_job(job: Job, cards: tuple[ModelCard, ...]) -> Cost | None:
    """Return the sum over all attempts that were or may have been billed; None when there are none."""
    by_id = {card.id: card for card in cards}
    costs = [_cost(job, attempt, by_id[attempt.target.model]) for attempt in job.attempts]
    billed = [cost for cost in costs if cost is not None]
    if not billed:
        return None
    total = billed[0].money
    for cost in billed[1:]:
        total += cost.money
    oldest = min(billed, key=lambda cost: cost.price_checked_on)
    return Cost(
        money=total,
        price_checked_on=oldest.price_checked_on,
        source=oldest.source,
        is_estimate=any(cost.is_estimate for cost in billed),
    )


def _cost(job: Job, attempt: Attempt, card: ModelCard) -> Cost | None:
    if attempt.usage is not None:
        cost = _priced(attempt.usage, card, billed_facts(job.request, card))
        # Providers charge less for what travels in a batch, and the price book has no row for that.
        return replace(cost, is_estimate=cost.is_estimate or attempt.in_batch)
    if attempt.outcome is Outcome.UNKNOWN:
        # The possible charge, so that a budget never believes in money that may be gone.
        guess = estimate(job.request, card, attempt.count)
        return Cost(money=guess.money, price_checked_on=guess.price_checked_on, source=guess.source, is_estimate=True)
    return None


def _priced(usage: Usage, card: ModelCard, billed: Billed) -> Cost:
    try:
        return cost_of(usage, card.prices, billed)
    except ValueError:
        # A unit that the price book does not know: better an estimate of nothing, marked as one, than no picture.
        first = card.prices[0]
        nothing = Money(amount=Decimal(0), currency=first.currency)
        return Cost(money=nothing, price_checked_on=first.checked_on, source=first.source, is_estimate=True)


def _usage(request: GenerationRequest, size: Size, count: int) -> Usage:
    return _usage_of(count, size.pixels, len(request.input_images), request.steps or 0)


@lru_cache(maxsize=64)
def _usage_of(images: int, pixels_per_image: int, input_images: int, steps: int) -> Usage:
    # A plan prices the same pictures for many models.
    return usage_of(images=images, pixels_per_image=pixels_per_image, input_images=input_images, steps=steps)
