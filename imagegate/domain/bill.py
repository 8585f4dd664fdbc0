"""The bill: what a job's attempts cost together, by what providers told and otherwise by the price book."""

from dataclasses import replace
from decimal import Decimal

from imagegate.domain.card import ModelCard
from imagegate.domain.fit import fit
from imagegate.domain.job import Attempt, Job, Outcome
from imagegate.domain.money import Billed, Cost, Money, Usage, cost_of, usage_of
from imagegate.domain.request import GenerationRequest


def estimate(request: GenerationRequest, card: ModelCard, count: int) -> Cost:
    """Return what a request will cost by the card's prices."""
    return cost_of(expected_usage(request, card, count), card.prices, _billed(fit(request, card).request, card))


def expected_usage(request: GenerationRequest, card: ModelCard, count: int) -> Usage:
    """Return what a request will use if its provider makes all that is asked for."""
    size = fit(request, card).request.size or card.sizes.default
    return usage_of(
        images=count,
        pixels_per_image=size.pixels,
        input_images=len(request.input_images),
        steps=request.steps or 0,
    )


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
        cost = _priced(attempt.usage, card, fit(job.request, card).request)
        # Providers charge less for what travels in a batch, and the price book has no row for that.
        return replace(cost, is_estimate=cost.is_estimate or attempt.in_batch)
    if attempt.outcome is Outcome.UNKNOWN:
        # The possible charge, so that a budget never believes in money that may be gone.
        guess = estimate(job.request, card, attempt.count)
        return Cost(money=guess.money, price_checked_on=guess.price_checked_on, source=guess.source, is_estimate=True)
    return None


def _priced(usage: Usage, card: ModelCard, fitted: GenerationRequest) -> Cost:
    billed = _billed(fitted, card)
    try:
        return cost_of(usage, card.prices, billed)
    except ValueError:
        # A unit that the price book does not know: better an estimate of nothing, marked as one, than no picture.
        first = card.prices[0]
        nothing = Money(amount=Decimal(0), currency=first.currency)
        return Cost(money=nothing, price_checked_on=first.checked_on, source=first.source, is_estimate=True)


def _billed(fitted: GenerationRequest, card: ModelCard) -> Billed:
    # An edit without a size has the source's, which is billed like the default.
    size = fitted.size or card.sizes.default
    return Billed(operation=fitted.operation, quality=fitted.quality, size=size)
