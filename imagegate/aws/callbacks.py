"""Callbacks of providers in the table: kept once each, under the job they are about, for as long as it can run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from imagegate.app.ports import KeptCallback
from imagegate.aws.items import Item, from_item, key, to_item
from imagegate.domain.ids import JobId
from shared_names import PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

RETENTION = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoCallbacks:
    """`Callbacks` and `CallbackErasure` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def add(self, job_id: JobId, attempt: int, event_id: str, callback: KeptCallback) -> bool:
        """Keep a callback; False when one with this id was kept before."""
        primary_key = key(_partition(job_id, attempt), event_id)
        item: Item = to_item(primary_key, callback, expires_at=callback.received_at + RETENTION)
        try:
            self.client.put_item(
                TableName=self.table, Item=item, ConditionExpression=f"attribute_not_exists({PARTITION_KEY})"
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def read(self, job_id: JobId, attempt: int) -> tuple[KeptCallback, ...]:
        """Return the callbacks of an attempt, in the order in which they came."""
        kept = (from_item(KeptCallback, item) for item in self._items(job_id, attempt))
        return tuple(sorted(kept, key=lambda one: one.received_at))

    def erase(self, job_id: JobId, attempt: int) -> None:
        """Delete the callbacks of an attempt, of which there are few."""
        for item in self._items(job_id, attempt):
            self.client.delete_item(TableName=self.table, Key={name: item[name] for name in (PARTITION_KEY, SORT_KEY)})

    def _items(self, job_id: JobId, attempt: int) -> list[Item]:
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression=f"{PARTITION_KEY} = :attempt",
            ExpressionAttributeValues={":attempt": {"S": _partition(job_id, attempt)}},
            ConsistentRead=True,
        )
        return answer["Items"]


def _partition(job_id: JobId, attempt: int) -> str:
    return f"CALLBACK#{job_id}#{attempt}"
