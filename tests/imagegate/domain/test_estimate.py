"""Estimates over many models: every one is priced or skipped with a reason, and the order is total."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.catalog import TomlCatalog, all_provider_ids
from imagegate.domain.bill import estimate
from imagegate.domain.card import Lifecycle, ModelCard, Range, SizeRule
from imagegate.domain.estimate import Estimates, estimate_average, estimate_request
from imagegate.domain.money import PriceUnit
from imagegate.domain.negotiated import negotiated
from imagegate.domain.request import Operation, Size
from imagegate.domain.warning import WarningType
from tests.builders import a_card, a_price, a_request, an_input, dollars
from tests.imagegate.domain.test_negotiated import agreed

TODAY = date(2026, 11, 22)
CATALOG = TomlCatalog(all_provider_ids()).cards()
MEGAPIXEL = a_price("0.01", unit=PriceUnit.MEGAPIXEL)


def _average(card: ModelCard, megapixels: str | None = None, **wishes: object) -> Estimates:
    return estimate_average(a_request(**wishes), None if megapixels is None else Decimal(megapixels), (card,), TODAY)


def test_models_come_from_the_cheapest_up_and_by_name_where_they_cost_the_same() -> None:
    cards = (
        a_card(name="c"),
        a_card(name="b", prices=(a_price("0.01"),)),
        a_card(name="a"),
    )

    told = estimate_request(a_request(count=2), cards, TODAY)

    assert [one.card.name for one in told.found] == ["b", "a", "c"]
    assert [one.cost.money for one in told.found] == [dollars("0.02"), dollars("0.08"), dollars("0.08")]


def test_a_row_says_which_prices_were_multiplied_with_what() -> None:
    prices = (a_price("0.02"), MEGAPIXEL, a_price("0.005", unit=PriceUnit.INPUT_IMAGE))
    request = a_request(operation=Operation.EDIT, input_images=(an_input(),), size=Size(1024, 512), count=3)

    (one,) = estimate_request(request, (a_card(prices=prices),), TODAY).found

    assert [(charge.row, charge.quantity) for charge in one.charges] == [
        (prices[0], Decimal(3)),
        (prices[1], Decimal("1.572864")),
        (prices[2], Decimal(1)),
    ]
    assert one.cost == estimate(request, a_card(prices=prices), 3)
    assert one.size == Size(1024, 512)


def test_a_model_that_cannot_do_it_is_skipped_with_the_reason() -> None:
    gone = a_card(name="gone", lifecycle=Lifecycle(released_on=date(2025, 1, 1), shutdown_on=date(2026, 1, 1)))
    seedless = a_card(name="seedless", has_seed=False)
    priceless = a_card(name="priceless", prices=(a_price(sizes=frozenset({Size(512, 512)})),))

    told = estimate_request(a_request(seed=1), (gone, seedless, priceless, a_card()), TODAY)

    reasons = {one.model: one.reason for one in told.skipped}
    assert [one.card.name for one in told.found] == ["oils"]
    assert "was shut down" in reasons["painter/gone"]
    assert "a seed" in reasons["painter/seedless"]
    assert "price book" in reasons["painter/priceless"]
    assert not any(one.taken for one in told.skipped)


def test_a_price_that_is_agreed_upon_elsewhere_is_no_price_of_nothing() -> None:
    card = a_card(prices=(a_price("0", estimate=True),))
    agreed_card = negotiated(card, {card.id: (agreed("0"),)})

    unknown, own = (estimate_request(a_request(), (one,), TODAY) for one in (card, agreed_card))

    assert "imagegate projects price PROJECT painter/oils" in unknown.skipped[0].reason
    assert [one.cost.money for one in own.found] == [dollars("0")]
    assert estimate_request(a_request(), (a_card(prices=(a_price("0"),)),), TODAY).found


def test_a_model_that_will_be_shut_down_and_a_size_that_is_adapted_are_warned_of() -> None:
    listed = SizeRule(default=Size(1024, 1024), allowed=(Size(1024, 1024),), is_adaptable=True)
    ends = Lifecycle(released_on=date(2025, 1, 1), shutdown_on=date(2026, 12, 24))

    (one,) = estimate_request(a_request(size=Size(512, 512)), (a_card(sizes=listed, lifecycle=ends),), TODAY).found

    assert [warning.type for warning in one.warnings] == [WarningType.DEPRECATED, WarningType.ADJUSTED]
    assert one.size == Size(1024, 1024)


def test_an_average_of_megapixels_is_billed_to_the_pixel() -> None:
    (one,) = _average(a_card(prices=(MEGAPIXEL,)), "1.5").found

    assert one.cost.money == dollars("0.015")
    assert one.size == Size(1232, 1232)


def test_an_average_is_priced_by_the_listed_size_that_is_nearest() -> None:
    sizes = SizeRule(default=Size(512, 512), allowed=(Size(512, 512), Size(1024, 1024)))
    prices = (
        a_price("0.01", sizes=frozenset({Size(512, 512)})),
        a_price("0.03", sizes=frozenset({Size(1024, 1024)})),
    )
    card = a_card(sizes=sizes, prices=prices)

    assert _average(card, "0.3").found[0].cost.money == dollars("0.01")
    assert _average(card, "1").found[0].cost.money == dollars("0.03")


@pytest.mark.parametrize(("megapixels", "is_made"), [("0.05", False), ("0.06", True), ("4.6", True), ("5", False)])
def test_an_average_that_a_model_is_too_small_or_too_large_for_is_skipped(megapixels: str, is_made: bool) -> None:
    told = _average(a_card(prices=(MEGAPIXEL,)), megapixels)

    assert bool(told.found) is is_made
    assert ["of about" in one.reason for one in told.skipped] == [True] * (not is_made)


def test_a_model_that_adapts_sizes_is_billed_for_the_one_it_makes() -> None:
    listed = SizeRule(default=Size(1024, 1024), allowed=(Size(1024, 1024), Size(1024, 768)), is_adaptable=True)

    (small,) = _average(a_card(sizes=listed, prices=(MEGAPIXEL,)), "0.3").found
    (near,) = _average(a_card(sizes=listed, prices=(MEGAPIXEL,)), "1.1").found

    assert (small.size, small.cost.money) == (Size(1024, 768), dollars("0.00786432"))
    assert [warning.type for warning in small.warnings] == [WarningType.ADJUSTED]
    assert (near.size, near.cost.money, near.warnings) == (Size(1024, 1024), dollars("0.011"), ())


def test_an_average_without_megapixels_is_one_image_of_the_request() -> None:
    (one,) = _average(a_card(prices=(MEGAPIXEL,)), size=Size(1008, 1008), count=4).found

    assert one.charges[0].quantity == Decimal("1.016064")


def test_average_steps_are_left_out_or_brought_within_what_a_model_takes() -> None:
    by_step = (a_price("0.001", unit=PriceUnit.STEP),)

    (ten,) = _average(a_card(prices=by_step), steps=10).found
    (most,) = _average(a_card(prices=by_step), steps=80).found
    (none,) = _average(a_card(steps=None), steps=80).found
    (least,) = _average(a_card(prices=by_step, steps=Range(minimum=4, maximum=8)), "1", steps=1).found

    assert [one.cost.money for one in (ten, most, none, least)] == [
        dollars("0.010"),
        dollars("0.050"),
        dollars("0.04"),
        dollars("0.004"),
    ]
    assert [[warning.type for warning in one.warnings] for one in (ten, most, none)] == [
        [],
        [WarningType.ADJUSTED],
        [WarningType.UNSUPPORTED],
    ]


@settings(max_examples=25)
@given(
    side=st.integers(min_value=4, max_value=300),
    steps=st.none() | st.integers(min_value=1, max_value=500),
    megapixels=st.none() | st.decimals(min_value="0.1", max_value="16", places=3),
)
def test_over_the_whole_catalog_every_model_is_told_once_and_sorting_is_total(
    side: int, steps: int | None, megapixels: Decimal | None
) -> None:
    size = None if megapixels else Size(side * 16, side * 16)

    told = estimate_average(a_request(size=size, steps=steps), megapixels, CATALOG, TODAY)
    again = estimate_average(a_request(size=size, steps=steps), megapixels, CATALOG[::-1], TODAY)

    assert sorted([one.card.id for one in told.found] + [one.model for one in told.skipped]) == sorted(
        card.id for card in CATALOG
    )
    keys = [(one.cost.money.amount, one.card.id) for one in told.found]
    assert all(one < other for one, other in pairwise(keys))
    assert [one.card.id for one in again.found] == [one.card.id for one in told.found]
