"""Slots in the table: one item for each provider that is limited, with the set of those who hold one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from imagegate.aws.items import Item, key, number

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_HOLDERS = "holders"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoSlots:
    """`Slots` on DynamoDB; a set is changed in place, so that no two who come together get the same slot."""

    client: "DynamoDBClient"
    table: str

    def acquire(self, provider_id: str, holder: str, limit: int) -> bool:
        """Take a slot if fewer than `limit` are taken, or it is held already."""
        has_room = f"attribute_not_exists({_HOLDERS}) OR size({_HOLDERS}) < :limit OR contains({_HOLDERS}, :holder)"
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(provider_id),
                UpdateExpression=f"ADD {_HOLDERS} :holders",
                ConditionExpression=has_room,
                ExpressionAttributeValues={
                    ":holders": {"SS": [holder]},
                    ":holder": {"S": holder},
                    ":limit": number(limit),
                },
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def count(self, provider_id: str, holder: str) -> None:
        """Take a slot whatever the number."""
        self._change("ADD", provider_id, holder)

    def release(self, provider_id: str, holder: str) -> None:
        """Give a slot back; one that cannot be reached now is given back by the reconciler."""
        self._change("DELETE", provider_id, holder)

    def holders(self, provider_id: str) -> frozenset[str]:
        """Return everybody who has a slot."""
        answer = self.client.get_item(TableName=self.table, Key=_key(provider_id), ConsistentRead=True)
        return frozenset(answer.get("Item", {}).get(_HOLDERS, {}).get("SS", []))

    def _change(self, verb: str, provider_id: str, holder: str) -> None:
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(provider_id),
                UpdateExpression=f"{verb} {_HOLDERS} :holders",
                ExpressionAttributeValues={":holders": {"SS": [holder]}},
            )
        except (ClientError, BotoCoreError):
            # The picture that the call is about is worth more than a slot.
            return


def _key(provider_id: str) -> Item:
    return key(f"SLOTS#{provider_id}", "SLOTS")
