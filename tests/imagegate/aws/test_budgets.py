"""Budgets in the table: never over the limit, whoever comes at the same moment, and exact in the end."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from moto.dynamodb.models import DynamoDBBackend

from imagegate.app.ports import JobWrite
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.budget import Reservation, Settlement
from imagegate.domain.errors import BudgetExceededError
from imagegate.domain.ids import JobId
from imagegate.domain.money import Money
from tests.account import Account
from tests.builders import PROJECT_ID, a_job, dollars

MONTH = "2026-11"
AT_ONCE = 12


def a_reservation(amount: str, limit: str | None) -> Reservation:
    return Reservation(
        project_id=PROJECT_ID, month=MONTH, amount=dollars(amount), limit=dollars(limit) if limit else None
    )


def _reserve(jobs: DynamoJobStore, number: int, amount: str, limit: str | None) -> bool:
    job = a_job(id=JobId(f"gen_{number}"))
    try:
        jobs.write(JobWrite(job=job, reservation=a_reservation(amount, limit)))
    except BudgetExceededError:
        return False
    return True


def _budget(account: Account) -> dict[str, Any]:
    return account.item(f"BUDGET#{PROJECT_ID}")


@pytest.fixture
def _isolated_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give moto the isolation that DynamoDB has: its transactions would undo what others wrote meanwhile."""
    lock = threading.Lock()
    original: Callable[..., None] = DynamoDBBackend.transact_write_items

    def one_at_a_time(*arguments: Any) -> None:
        with lock:
            original(*arguments)

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", one_at_a_time)


@pytest.mark.usefixtures("_isolated_transactions")
@pytest.mark.parametrize(
    ("amount", "limit", "fitting"), [("0.04", "0.20", 5), ("0.03", "0.10", 3), ("0.30", "0.20", 0)]
)
def test_of_many_at_once_exactly_as_many_get_through_as_fit(
    jobs: DynamoJobStore, amount: str, limit: str, fitting: int
) -> None:
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda number: _reserve(jobs, number, amount, limit), range(AT_ONCE)))

    assert results.count(True) == fitting


def test_the_limit_itself_can_be_reached(jobs: DynamoJobStore, account: Account) -> None:
    assert _reserve(jobs, 1, "0.10", "0.30")
    assert _reserve(jobs, 2, "0.20", "0.30")
    assert not _reserve(jobs, 3, "0.000001", "0.30")
    assert Decimal(_budget(account)["committed"]) == Decimal("0.3")


def test_without_a_limit_everything_is_counted_and_nothing_refused(jobs: DynamoJobStore, account: Account) -> None:
    assert _reserve(jobs, 1, "1000", None)
    assert _reserve(jobs, 2, "0.0004", None)
    assert Decimal(_budget(account)["committed"]) == Decimal("1000.0004")


def test_a_refusal_names_amount_and_month(jobs: DynamoJobStore) -> None:
    with pytest.raises(BudgetExceededError, match=r"may cost 2 USD.*2026-11"):
        jobs.write(JobWrite(job=a_job(), reservation=a_reservation("2", "1")))


def test_a_new_month_starts_from_nothing(jobs: DynamoJobStore) -> None:
    assert _reserve(jobs, 1, "1", "1")
    december = Reservation(project_id=PROJECT_ID, month="2026-12", amount=dollars("1"), limit=dollars("1"))

    assert jobs.write(JobWrite(job=a_job(), reservation=december))


@pytest.mark.parametrize(("actual", "committed"), [("0.03", "0.03"), ("0.04", "0.04"), ("0.07", "0.07"), ("0", "0")])
def test_a_settlement_replaces_what_was_held_by_what_was_spent(
    jobs: DynamoJobStore, account: Account, actual: str, committed: str
) -> None:
    reservation = a_reservation("0.04", "1")
    job = jobs.write(JobWrite(job=a_job(), reservation=reservation))

    jobs.write(JobWrite(job=job, settlement=Settlement(reservation=reservation, actual=dollars(actual))))

    assert Decimal(_budget(account)["committed"]) == Decimal(committed)
    assert Decimal(_budget(account)["spent"]) == Decimal(actual)


def test_an_amount_with_many_digits_is_released_to_nothing(jobs: DynamoJobStore, account: Account) -> None:
    reservation = a_reservation("0.0304857600", "1")
    job = jobs.write(JobWrite(job=a_job(), reservation=reservation))
    nothing = Money(amount=reservation.amount.amount * 0)

    jobs.write(JobWrite(job=job, settlement=Settlement(reservation=reservation, actual=nothing)))

    assert Decimal(_budget(account)["committed"]) == Decimal(_budget(account)["spent"]) == 0


def test_what_was_released_can_be_used_again(jobs: DynamoJobStore) -> None:
    reservation = a_reservation("1", "1")
    job = jobs.write(JobWrite(job=a_job(), reservation=reservation))
    assert not _reserve(jobs, 2, "1", "1")

    jobs.write(JobWrite(job=job, settlement=Settlement(reservation=reservation, actual=dollars("0"))))

    assert _reserve(jobs, 3, "1", "1")
