"""Changes of the table, as its stream tells them: events to send on, and budgets of which more is spent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from imagegate.app.watch_budget import BudgetChange
from imagegate.aws.items import Item, from_item
from imagegate.domain.event import Event
from imagegate.domain.ids import ProjectId
from shared_names import BUDGET_PREFIX, EVENTS_PREFIX, PARTITION_KEY, SORT_KEY

_SPENT = "spent"


def read_change(record: Mapping[str, Any]) -> Event | BudgetChange | None:
    """Read one record of the stream; None is something that nobody has to be told."""
    change = record["dynamodb"]
    after: Item | None = change.get("NewImage")
    if after is None:
        return None
    partition = after[PARTITION_KEY]["S"]
    if partition.startswith(EVENTS_PREFIX):
        return from_item(Event, after)
    if partition.startswith(BUDGET_PREFIX):
        return BudgetChange(
            project_id=ProjectId(partition.removeprefix(BUDGET_PREFIX)),
            month=after[SORT_KEY]["S"],
            before=_spent(change.get("OldImage", {})),
            after=_spent(after),
        )
    return None


def _spent(image: Item) -> Decimal:
    return Decimal(image[_SPENT]["N"]) if _SPENT in image else Decimal(0)
