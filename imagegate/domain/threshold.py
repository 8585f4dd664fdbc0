"""Thresholds of a budget: when a project is told how much of its month is spent."""

from decimal import Decimal

from imagegate.domain.money import Money

PERCENTS = (50, 80, 100)


def crossed(before: Decimal, after: Decimal, limit: Money | None) -> tuple[int, ...]:
    """Return the percentages of a budget that lie between what was spent before and what is spent now."""
    if limit is None or limit.amount <= 0:
        return ()
    return tuple(percent for percent in PERCENTS if before < limit.amount * percent / 100 <= after)
