"""Money is `Decimal` with a currency; a cost is usage times a dated price row."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class PriceUnit(StrEnum):
    """What a provider counts when it bills."""

    IMAGE = "image"
    MEGAPIXEL = "megapixel"
    STEP = "step"
    SECOND = "second"
    TOKEN = "token"  # noqa: S105 - a unit of billing, not a credential
    CREDIT = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in one currency."""

    amount: Decimal
    currency: str = "USD"

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            message = f"cannot add {other.currency} to {self.currency}"
            raise ValueError(message)
        return Money(amount=self.amount + other.amount, currency=self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One line of the price book: what one unit costs, who says so, and since when we know it."""

    unit: PriceUnit
    amount: Decimal
    currency: str
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was consumed, in every unit that is known."""

    quantities: dict[PriceUnit, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Money with the evidence for it."""

    money: Money
    price_checked_on: date
    source: str


def usage_of(*, images: int, pixels_per_image: int) -> Usage:
    """Return the usage every picture has: how many, and how many megapixels together."""
    megapixels = Decimal(images * pixels_per_image) / Decimal(1_000_000)
    return Usage(quantities={PriceUnit.IMAGE: Decimal(images), PriceUnit.MEGAPIXEL: megapixels})


def cost_of(usage: Usage, prices: tuple[PriceRow, ...]) -> Cost:
    """Return the sum of all price rows whose unit was used; rows of one card share a currency.

    Raises:
        ValueError: there is no price row, so the cost is not known.
    """
    if not prices:
        message = "a cost needs at least one price row"
        raise ValueError(message)
    total = Money(amount=Decimal(0), currency=prices[0].currency)
    for row in prices:
        quantity = usage.quantities.get(row.unit, Decimal(0))
        total += Money(amount=quantity * row.amount, currency=row.currency)
    oldest = min(prices, key=lambda row: row.checked_on)
    return Cost(money=total, price_checked_on=oldest.checked_on, source=oldest.source)
