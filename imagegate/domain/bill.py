"""The bill: what a job's attempts cost together, by what providers told and otherwise by the price book."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from imagegate.domain.card import ModelCard
from imagegate.domain.fit import billed_facts
from imagegate.domain.job import Attempt, Job, Outcome
from imagegate.domain.money import Billed, Charge, Cost, Money, Usage, charges_of, cost_of, total_of, usage_of
from imagegate.domain.negotiated import negotiated
from imagegate.domain.request import GenerationRequest, Size


def estimate(request: GenerationRequest, card: ModelCard, count: int) -> Cost:
    """Return what a request will cost by the card's prices."""
    billed = billed_facts(request, card)
    return cost_of(_usage(request, billed.size or card.sizes.default, count), card.prices, billed)


def expected_charges(request: GenerationRequest, card: ModelCard, count: int) -> tuple[Charge, ...]:
    """Return the card's price rows that a request will be charged by, each with how much of its unit it will use.

    Raises:
        ValueError: no price row applies, so the cost is not known.
    """
    return charges_of(expected_usage(request, card, count), card.prices, billed_facts(request, card))


def expected_usage(request: GenerationRequest, card: ModelCard, count: int) -> Usage:
    """Return what a request will use if its provider makes all that is asked for."""
    return _usage(request, billed_facts(request, card).size or card.sizes.default, count)


def cost_of_job(job: Job, cards: tuple[ModelCard, ...]) -> Cost | None:
    """Return the sum over all attempts that were or may have been billed; None when there are none."""
    costs = costs_of_attempts(job, cards)
    return total_of(list(costs.values())) if costs else None


def costs_of_attempts(job: Job, cards: tuple[ModelCard, ...]) -> Mapping[int, Cost]:
    """Return what each attempt cost that was or may have been billed, by its number and the job's own prices."""
    by_id = {card.id: negotiated(card, job.prices) for card in cards}
    costs = {attempt.number: _cost(job, attempt, by_id[attempt.target.model]) for attempt in job.attempts}
    return {number: cost for number, cost in costs.items() if cost is not None}


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
