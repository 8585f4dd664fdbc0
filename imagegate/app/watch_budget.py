"""Watch budgets: tell a project when half, four fifths and all of its month are spent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from imagegate.app.ports import Clock, NewId, ProjectStore
from imagegate.app.webhook_ports import EventClaim, EventStore
from imagegate.domain.event import EventType, new_event
from imagegate.domain.ids import EventId, ProjectId
from imagegate.domain.money import Money
from imagegate.domain.request import JsonValue
from imagegate.domain.threshold import crossed

# Longer than a month and whatever is settled late in the next.
_CLAIM_RETENTION = timedelta(days=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetChange:
    """What a project had spent in a month before and after one settlement."""

    project_id: ProjectId
    month: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchBudget:
    """Turns a change of what is spent into events, each of which is written once in a month."""

    projects: ProjectStore
    events: EventStore
    clock: Clock
    new_id: NewId

    def __call__(self, change: BudgetChange) -> None:
        """Write an event for each threshold that was crossed."""
        if change.after <= change.before:
            return
        project = self.projects.read_project(change.project_id)
        if project is None or project.monthly_budget is None:
            return
        for percent in crossed(change.before, change.after, project.monthly_budget):
            self._tell(change, percent, project.monthly_budget)

    def _tell(self, change: BudgetChange, percent: int, budget: Money) -> None:
        now = self.clock()
        event = new_event(
            event_id=EventId(self.new_id("evt")),
            project_id=change.project_id,
            event_type=EventType.BUDGET_THRESHOLD,
            subject_id=change.month,
            now=now,
            data=_data(change, percent, budget),
        )
        claim = f"{event.type.value}#{change.project_id}#{change.month}#{percent}"
        self.events.add(event, EventClaim(key=claim, expires_at=now + _CLAIM_RETENTION))


def _data(change: BudgetChange, percent: int, budget: Money) -> Mapping[str, JsonValue]:
    return {
        "object": "budget",
        "month": change.month,
        "percent": percent,
        "spent": {"amount": f"{change.after:f}", "currency": budget.currency},
        "budget": {"amount": f"{budget.amount:f}", "currency": budget.currency},
    }
