"""The bill: what a job's attempts cost together, by what providers told and otherwise by the price book."""

from collections.abc import Mapping
from decimal import Decimal

from imagegate.domain.card import ModelCard
from imagegate.domain.fit import fit
from imagegate.domain.job import Attempt, Job, Outcome
from imagegate.domain.money import Billed, Charge, Cost, Money, Usage, charges_of, cost_of, total_of, usage_of
from imagegate.domain.negotiated import negotiated
from imagegate.domain.request import GenerationRequest


def estimate(request: GenerationRequest, card: ModelCard, count: int) -> Cost:
    """Return what a request will cost by the card's prices."""
    return total_of([charge.cost for charge in expected_charges(request, card, count)])


def expected_charges(request: GenerationRequest, card: ModelCard, count: int) -> tuple[Charge, ...]:
    """Return the card's price rows that a request will be charged by, each with how much of its unit it will use.

    Raises:
        ValueError: no price row applies, so the cost is not known.
    """
    usage = expected_usage(request, card, count)
    return charges_of(usage, card.prices, billed_of(fit(request, card).request, card))


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
    costs = costs_of_attempts(job, cards)
    return total_of(list(costs.values())) if costs else None


def costs_of_attempts(job: Job, cards: tuple[ModelCard, ...]) -> Mapping[int, Cost]:
    """Return what each attempt cost that was or may have been billed, by its number and the job's own prices."""
    by_id = {card.id: negotiated(card, job.prices) for card in cards}
    costs = {attempt.number: _cost(job, attempt, by_id[attempt.target.model]) for attempt in job.attempts}
    return {number: cost for number, cost in costs.items() if cost is not None}


def billed_of(fitted: GenerationRequest, card: ModelCard) -> Billed:
    """Return the facts of a request, fitted to a card, that its price can depend on."""
    # An edit without a size has the source's, which is billed like the default.
    size = fitted.size or card.sizes.default
    return Billed(operation=fitted.operation, quality=fitted.quality, size=size)


def _cost(job: Job, attempt: Attempt, card: ModelCard) -> Cost | None:
    if attempt.usage is not None:
        return _priced(attempt.usage, card, fit(job.request, card).request)
    if attempt.outcome is Outcome.UNKNOWN:
        # The possible charge, so that a budget never believes in money that may be gone.
        guess = estimate(job.request, card, attempt.count)
        return Cost(money=guess.money, price_checked_on=guess.price_checked_on, source=guess.source, is_estimate=True)
    return None


def _priced(usage: Usage, card: ModelCard, fitted: GenerationRequest) -> Cost:
    billed = billed_of(fitted, card)
    try:
        return cost_of(usage, card.prices, billed)
    except ValueError:
        # A unit that the price book does not know: better an estimate of nothing, marked as one, than no picture.
        first = card.prices[0]
        nothing = Money(amount=Decimal(0), currency=first.currency)
        return Cost(money=nothing, price_checked_on=first.checked_on, source=first.source, is_estimate=True)
