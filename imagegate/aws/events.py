"""Events in the table: written beside what happened, in the same transaction, and told from the table's stream."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagegate.app.webhook_ports import EventClaim
from imagegate.aws.items import Item, key, number, to_item
from imagegate.domain.event import Event
from imagegate.domain.ids import EventId
from shared_names import EVENTS_PREFIX, EXPIRES_AT, PARTITION_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import PutTypeDef

_TYPE = "event_type"
_EVENT_ID = "event_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoEventStore:
    """`EventStore` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def add(self, event: Event, claim: EventClaim | None = None) -> EventId:
        """Write an event, or nothing where its claim is taken; return the id of the one that is written."""
        item = event_item(event)
        if claim is None:
            self.client.put_item(TableName=self.table, Item=item)
            return event.id
        parts: tuple[PutTypeDef, ...] = (self._claim(claim, event), {"TableName": self.table, "Item": item})
        try:
            self.client.transact_write_items(TransactItems=[{"Put": part} for part in parts])
        except self.client.exceptions.TransactionCanceledException as error:
            reasons: list[Any] = error.response["CancellationReasons"]
            if "Item" not in reasons[0]:
                raise
            return EventId(reasons[0]["Item"][_EVENT_ID]["S"])
        return event.id

    def _claim(self, claim: EventClaim, event: Event) -> "PutTypeDef":
        digest = hashlib.sha256(claim.key.encode()).hexdigest()
        return {
            "TableName": self.table,
            "Item": {
                **key(f"EVENTCLAIM#{digest}", "EVENTCLAIM"),
                _EVENT_ID: {"S": event.id},
                EXPIRES_AT: number(int(claim.expires_at.timestamp())),
            },
            # DynamoDB removes expired items late, so an expired claim counts as none.
            "ConditionExpression": f"attribute_not_exists({PARTITION_KEY}) OR {EXPIRES_AT} < :now",
            "ExpressionAttributeValues": {":now": number(int(event.created_at.timestamp()))},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def event_item(event: Event) -> Item:
    """Return the item of an event."""
    return {**to_item(event_key(event), event, expires_at=event.expires_at), _TYPE: {"S": event.type.value}}


def event_key(event: Event) -> Item:
    """Return the primary key of an event; its moment has one width, so that it sorts as time does."""
    sort = f"{event.created_at.isoformat(timespec='microseconds')}#{event.id}"
    return key(f"{EVENTS_PREFIX}{event.project_id}", sort)
