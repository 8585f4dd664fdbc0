"""A project is told of each threshold of its budget once a month."""

from decimal import Decimal
from typing import Any

import pytest

from imagegate.app.watch_budget import BudgetChange, WatchBudget
from imagegate.domain.event import EventType
from imagegate.domain.ids import ProjectId
from tests.builders import PROJECT_ID, a_project, dollars
from tests.fakes import FakeClock, FakeIds, MemoryProjectStore
from tests.webhook_fakes import MemoryEventStore


def _watch(events: MemoryEventStore, **project: Any) -> WatchBudget:
    projects = MemoryProjectStore({PROJECT_ID: a_project(**({"monthly_budget": dollars("10")} | project))})
    return WatchBudget(projects=projects, events=events, clock=FakeClock(), new_id=FakeIds())


def _spending(before: str, after: str, project_id: ProjectId = PROJECT_ID, month: str = "2026-11") -> BudgetChange:
    return BudgetChange(project_id=project_id, month=month, before=Decimal(before), after=Decimal(after))


def test_a_threshold_that_is_crossed_is_told_with_what_was_spent() -> None:
    events = MemoryEventStore()

    _watch(events)(_spending("4", "8.50"))

    half, most = events.events
    assert (half.type, half.project_id, half.subject_id) == (EventType.BUDGET_THRESHOLD, PROJECT_ID, "2026-11")
    assert half.data == {
        "object": "budget",
        "month": "2026-11",
        "percent": 50,
        "spent": {"amount": "8.50", "currency": "USD"},
        "budget": {"amount": "10", "currency": "USD"},
    }
    assert most.data["percent"] == 80


def test_a_change_that_is_noticed_twice_is_told_once_and_the_next_month_anew() -> None:
    events = MemoryEventStore()
    watch = _watch(events)

    for _ in range(2):
        watch(_spending("4", "6"))
    watch(_spending("4", "6", month="2026-12"))

    assert [event.subject_id for event in events.events] == ["2026-11", "2026-12"]


@pytest.mark.parametrize(
    "change",
    [_spending("4", "4"), _spending("6", "4"), _spending("4", "6", ProjectId("prj_gone")), _spending("0", "4")],
)
def test_what_crosses_nothing_is_not_told(change: BudgetChange) -> None:
    events = MemoryEventStore()

    _watch(events)(change)

    assert events.events == []


def test_a_project_without_a_budget_is_told_nothing() -> None:
    events = MemoryEventStore()

    _watch(events, monthly_budget=None)(_spending("0", "1000"))

    assert events.events == []
