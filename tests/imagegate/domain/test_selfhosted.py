"""The formulas of self-hosting, by hand and by trying every volume."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.errors import InvalidValueError
from imagegate.domain.selfhosted import SelfHosted, images_per_gpu_day, self_hosted_month, self_hosting_beats

# 2 USD an hour, one image in 5 seconds, half of the time: 8640 images a GPU and day. An engineer's half day a week.
OWN = SelfHosted(
    gpu_hourly_price=Decimal(2),
    images_per_second=Decimal("0.2"),
    utilization=Decimal("0.5"),
    engineer_days_per_week=Decimal("0.5"),
    engineer_day_price=Decimal(700),
)


def test_a_month_is_its_hours_of_gpu_and_its_days_of_engineers() -> None:
    month = self_hosted_month(OWN, 10_000, 28)

    assert (month.gpus, month.hours) == (2, Decimal(2 * 24 * 28))
    assert (month.gpu_cost, month.electricity_cost) == (Decimal(2688), Decimal(0))
    assert (month.engineer_days, month.engineer_cost) == (Decimal(2), Decimal(1400))
    assert month.total == Decimal(4088)
    assert month.per_image == Decimal("0.0146")


def test_electricity_is_paid_for_every_hour_too() -> None:
    month = self_hosted_month(replace(OWN, electricity_per_hour=Decimal("0.10")), 1000, 7)

    assert month.electricity_cost == Decimal("16.80")
    assert month.total == Decimal(336) + Decimal("16.80") + Decimal(350)


def test_gpus_are_counted_for_the_peak() -> None:
    assert images_per_gpu_day(OWN) == 8640
    assert self_hosted_month(OWN, 8640, 30).gpus == 1
    assert self_hosted_month(OWN, 8641, 30).gpus == 2
    assert self_hosted_month(replace(OWN, peak_factor=Decimal(3)), 8640, 30).gpus == 3


def test_gpus_that_are_given_must_be_enough() -> None:
    two = replace(OWN, gpus=2)

    assert self_hosted_month(two, 5, 30).gpus == 2
    with pytest.raises(InvalidValueError, match="at most 17280 images a day"):
        self_hosted_month(two, 17_281, 30)


def test_a_gpu_that_makes_nothing_is_no_plan() -> None:
    with pytest.raises(InvalidValueError, match="less than one image a day"):
        images_per_gpu_day(replace(OWN, images_per_second=Decimal("0.00001")))


def test_the_volume_that_pays_for_one_gpu_and_its_engineer() -> None:
    # 28 days: (1344 + 1400) / (0.04 * 28) = 2450.
    assert self_hosting_beats(OWN, Decimal("0.04"), 28) == 2450


def test_a_low_price_is_beaten_by_several_gpus_or_never() -> None:
    # A GPU makes 241,920 images in 28 days for 1344 USD, so below 0.00556 no number of them pays.
    assert self_hosting_beats(OWN, Decimal("0.0055"), 28) is None
    assert self_hosting_beats(OWN, Decimal(0), 28) is None
    # At 0.0064 each GPU earns 204.288 beyond its cost, so seven pay for 1400: (7 * 1344 + 1400) / 0.1792.
    assert self_hosting_beats(OWN, Decimal("0.0064"), 28) == 60_313


def test_a_given_number_of_gpus_must_be_able_to_make_that_many() -> None:
    assert self_hosting_beats(replace(OWN, gpus=2), Decimal("0.04"), 28) == 3650
    assert self_hosting_beats(replace(OWN, gpus=1), Decimal("0.0064"), 28) is None


def test_what_the_other_side_costs_anyway_counts_against_it() -> None:
    assert self_hosting_beats(OWN, Decimal("0.04"), 28, Decimal(1000)) == 1558
    assert self_hosting_beats(OWN, Decimal("0.04"), 28, Decimal(2744)) == 1
    assert self_hosting_beats(OWN, Decimal(0), 28, Decimal(3000)) == 1
    assert self_hosting_beats(OWN, Decimal(0), 28, Decimal(2000)) is None
    # Below its own cost a GPU can still pay for itself with what is saved of the fixed cost.
    assert self_hosting_beats(OWN, Decimal("0.005"), 28, Decimal(2000)) == 5315


PRICES = st.decimals(min_value="0.001", max_value="0.2", places=3)
AMOUNTS = st.decimals(min_value=0, max_value=50, places=1)


@given(
    hourly=st.decimals(min_value="0.1", max_value="1", places=1),
    capacity=st.integers(min_value=20, max_value=400),
    engineer=st.integers(min_value=0, max_value=50),
    gpus=st.none() | st.integers(min_value=1, max_value=3),
    price=PRICES,
    fixed=AMOUNTS,
)
def test_the_volume_is_the_smallest_at_which_self_hosting_costs_no_more(
    *, hourly: Decimal, capacity: int, engineer: int, gpus: int | None, price: Decimal, fixed: Decimal
) -> None:
    own = SelfHosted(
        gpu_hourly_price=hourly,
        images_per_second=Decimal(capacity) / 100,
        utilization=Decimal(1),
        peak_factor=Decimal(864),
        engineer_days_per_week=Decimal(1),
        engineer_day_price=Decimal(engineer),
        gpus=gpus,
    )
    most = images_per_gpu_day(own) * (gpus or 8)
    days = 7

    def costs_no_more(volume: int) -> bool:
        return self_hosted_month(own, volume, days).total <= price * volume * days + fixed

    tried = next((volume for volume in range(1, most + 1) if costs_no_more(volume)), None)

    found = self_hosting_beats(own, price, days, fixed)
    if tried is None:
        assert found is None or found > most
    else:
        assert found == tried
