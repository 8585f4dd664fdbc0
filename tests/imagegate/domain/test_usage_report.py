"""Usage along any dimension: the groups add up to the whole, whatever they are."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import chain, combinations
from typing import Any

import pytest

from imagegate.domain.ids import KeyId
from imagegate.domain.usage import NO_MODEL, Counter, UsageCell
from imagegate.domain.usage_report import Dimension, UsageQuery, report, total_of_rows

FIRST, LAST = date(2026, 11, 21), date(2026, 11, 22)


def _cell(day: int, key: str, user: str | None, model: str, cost: str) -> UsageCell:
    return UsageCell(
        day=date(2026, 11, day),
        key_id=KeyId(key),
        end_user=user,
        model=model,
        counts={Counter.SUCCEEDED: Decimal(1), Counter.COST: Decimal(cost)},
    )


CELLS = (
    _cell(22, "key_one", "ann", "painter/oils", "0.04"),
    _cell(22, "key_two", "ben", "painter/inks", "0.10"),
    _cell(21, "key_one", "ann", "sculptor/clay", "1"),
    _cell(21, "key_one", None, NO_MODEL, "0"),
)
GROUPS = list(chain.from_iterable(combinations(Dimension, size) for size in range(1, 6)))


def a_query(**changes: Any) -> UsageQuery:
    return replace(UsageQuery(first=FIRST, last=LAST, only={}), **changes)


def test_rows_are_the_sums_of_their_groups_in_order() -> None:
    by_day = report(CELLS, a_query())
    by_provider = report(CELLS, a_query(group_by=(Dimension.PROVIDER, Dimension.DAY)))

    assert [(row.values[Dimension.DAY], row.counts[Counter.COST]) for row in by_day] == [
        ("2026-11-21", 1),
        ("2026-11-22", Decimal("0.14")),
    ]
    assert [tuple(row.values.values()) for row in by_provider] == [
        ("", "2026-11-21"),
        ("painter", "2026-11-22"),
        ("sculptor", "2026-11-21"),
    ]


@pytest.mark.parametrize(
    ("only", "cost"),
    [
        ({Dimension.KEY: "key_one"}, "1.04"),
        ({Dimension.END_USER: "ben"}, "0.10"),
        ({Dimension.PROVIDER: "painter", Dimension.KEY: "key_one"}, "0.04"),
        ({Dimension.MODEL: "painter/pastels"}, "0"),
    ],
)
def test_only_what_is_wanted_is_added(only: dict[Dimension, str], cost: str) -> None:
    total = total_of_rows(report(CELLS, a_query(only=only)))

    assert total.get(Counter.COST, Decimal(0)) == Decimal(cost)


@pytest.mark.parametrize("group_by", GROUPS, ids=",".join)
def test_every_way_to_group_adds_up_to_the_same(group_by: tuple[Dimension, ...]) -> None:
    rows = report(CELLS, a_query(group_by=group_by))

    assert total_of_rows(rows) == {Counter.SUCCEEDED: 4, Counter.COST: Decimal("1.14")}
    assert [set(row.values) for row in rows] == [set(group_by)] * len(rows)


def test_users_are_told_apart_only_where_they_matter() -> None:
    assert not a_query().tells_end_users_apart
    assert a_query(group_by=(Dimension.END_USER,)).tells_end_users_apart
    assert a_query(only={Dimension.END_USER: "ann"}).tells_end_users_apart
