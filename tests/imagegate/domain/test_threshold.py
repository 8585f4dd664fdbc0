"""Thresholds of a budget are crossed once, on the way up."""

from decimal import Decimal

import pytest

from imagegate.domain.threshold import crossed
from tests.builders import dollars


@pytest.mark.parametrize(
    ("before", "after", "percents"),
    [
        ("0", "4.99", ()),
        ("4.99", "5", (50,)),
        ("5", "7", ()),
        ("7", "10.50", (80, 100)),
        ("0", "12", (50, 80, 100)),
        ("10", "30", ()),
        ("9", "6", ()),
    ],
)
def test_a_threshold_is_crossed_when_spending_reaches_it(before: str, after: str, percents: tuple[int, ...]) -> None:
    assert crossed(Decimal(before), Decimal(after), dollars("10")) == percents


def test_a_project_without_a_budget_has_no_thresholds() -> None:
    assert crossed(Decimal(0), Decimal(100), None) == ()
    assert crossed(Decimal(0), Decimal(100), dollars("0")) == ()
