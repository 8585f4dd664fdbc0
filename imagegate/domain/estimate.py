"""Estimates: what a request would cost at each model that can do it, before anything is asked of anybody."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from math import isqrt

from imagegate.domain.bill import expected_charges, expected_usage
from imagegate.domain.card import ModelCard, SizeRule
from imagegate.domain.errors import CallerError, InvalidSizeError
from imagegate.domain.fit import billed_facts, fit
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.money import PROJECT_OVERRIDE, Charge, Cost, Usage, charges_of, total_of, usage_of
from imagegate.domain.request import GenerationRequest, Size
from imagegate.domain.route import Candidate
from imagegate.domain.warning import RequestWarning, WarningType

PIXELS_IN_A_MEGAPIXEL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which models are compared: those that the request means, unless some are named beside it."""

    models: tuple[str, ...] = ()
    only_configured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The price rows that a model's answer to a request is charged by; without a size it is the input image's."""

    card: ModelCard
    size: Size | None
    charges: tuple[Charge, ...]
    warnings: tuple[RequestWarning, ...] = ()

    @property
    def cost(self) -> Cost:
        """The sum."""
        return total_of([charge.cost for charge in self.charges])


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Estimates from the cheapest up, and the models that cannot do what was asked, with the reason."""

    found: tuple[Estimate, ...]
    skipped: tuple[Candidate, ...]


def estimate_request(request: GenerationRequest, cards: tuple[ModelCard, ...], today: date) -> Estimates:
    """Estimate one request at each model, whatever model it names."""

    def estimate(card: ModelCard) -> Estimate:
        fitted = fit(request, card)
        return Estimate(
            card=card,
            size=fitted.request.size,
            charges=expected_charges(request, card, request.count),
            warnings=(*check_lifecycle(card, today), *fitted.warnings),
        )

    return _of_each(cards, estimate)


def estimate_average(
    request: GenerationRequest, megapixels: Decimal | None, cards: tuple[ModelCard, ...], today: date
) -> Estimates:
    """Estimate one image of an average request, of exactly so many megapixels unless the request names a size.

    An average number of steps keeps no model out that takes none, or others.
    """

    def estimate(card: ModelCard) -> Estimate:
        wanted, warnings = _with_own_steps(replace(request, count=1), card)
        usage = None
        if megapixels is not None:
            size, pixels, adapted = _average_size(card, int((megapixels * PIXELS_IN_A_MEGAPIXEL).to_integral_value()))
            wanted = replace(wanted, size=size, aspect_ratio=None)
            usage = _usage(wanted, pixels)
            warnings = (*warnings, *adapted)
        fitted = fit(wanted, card)
        return Estimate(
            card=card,
            size=fitted.request.size,
            charges=charges_of(usage or expected_usage(wanted, card, 1), card.prices, billed_facts(wanted, card)),
            warnings=(*check_lifecycle(card, today), *warnings, *fitted.warnings),
        )

    return _of_each(cards, estimate)


def _of_each(cards: tuple[ModelCard, ...], estimate: Callable[[ModelCard], Estimate]) -> Estimates:
    found: list[Estimate] = []
    skipped: list[Candidate] = []
    for card in cards:
        try:
            one = estimate(card)
            if _is_unknown(one.cost):
                reason = (
                    f"What {card.id} costs is agreed upon with its provider and not in the price book. "
                    f"`imagegate projects price PROJECT {card.id} image AMOUNT` tells it."
                )
                skipped.append(Candidate(model=card.id, taken=False, reason=reason))
            else:
                found.append(one)
        except CallerError as refusal:
            skipped.append(Candidate(model=card.id, taken=False, reason=refusal.message))
        except ValueError:
            reason = f"The price book does not say what this costs at {card.id}."
            skipped.append(Candidate(model=card.id, taken=False, reason=reason))
    # The id makes the order total: many models cost the same.
    found.sort(key=lambda one: (one.cost.money.amount, one.card.id))
    return Estimates(found=tuple(found), skipped=tuple(skipped))


def _is_unknown(cost: Cost) -> bool:
    """Tell whether an estimate of nothing stands for a price that is not in the catalog."""
    return cost.is_estimate and not cost.money.amount and cost.source != PROJECT_OVERRIDE


def _usage(request: GenerationRequest, pixels: int) -> Usage:
    return usage_of(images=1, pixels_per_image=pixels, input_images=len(request.input_images), steps=request.steps or 0)


def _with_own_steps(
    request: GenerationRequest, card: ModelCard
) -> tuple[GenerationRequest, tuple[RequestWarning, ...]]:
    """Bring an average number of steps within what the model takes, with a warning."""
    if request.steps is None or (card.steps is not None and card.steps.holds(request.steps)):
        return request, ()
    if card.steps is None:
        message = f"{card.id} takes no number of steps; its own was counted on."
        return replace(request, steps=None), (
            RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="steps"),
        )
    steps = int(min(max(request.steps, card.steps.minimum), card.steps.maximum))
    message = f"{card.id} does not take {request.steps} steps; {steps} were counted on."
    return replace(request, steps=steps), (RequestWarning(type=WarningType.ADJUSTED, message=message, param="steps"),)


def _average_size(card: ModelCard, pixels: int) -> tuple[Size, int, tuple[RequestWarning, ...]]:
    """Return the size by which a picture of about so many pixels is billed, how many it is billed for, and warnings.

    Raises:
        InvalidSizeError: the model makes none that is so small, or so large; a tenth does not matter.
    """
    sizes = _sizes_around(card.sizes, pixels)
    smallest, largest = min(one.pixels for one in sizes), max(one.pixels for one in sizes)
    nearest = min(sizes, key=lambda one: (abs(one.pixels - pixels), one))
    if smallest * 9 <= pixels * 10 <= largest * 11:
        return nearest, pixels, ()
    if not card.sizes.is_adaptable:
        message = f"{card.id} makes no pictures of about {pixels} pixels. Ask for {card.sizes.describe()}."
        raise InvalidSizeError(message, param="megapixels")
    message = f"{card.id} makes no pictures of about {pixels} pixels; {nearest} was counted on."
    return nearest, nearest.pixels, (RequestWarning(type=WarningType.ADJUSTED, message=message, param="megapixels"),)


def _sizes_around(rule: SizeRule, pixels: int) -> tuple[Size, ...]:
    """Return the listed sizes, or the squares on a model's grid that come nearest; always the default."""
    if rule.allowed:
        return rule.allowed
    nearest = round(isqrt(pixels) / rule.multiple_of) * rule.multiple_of
    sides = (min(max(nearest + step * rule.multiple_of, rule.min_side), rule.max_side) for step in (-1, 0, 1))
    squares = (Size(side, side) for side in sides)
    return (rule.default, *(square for square in squares if rule.allows(square)))
