"""Usage in the table: counters that are added to in one transaction with the mark that an event was counted.

The stream tells an event at least once, and a whole batch again after any failure. The mark stands on the event itself,
so nothing is kept for it, and a batch adds to each counter once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from imagegate.aws.events import event_key
from imagegate.aws.items import Item, key, number
from imagegate.domain.event import Event
from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.usage import USAGE_RETENTION, Counter, UsageCell, cells_of
from imagegate.domain.usage_report import UsageQuery
from shared_names import EXPIRES_AT, PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_COUNTED = "counted"
_CELLS = "USAGE#"
_USERS = "USERUSAGE#"
_MOST_IN_A_TRANSACTION = 100
_CONDITION_FAILED = "ConditionalCheckFailed"
_CONFLICT = "TransactionConflict"
# Two shards of the stream may meet at one counter.
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoUsage:
    """`UsageCounters` and `UsageCells` on DynamoDB."""

    client: "DynamoDBClient"
    table: str
    sleep: Callable[[float], None] = time.sleep

    def count(self, events: Sequence[Event]) -> int:
        """Add the usage of events that were not counted before; those of one transaction together or not at all."""
        once = {event.id: event for event in events}
        return sum(self._count(chunk) for chunk in _chunks(tuple(once.values())))

    def cells(self, project_id: ProjectId, query: UsageQuery) -> Iterator[UsageCell]:
        """Return the cells of some days, page by page as they are taken."""
        prefix = _USERS if query.tells_end_users_apart else _CELLS
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression=f"{PARTITION_KEY} = :project AND {SORT_KEY} BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":project": {"S": f"{prefix}{project_id}"},
                ":first": {"S": query.first.isoformat()},
                # What follows a day in a key comes before this.
                ":last": {"S": f"{query.last.isoformat()}$"},
            },
        )
        for page in pages:
            for item in page["Items"]:
                yield _read(item, by_end_user=query.tells_end_users_apart)

    def _count(self, events: tuple[Event, ...]) -> int:
        pauses = iter(_PAUSES_SECONDS)
        while events:
            try:
                self.client.transact_write_items(TransactItems=self._parts(events))
            except self.client.exceptions.TransactionCanceledException as error:
                codes = _codes(error.response)
                fresh = tuple(event for event, code in zip(events, codes, strict=False) if code != _CONDITION_FAILED)
                if len(fresh) == len(events):
                    pause = next(pauses, None)
                    if pause is None or _CONFLICT not in codes:
                        raise
                    self.sleep(pause)
                events = fresh
            else:
                return len(events)
        return 0

    def _parts(self, events: tuple[Event, ...]) -> "list[TransactWriteItemTypeDef]":
        marks = [self._mark(event) for event in events]
        return [*marks, *(self._add(primary_key, cell) for primary_key, cell in _cells(events))]

    def _mark(self, event: Event) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self.table,
                "Key": event_key(event),
                "UpdateExpression": f"SET {_COUNTED} = :yes",
                "ConditionExpression": f"attribute_exists({PARTITION_KEY}) AND attribute_not_exists({_COUNTED})",
                "ExpressionAttributeValues": {":yes": {"BOOL": True}},
            }
        }

    def _add(self, primary_key: Item, cell: UsageCell) -> "TransactWriteItemTypeDef":
        expires_at = datetime(cell.day.year, cell.day.month, cell.day.day, tzinfo=UTC) + USAGE_RETENTION
        added = ", ".join(f"#{name} :{name}" for name in cell.counts)
        return {
            "Update": {
                "TableName": self.table,
                "Key": primary_key,
                "UpdateExpression": f"SET {EXPIRES_AT} = :expires ADD {added}",
                "ExpressionAttributeNames": {f"#{name}": name for name in cell.counts},
                "ExpressionAttributeValues": {
                    ":expires": number(int(expires_at.timestamp())),
                    **{f":{name}": number(count) for name, count in cell.counts.items()},
                },
            }
        }


def _chunks(events: tuple[Event, ...]) -> Iterator[tuple[Event, ...]]:
    """Put as many events together as one transaction can write with all that they add to."""
    chunk: tuple[Event, ...] = ()
    for event in events:
        longer = (*chunk, event)
        if len(longer) + len(_cells(longer)) > _MOST_IN_A_TRANSACTION:
            yield chunk
            longer = (event,)
        chunk = longer
    yield chunk


def _cells(events: tuple[Event, ...]) -> list[tuple[Item, UsageCell]]:
    """Return each counter that events add to, by its key: with and without the end users."""
    cells: list[tuple[Item, UsageCell]] = []
    for project_id in dict.fromkeys(event.project_id for event in events):
        records = [event.usage for event in events if event.usage is not None and event.project_id == project_id]
        cells += [(_key(project_id, one), one) for one in cells_of(records, by_end_user=False)]
        cells += [(_user_key(project_id, one), one) for one in cells_of(records, by_end_user=True)]
    return cells


def _key(project_id: ProjectId, cell: UsageCell) -> Item:
    return key(f"{_CELLS}{project_id}", f"{cell.day}#{cell.key_id}#{cell.model}")


def _user_key(project_id: ProjectId, cell: UsageCell) -> Item:
    return key(f"{_USERS}{project_id}", f"{cell.day}#{cell.end_user or ''}#{cell.key_id}#{cell.model}")


def _read(item: Item, *, by_end_user: bool) -> UsageCell:
    day, rest = item[SORT_KEY]["S"].split("#", 1)
    end_user, rest = rest.split("#", 1) if by_end_user else ("", rest)
    key_id, model = rest.split("#", 1)
    return UsageCell(
        day=date.fromisoformat(day),
        key_id=KeyId(key_id),
        end_user=end_user or None,
        model=model,
        counts={name: Decimal(item[name]["N"]) for name in Counter if name in item},
    )


def _codes(response: Any) -> list[str]:
    return [str(reason.get("Code")) for reason in response.get("CancellationReasons", [])]
