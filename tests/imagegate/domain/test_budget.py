"""Reservations and settlements."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.budget import Reservation, Settlement, reserve
from imagegate.domain.money import Money
from tests.builders import NOW, PROJECT_ID, a_project, dollars

amounts = st.decimals(min_value=0, max_value=10_000, places=6).map(lambda amount: Money(amount=amount))


@given(held=amounts, spent=amounts)
def test_reservation_and_settlement_leave_exactly_what_was_spent(held: Money, spent: Money) -> None:
    reservation = Reservation(project_id=PROJECT_ID, month="2026-11", amount=held, limit=None)

    settlement = Settlement(reservation=reservation, actual=spent)

    assert held + settlement.difference == spent


def test_a_free_picture_needs_no_reservation() -> None:
    assert reserve(a_project(monthly_budget=dollars("0")), dollars("0.00"), NOW) is None


def test_an_estimate_is_held_against_the_projects_month() -> None:
    project = a_project(monthly_budget=dollars("5"))

    reservation = reserve(project, dollars("0.04"), datetime(2026, 1, 2, tzinfo=UTC))

    assert reservation == Reservation(
        project_id=PROJECT_ID, month="2026-01", amount=dollars("0.04"), limit=dollars("5")
    )


def test_a_project_without_a_budget_is_counted_without_a_limit() -> None:
    reservation = reserve(a_project(), Money(amount=Decimal("0.1")), NOW)

    assert reservation is not None
    assert reservation.limit is None
