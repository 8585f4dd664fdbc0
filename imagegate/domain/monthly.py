"""The monthly template: what a volume of images costs in a month at each model, and where two of them cost the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from imagegate.domain.estimate import Estimate
from imagegate.domain.selfhosted import SelfHosted, SelfHostedMonth, self_hosted_month, self_hosting_beats


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyPlan:
    """A volume; `fixed` is what a model costs in a month before the first image, such as a subscription."""

    images_per_day: int
    days: int
    fixed: Mapping[str, Decimal]
    self_hosted: SelfHosted | None = None

    @property
    def images(self) -> int:
        """How many images there are in the month."""
        return self.images_per_day * self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """From how many images a day on a model costs no more than another; None where it never does."""

    model: str
    images_per_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyEstimate:
    """A month at one model; `self_hosting_from` is the volume at which self-hosting costs no more."""

    image: Estimate
    fixed: Decimal
    total: Decimal
    per_image: Decimal
    self_hosting_from: int | None = None
    break_even: tuple[BreakEven, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The models from the cheapest month up, and the month of self-hosting where it was asked for."""

    rows: tuple[MonthlyEstimate, ...]
    self_hosted: SelfHostedMonth | None


def monthly_estimates(images: tuple[Estimate, ...], plan: MonthlyPlan) -> Month:
    """Multiply estimates of one image each.

    Raises:
        InvalidValueError: self-hosting is described in a way that makes too few images.
    """
    rows = [_month(one, images, plan) for one in images]
    rows.sort(key=lambda row: (row.total, row.image.card.id))
    own = plan.self_hosted
    return Month(
        rows=tuple(rows),
        self_hosted=None if own is None else self_hosted_month(own, plan.images_per_day, plan.days),
    )


def _month(image: Estimate, others: tuple[Estimate, ...], plan: MonthlyPlan) -> MonthlyEstimate:
    price, fixed = image.cost.money.amount, _fixed(image, plan)
    own = plan.self_hosted
    return MonthlyEstimate(
        image=image,
        fixed=fixed,
        total=price * plan.images + fixed,
        per_image=price + fixed / plan.images if fixed else price,
        self_hosting_from=None if own is None else self_hosting_beats(own, price, plan.days, fixed),
        break_even=tuple(
            BreakEven(model=other.card.id, images_per_day=_beats(image, other, plan))
            for other in others
            if other is not image and fixed > _fixed(other, plan)
        ),
    )


def _beats(dear_start: Estimate, other: Estimate, plan: MonthlyPlan) -> int | None:
    """Return from which volume on the lower price makes up for the higher fixed cost."""
    saved = (other.cost.money.amount - dear_start.cost.money.amount) * plan.days
    if saved <= 0:
        return None
    return ceil((_fixed(dear_start, plan) - _fixed(other, plan)) / saved)


def _fixed(image: Estimate, plan: MonthlyPlan) -> Decimal:
    return plan.fixed.get(image.card.id, Decimal(0))
