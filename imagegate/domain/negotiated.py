"""Negotiated prices: what a project pays in the place of what the price book says, unit by unit of a model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from imagegate.domain.card import ModelCard
from imagegate.domain.money import PROJECT_OVERRIDE, PriceRow, PriceUnit
from imagegate.domain.route import Route

# What follows from a request itself, whatever its provider counts.
_COUNTED_BY_US = frozenset(
    {PriceUnit.IMAGE, PriceUnit.INPUT_IMAGE, PriceUnit.MEGAPIXEL, PriceUnit.EXTRA_MEGAPIXEL, PriceUnit.STEP}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiatedPrice:
    """What one unit of a model costs one project, whatever the operation, quality or size is."""

    unit: PriceUnit
    amount: Decimal
    currency: str
    agreed_on: date


NegotiatedPrices = Mapping[str, tuple[NegotiatedPrice, ...]]
"""The negotiated prices of a project, by the id of the model."""


def negotiated(card: ModelCard, prices: NegotiatedPrices) -> ModelCard:
    """Return the card with a project's own prices: each takes the place of all rows of its unit, the others stay."""
    agreed = prices.get(card.id, ())
    if not agreed:
        return card
    replaced = {price.unit for price in agreed}
    kept = tuple(row for row in card.prices if row.unit not in replaced)
    return replace(card, prices=(*kept, *(_row(price, card) for price in agreed)))


def prices_on(route: Route, prices: NegotiatedPrices) -> NegotiatedPrices:
    """Return those that a request on this route may meet, which is all that its job has to keep."""
    return {target.model: prices[target.model] for target in route.targets if target.model in prices}


def billable_units(card: ModelCard) -> frozenset[PriceUnit]:
    """Return the units in which a model can be billed: its price rows', and what is counted here anyway."""
    return _COUNTED_BY_US | {row.unit for row in card.prices}


def _row(price: NegotiatedPrice, card: ModelCard) -> PriceRow:
    # A row that only stands in for what the provider will tell does so at any price.
    replaced = [row for row in card.prices if row.unit is price.unit]
    return PriceRow(
        unit=price.unit,
        amount=price.amount,
        currency=price.currency,
        source=PROJECT_OVERRIDE,
        checked_on=price.agreed_on,
        estimate=bool(replaced) and all(row.estimate for row in replaced),
    )
