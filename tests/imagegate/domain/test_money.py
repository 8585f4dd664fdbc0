"""Money, usage and cost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.money import Billed, Money, PriceRow, PriceUnit, Usage, add_usage, cost_of, usage_of
from imagegate.domain.request import Operation, Quality, Size
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

BILLED = Billed(operation=Operation.GENERATE, quality=Quality.HIGH, size=Size(1024, 1024))


def _total(usage: Usage, rows: tuple[PriceRow, ...]) -> Money:
    """The cost, where no row that applies counts as nothing."""
    try:
        return cost_of(usage, rows, BILLED).money
    except ValueError:
        return dollars("0")


@given(usage=usages, some=price_lists, more=price_lists)
def test_costs_of_two_price_lists_add_up(usage: Usage, some: tuple[PriceRow, ...], more: tuple[PriceRow, ...]) -> None:
    apart = _total(usage, some) + _total(usage, more)

    assert _total(usage, (*some, *more)) == apart


@given(images=st.integers(0, 10), more=st.integers(0, 10), pixels=st.integers(1, 10**7), price=prices)
def test_a_picture_costs_the_same_in_company(images: int, more: int, pixels: int, price: PriceRow) -> None:
    together = _total(usage_of(images=images + more, pixels_per_image=pixels), (price,))
    first = _total(usage_of(images=images, pixels_per_image=pixels), (price,))
    second = _total(usage_of(images=more, pixels_per_image=pixels), (price,))

    assert first + second == together


def test_every_price_whose_unit_was_used_is_counted_and_no_other() -> None:
    rows = (
        a_price("0.04", unit=PriceUnit.IMAGE),
        a_price("0.10", unit=PriceUnit.MEGAPIXEL),
        a_price("9.99", unit=PriceUnit.SECOND),
    )

    cost = cost_of(usage_of(images=2, pixels_per_image=500_000), rows, BILLED)

    assert cost.money == dollars("0.18")


def test_the_evidence_for_a_cost_is_its_oldest_price() -> None:
    rows = (
        a_price(checked_on=date(2026, 5, 1), source="newer"),
        a_price(checked_on=date(2026, 4, 1), source="older"),
    )

    cost = cost_of(usage_of(images=1, pixels_per_image=1), rows, BILLED)

    assert (cost.price_checked_on, cost.source) == (date(2026, 4, 1), "older")


def test_a_cost_without_a_price_is_not_zero_but_unknown() -> None:
    with pytest.raises(ValueError, match="no price row applies"):
        cost_of(usage_of(images=1, pixels_per_image=1), (), BILLED)


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="cannot add EUR to USD"):
        _ = dollars("1") + Money(amount=Decimal(1), currency="EUR")


@pytest.mark.parametrize(
    ("conditions", "other"),
    [
        ({"operations": frozenset({Operation.GENERATE})}, {"operation": Operation.EDIT}),
        ({"qualities": frozenset({Quality.HIGH, Quality.LOW})}, {"quality": Quality.MEDIUM}),
        ({"sizes": frozenset({Size(1024, 1024)})}, {"size": Size(512, 512)}),
        ({"sizes": frozenset({Size(1024, 1024)})}, {"size": None}),
    ],
)
def test_a_price_with_a_condition_applies_only_where_it_holds(
    conditions: dict[str, Any], other: dict[str, Any]
) -> None:
    rows = (a_price("0.04"), a_price("1", **conditions))
    usage = usage_of(images=1, pixels_per_image=1)

    assert cost_of(usage, rows, BILLED).money == dollars("1.04")
    assert cost_of(usage, rows, replace(BILLED, **other)).money == dollars("0.04")


def test_a_cost_is_an_estimate_when_a_row_that_was_used_is_one() -> None:
    rows = (a_price("0.04", estimate=True), a_price("0.01", unit=PriceUnit.CREDIT))
    by_credits = Usage(quantities={PriceUnit.CREDIT: Decimal(4)})

    assert cost_of(usage_of(images=1, pixels_per_image=1), rows, BILLED).is_estimate
    assert not cost_of(by_credits, rows, BILLED).is_estimate


def test_a_request_itself_tells_images_area_inputs_and_steps() -> None:
    usage = usage_of(images=2, pixels_per_image=1_500_000, input_images=3, steps=20)

    assert usage.quantities == {
        PriceUnit.IMAGE: 2,
        PriceUnit.INPUT_IMAGE: 3,
        PriceUnit.MEGAPIXEL: 3,
        PriceUnit.EXTRA_MEGAPIXEL: 1,
        PriceUnit.STEP: 40,
    }
    small = usage_of(images=1, pixels_per_image=500_000)
    assert small.quantities[PriceUnit.EXTRA_MEGAPIXEL] == 0


@given(one=usages, other=usages)
def test_usage_adds_up_in_any_order(one: Usage, other: Usage) -> None:
    together = add_usage(one, other)

    assert together == add_usage(other, one)
    assert sum(together.quantities.values()) == sum(one.quantities.values()) + sum(other.quantities.values())
