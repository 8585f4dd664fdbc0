"""Usage in the table: each event counted exactly once, however the stream tells it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend

from imagegate.aws.events import DynamoEventStore
from imagegate.aws.usage import DynamoUsage
from imagegate.domain.event import Event
from imagegate.domain.ids import EventId, KeyId, ProjectId
from imagegate.domain.usage import USAGE_RETENTION, Counter, UsageCell
from imagegate.domain.usage_report import Dimension, UsageQuery
from tests.account import TABLE, Account
from tests.builders import OTHER_PROJECT_ID, PROJECT_ID, an_event
from tests.imagegate.domain.test_usage import DAY, a_record

DAYS = UsageQuery(first=date(2026, 11, 1), last=date(2026, 11, 30), only={})
USERS = replace(DAYS, group_by=(Dimension.END_USER,))


@pytest.fixture
def usage(account: Account) -> DynamoUsage:
    return DynamoUsage(client=account.dynamodb, table=TABLE)


@pytest.fixture
def happen(account: Account) -> Callable[..., Event]:
    events = DynamoEventStore(client=account.dynamodb, table=TABLE)
    numbers = iter(range(100_000))

    def happen(project_id: ProjectId = PROJECT_ID, **record: Any) -> Event:
        number = next(numbers)
        event = an_event(id=EventId(f"evt_{number:032x}"), project_id=project_id, usage=a_record(**record))
        events.add(event)
        return event

    return happen


def _costs(usage: DynamoUsage, query: UsageQuery = DAYS, project_id: ProjectId = PROJECT_ID) -> dict[str, Decimal]:
    return {
        f"{cell.day:%d} {cell.key_id} {cell.end_user} {cell.model}": cell.counts[Counter.COST]
        for cell in usage.cells(project_id, query)
    }


def test_usage_is_added_up_by_day_key_and_model_with_and_without_users(
    usage: DynamoUsage, happen: Callable[..., Event]
) -> None:
    events = [
        happen(end_user="ann"),
        happen(end_user="ben"),
        happen(),
        happen(end_user="ann", model="painter/inks"),
        happen(end_user="ann", key_id=KeyId("key_two")),
        happen(end_user="ann", day=date(2026, 11, 21)),
    ]

    assert usage.count(events) == 6

    assert _costs(usage) == {
        "21 key_one None painter/oils": Decimal("0.04"),
        "22 key_one None painter/inks": Decimal("0.04"),
        "22 key_one None painter/oils": Decimal("0.12"),
        "22 key_two None painter/oils": Decimal("0.04"),
    }
    assert _costs(usage, USERS) == {
        "21 key_one ann painter/oils": Decimal("0.04"),
        "22 key_one ann painter/inks": Decimal("0.04"),
        "22 key_one ann painter/oils": Decimal("0.04"),
        "22 key_one ben painter/oils": Decimal("0.04"),
        "22 key_one None painter/oils": Decimal("0.04"),
        "22 key_two ann painter/oils": Decimal("0.04"),
    }


def test_a_cell_is_read_back_as_it_was_added(usage: DynamoUsage, happen: Callable[..., Event]) -> None:
    counts = {name: Decimal(number) + Decimal("0.000000000001") for number, name in enumerate(Counter)}

    usage.count([happen(counts={"": counts})])

    assert list(usage.cells(PROJECT_ID, DAYS)) == [UsageCell(day=DAY, key_id=KeyId("key_one"), model="", counts=counts)]


@pytest.mark.parametrize("again", [slice(None), slice(0, 1), slice(1, None)])
def test_an_event_that_is_told_again_is_not_counted_again(
    usage: DynamoUsage, happen: Callable[..., Event], again: slice
) -> None:
    first = [happen() for _ in range(3)]
    usage.count(first)

    assert usage.count([*first[again], happen()]) == 1

    assert _costs(usage) == {"22 key_one None painter/oils": Decimal("0.16")}
    assert usage.count(first) == 0


def test_an_event_that_is_twice_in_one_batch_is_counted_once(usage: DynamoUsage, happen: Callable[..., Event]) -> None:
    event = happen()

    assert usage.count([event, event]) == 1


def test_an_event_that_is_gone_is_not_counted(usage: DynamoUsage) -> None:
    assert usage.count([an_event(usage=a_record())]) == 0
    assert _costs(usage) == {}


def test_more_than_one_transaction_holds_is_counted_in_several(
    account: Account, usage: DynamoUsage, happen: Callable[..., Event]
) -> None:
    events = [happen(end_user=f"user-{number}") for number in range(120)]

    assert usage.count(events) == 120

    assert _costs(usage) == {"22 key_one None painter/oils": Decimal("4.80")}
    assert len(_costs(usage, USERS)) == 120


def test_projects_do_not_mix_and_days_are_bounded(usage: DynamoUsage, happen: Callable[..., Event]) -> None:
    usage.count(
        [
            happen(OTHER_PROJECT_ID),
            *(
                happen(day=day)
                for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1))
            ),
        ]
    )

    assert len(_costs(usage, project_id=OTHER_PROJECT_ID)) == 1
    assert [key[:2] for key in _costs(usage)] == ["01", "30"]


def test_usage_is_kept_four_hundred_days(account: Account, usage: DynamoUsage, happen: Callable[..., Event]) -> None:
    usage.count([happen()])

    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    for partition in (f"USAGE#{PROJECT_ID}", f"USERUSAGE#{PROJECT_ID}"):
        item = account.item(partition)
        assert int(item["expires_at"]) == int((midnight + USAGE_RETENTION).timestamp())


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
def test_of_many_who_count_the_same_at_once_each_event_is_counted_by_one(
    usage: DynamoUsage, happen: Callable[..., Event]
) -> None:
    events = [happen(end_user=f"user-{number % 3}") for number in range(12)]
    batches = [events, events[:6], events[6:], events[::2], events[::-1]]

    with ThreadPoolExecutor(max_workers=len(batches)) as pool:
        counted = list(pool.map(usage.count, batches))

    assert sum(counted) == 12
    assert _costs(usage) == {"22 key_one None painter/oils": Decimal("0.48")}
    assert sum(_costs(usage, USERS).values()) == Decimal("0.48")


@dataclass
class Refusing:
    """A client whose first transactions are canceled for these reasons."""

    client: Any
    reasons: list[str]
    slept: list[float] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def transact_write_items(self, **wanted: Any) -> Any:
        if not self.reasons:
            return self.client.transact_write_items(**wanted)
        codes = [{"Code": self.reasons.pop(0)}, *({"Code": "None"} for _ in wanted["TransactItems"][1:])]
        response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": codes}
        raise self.client.exceptions.TransactionCanceledException(response, "TransactWriteItems")


def _refused(account: Account, *reasons: str) -> tuple[DynamoUsage, Refusing]:
    client = Refusing(account.dynamodb, list(reasons))
    counters: Any = client
    return DynamoUsage(client=counters, table=TABLE, sleep=client.slept.append), client


def test_a_transaction_that_meets_another_is_repeated_after_growing_pauses(
    account: Account, happen: Callable[..., Event]
) -> None:
    usage, client = _refused(account, "TransactionConflict", "TransactionConflict")

    assert usage.count([happen()]) == 1

    assert client.slept == sorted(set(client.slept))
    assert len(client.slept) == 2


def test_a_transaction_that_meets_others_again_and_again_is_left_to_the_stream(
    account: Account, happen: Callable[..., Event]
) -> None:
    usage, _ = _refused(account, *["TransactionConflict"] * 9)

    with pytest.raises(ClientError, match="TransactionCanceled"):
        usage.count([happen()])


def test_a_transaction_that_is_refused_for_anything_else_is_not_repeated(
    account: Account, happen: Callable[..., Event]
) -> None:
    usage, client = _refused(account, "ThrottlingError")

    with pytest.raises(ClientError, match="TransactionCanceled"):
        usage.count([happen()])

    assert client.slept == []
