"""Pages: what one project has of one kind, by an index of ids that sort by age."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagegate.aws.items import Item, key
from imagegate.domain.ids import ProjectId
from shared_names import PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import QueryInputTypeDef


def partition_of(project_id: ProjectId) -> str:
    """Return the partition of a project."""
    return f"PROJECT#{project_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Reads the items of a project whose sort keys begin alike; those that were deleted leave no gap."""

    client: "DynamoDBClient"
    table: str
    prefix: str

    def items(self, project_id: ProjectId, *, after: str | None, is_ascending: bool, limit: int) -> Iterator[Item]:
        """Return items one by one, asking for so many at a time, from the one behind `after`."""
        query: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": f"{PARTITION_KEY} = :project AND begins_with({SORT_KEY}, :prefix)",
            "ExpressionAttributeValues": {
                ":project": {"S": partition_of(project_id)},
                ":prefix": {"S": self.prefix},
            },
            "ScanIndexForward": is_ascending,
            "Limit": limit,
        }
        if after is not None:
            query["ExclusiveStartKey"] = key(partition_of(project_id), f"{self.prefix}{after}")
        while True:
            answer = self.client.query(**query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
