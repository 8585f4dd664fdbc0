"""Money is `Decimal` with a currency; a cost is usage times the dated price rows that apply."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from imagegate.domain.request import Operation, Quality, Size


class PriceUnit(StrEnum):
    """What a provider counts when it bills."""

    IMAGE = "image"
    INPUT_IMAGE = "input_image"
    MEGAPIXEL = "megapixel"
    # What a picture has beyond its first megapixel, where the first has a price of its own.
    EXTRA_MEGAPIXEL = "extra_megapixel"
    STEP = "step"
    SECOND = "second"
    CREDIT = "credit"
    INPUT_TEXT_TOKEN = "input_text_token"  # noqa: S105 - a unit of billing, not a credential
    INPUT_IMAGE_TOKEN = "input_image_token"  # noqa: S105
    OUTPUT_TEXT_TOKEN = "output_text_token"  # noqa: S105
    OUTPUT_IMAGE_TOKEN = "output_image_token"  # noqa: S105


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
    """One line of the price book: what one unit costs, who says so, and since when we know it.

    An empty set means that the row applies whatever the operation, quality or size is. An `estimate` row stands in for
    what the provider's own usage will tell exactly.
    """

    unit: PriceUnit
    amount: Decimal
    currency: str
    source: str
    checked_on: date
    operations: frozenset[Operation] = frozenset()
    qualities: frozenset[Quality] = frozenset()
    sizes: frozenset[Size] = frozenset()
    estimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """The facts of a request that a price can depend on."""

    operation: Operation
    quality: Quality
    size: Size | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was consumed, in each unit that is known."""

    quantities: Mapping[PriceUnit, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Money with the evidence for it; an estimate where the provider did not tell what it billed."""

    money: Money
    price_checked_on: date
    source: str
    is_estimate: bool = False


def usage_of(*, images: int, pixels_per_image: int, input_images: int = 0, steps: int = 0) -> Usage:
    """Return the usage that follows from a request itself."""
    megapixels = Decimal(pixels_per_image) / Decimal(1_000_000)
    extra = max(megapixels - 1, Decimal(0))
    quantities = {
        PriceUnit.IMAGE: Decimal(images),
        PriceUnit.INPUT_IMAGE: Decimal(input_images),
        PriceUnit.MEGAPIXEL: megapixels * images,
        PriceUnit.EXTRA_MEGAPIXEL: extra * images,
        PriceUnit.STEP: Decimal(steps * images),
    }
    return Usage(quantities=quantities)


def add_usage(one: Usage, other: Usage) -> Usage:
    """Return both together."""
    units = {*one.quantities, *other.quantities}
    nothing = Decimal(0)
    return Usage(
        quantities={
            unit: one.quantities.get(unit, nothing) + other.quantities.get(unit, nothing) for unit in sorted(units)
        }
    )


def cost_of(usage: Usage, prices: tuple[PriceRow, ...], billed: Billed) -> Cost:
    """Return the sum over the price rows that apply and whose unit was used; rows of one card share a currency.

    Raises:
        ValueError: no price row applies, so the cost is not known.
    """
    # By unit first: it is the quicker question, and a plan asks it of every price there is.
    rows = [row for row in prices if row.unit in usage.quantities and _applies(row, billed)]
    if not rows:
        message = "no price row applies to this usage"
        raise ValueError(message)
    total = Money(amount=usage.quantities[rows[0].unit] * rows[0].amount, currency=rows[0].currency)
    for row in rows[1:]:
        total += Money(amount=usage.quantities[row.unit] * row.amount, currency=row.currency)
    oldest = min(rows, key=lambda row: row.checked_on)
    return Cost(
        money=total,
        price_checked_on=oldest.checked_on,
        source=oldest.source,
        is_estimate=any(row.estimate for row in rows),
    )


def _applies(row: PriceRow, billed: Billed) -> bool:
    return (
        (not row.operations or billed.operation in row.operations)
        and (not row.qualities or billed.quality in row.qualities)
        and (not row.sizes or billed.size in row.sizes)
    )
