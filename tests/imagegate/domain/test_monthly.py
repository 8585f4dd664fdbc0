"""The monthly template: the seed's formulas with numbers that can be followed by hand."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.domain.card import ModelCard
from imagegate.domain.estimate import estimate_average
from imagegate.domain.money import PriceRow, PriceUnit
from imagegate.domain.monthly import BreakEven, Month, MonthlyPlan, monthly_estimates
from imagegate.domain.request import Size
from tests.builders import a_card, a_price, a_request
from tests.imagegate.domain.test_estimate import CATALOG
from tests.imagegate.domain.test_selfhosted import OWN

TODAY = date(2026, 11, 22)


def _month(
    *cards: ModelCard,
    images_per_day: int = 1000,
    days: int = 30,
    megapixels: str | None = None,
    fixed: dict[str, Decimal] | None = None,
    own: bool = False,
    **wishes: object,
) -> Month:
    average = None if megapixels is None else Decimal(megapixels)
    images = estimate_average(a_request(**wishes), average, cards, TODAY).found
    plan = MonthlyPlan(images_per_day=images_per_day, days=days, fixed=fixed or {}, self_hosted=OWN if own else None)
    return monthly_estimates(images, plan)


@pytest.mark.parametrize(
    ("prices", "wishes", "monthly"),
    [
        # images a day * days * price of an image
        ((a_price("0.04"),), {}, "1200"),
        # * megapixels of an image
        ((a_price("0.03", unit=PriceUnit.MEGAPIXEL),), {"megapixels": "1.5"}, "1350"),
        ((a_price("0.03", unit=PriceUnit.MEGAPIXEL),), {"size": Size(1024, 1024)}, "943.7184"),
        # * steps of an image
        ((a_price("0.0005", unit=PriceUnit.STEP),), {"steps": 28}, "420"),
        # all of them together, the first megapixel at a price of its own
        (
            (
                a_price("0.01"),
                a_price("0.02", unit=PriceUnit.EXTRA_MEGAPIXEL),
                a_price("0.0001", unit=PriceUnit.STEP),
            ),
            {"megapixels": "2", "steps": 50},
            "1050",
        ),
    ],
)
def test_a_month_costs_days_times_images_times_one_image(
    prices: tuple[PriceRow, ...], wishes: dict[str, object], monthly: str
) -> None:
    (row,) = _month(a_card(prices=prices), **wishes).rows  # type: ignore[arg-type]

    assert row.total == Decimal(monthly)
    assert row.per_image * 30_000 == row.total


def test_fixed_costs_are_paid_once_and_shared_by_all_images() -> None:
    (row,) = _month(a_card(), fixed={"painter/oils": Decimal(300)}).rows

    assert (row.fixed, row.total, row.per_image) == (Decimal(300), Decimal(1500), Decimal("0.05"))


def test_a_fixed_cost_pays_from_some_volume_on_or_never() -> None:
    subscribed, plain = a_card(name="subscribed", prices=(a_price("0.01"),)), a_card(name="plain")
    free = a_card(name="free", prices=(a_price("0"),))

    rows = {
        row.image.card.name: row
        for row in _month(subscribed, plain, free, fixed={"painter/subscribed": Decimal(100)}).rows
    }

    # 100 / (0.03 * 30) = 111.1
    assert rows["subscribed"].break_even == (
        BreakEven(model="painter/free", images_per_day=None),
        BreakEven(model="painter/plain", images_per_day=112),
    )
    assert rows["plain"].break_even == rows["free"].break_even == ()


def test_self_hosting_is_compared_with_every_model() -> None:
    cheap, dear = a_card(name="cheap", prices=(a_price("0.001"),)), a_card(name="dear")

    month = _month(cheap, dear, days=28, own=True)

    assert [(row.image.card.name, row.self_hosting_from) for row in month.rows] == [("cheap", None), ("dear", 2450)]
    assert month.self_hosted is not None
    assert month.self_hosted.total == Decimal(2744)


def test_months_are_sorted_with_their_fixed_costs() -> None:
    month = _month(a_card(name="a"), a_card(name="b"), fixed={"painter/a": Decimal("0.01")})

    assert [row.image.card.name for row in month.rows] == ["b", "a"]
    assert month.self_hosted is None


@settings(max_examples=25)
@given(
    images_per_day=st.integers(min_value=1, max_value=1_000_000),
    days=st.integers(min_value=1, max_value=366),
    fixed=st.dictionaries(
        st.sampled_from([card.id for card in CATALOG]),
        st.decimals(min_value=0, max_value=10_000, places=2),
        max_size=3,
    ),
    megapixels=st.decimals(min_value="0.25", max_value="4", places=2),
)
def test_over_the_whole_catalog_a_month_is_its_images_to_the_cent_and_sorting_is_total(
    images_per_day: int, days: int, fixed: dict[str, Decimal], megapixels: Decimal
) -> None:
    rows = _month(*CATALOG, images_per_day=images_per_day, days=days, fixed=fixed, megapixels=str(megapixels)).rows

    assert rows
    for row in rows:
        assert abs(row.per_image * images_per_day * days - row.total) < Decimal("0.01")
    keys = [(row.total, row.image.card.id) for row in rows]
    assert keys == sorted(set(keys))
