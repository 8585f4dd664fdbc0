"""Money, usage and cost."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.money import Money, PriceRow, PriceUnit, Usage, cost_of, usage_of
from tests.builders import a_price, dollars

prices = st.builds(
    a_price,
    amount=st.decimals(min_value=0, max_value=100, places=6).map(str),
    unit=st.sampled_from(PriceUnit),
    checked_on=st.dates(),
)
price_lists = st.lists(prices, min_size=1, max_size=4).map(tuple)
usages = st.dictionaries(st.sampled_from(PriceUnit), st.decimals(min_value=0, max_value=1000, places=3)).map(
    lambda quantities: Usage(quantities=quantities)
)


@given(usage=usages, some=price_lists, more=price_lists)
def test_costs_of_two_price_lists_add_up(usage: Usage, some: tuple[PriceRow, ...], more: tuple[PriceRow, ...]) -> None:
    apart = cost_of(usage, some).money + cost_of(usage, more).money

    assert cost_of(usage, (*some, *more)).money == apart


@given(images=st.integers(0, 10), more=st.integers(0, 10), pixels=st.integers(1, 10**7), price=prices)
def test_a_picture_costs_the_same_in_company(images: int, more: int, pixels: int, price: PriceRow) -> None:
    together = cost_of(usage_of(images=images + more, pixels_per_image=pixels), (price,)).money
    first = cost_of(usage_of(images=images, pixels_per_image=pixels), (price,)).money
    second = cost_of(usage_of(images=more, pixels_per_image=pixels), (price,)).money

    assert first + second == together


def test_every_price_whose_unit_was_used_is_counted_and_no_other() -> None:
    rows = (
        a_price("0.04", unit=PriceUnit.IMAGE),
        a_price("0.10", unit=PriceUnit.MEGAPIXEL),
        a_price("9.99", unit=PriceUnit.TOKEN),
    )

    cost = cost_of(usage_of(images=2, pixels_per_image=500_000), rows)

    assert cost.money == dollars("0.18")


def test_the_evidence_for_a_cost_is_its_oldest_price() -> None:
    rows = (
        a_price(checked_on=date(2026, 5, 1), source="newer"),
        a_price(checked_on=date(2026, 4, 1), source="older"),
    )

    cost = cost_of(usage_of(images=1, pixels_per_image=1), rows)

    assert (cost.price_checked_on, cost.source) == (date(2026, 4, 1), "older")


def test_a_cost_without_a_price_is_not_zero_but_unknown() -> None:
    with pytest.raises(ValueError, match="at least one price row"):
        cost_of(usage_of(images=1, pixels_per_image=1), ())


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="cannot add EUR to USD"):
        _ = dollars("1") + Money(amount=Decimal(1), currency="EUR")
