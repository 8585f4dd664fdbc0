"""Where the sweep of quarantine stands: one small item in the table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagegate.app.sweep import SweepMark
from imagegate.aws.items import from_item, key, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_KEY = key("CONFIGURATION", "SWEEP")


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoSweepMarks:
    """`SweepMarks` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def read(self) -> SweepMark:
        """Return the mark, or one at the beginning."""
        answer = self.client.get_item(TableName=self.table, Key=_KEY)
        return from_item(SweepMark, answer["Item"]) if "Item" in answer else SweepMark()

    def write(self, mark: SweepMark) -> None:
        """Replace the mark."""
        self.client.put_item(TableName=self.table, Item=to_item(_KEY, mark))
