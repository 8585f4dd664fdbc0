"""Projects and keys in the table: a key is read by its hash in one call, and found by its id through a pointer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagegate.aws.items import from_item, key, to_item
from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.project import ApiKey, Project

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_HASH = "hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoProjectStore:
    """`ProjectStore` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def read_project(self, project_id: ProjectId) -> Project | None:
        """Return the project, or None."""
        answer = self.client.get_item(TableName=self.table, Key=key(f"PROJECT#{project_id}", "PROJECT"))
        return from_item(Project, answer["Item"]) if "Item" in answer else None

    def write_project(self, project: Project) -> None:
        """Create or replace a project."""
        self.client.put_item(TableName=self.table, Item=to_item(key(f"PROJECT#{project.id}", "PROJECT"), project))

    def read_key(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash. The read is consistent: a revoked key stops with the next request."""
        answer = self.client.get_item(TableName=self.table, Key=key(f"KEY#{key_hash}", "KEY"), ConsistentRead=True)
        return from_item(ApiKey, answer["Item"]) if "Item" in answer else None

    def write_key(self, api_key: ApiKey) -> None:
        """Create or replace a key and the pointer to it."""
        pointer = {**key(f"KEYID#{api_key.id}", "KEYID"), _HASH: {"S": api_key.hash}}
        record = to_item(key(f"KEY#{api_key.hash}", "KEY"), api_key)
        self.client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": self.table, "Item": record}},
                {"Put": {"TableName": self.table, "Item": pointer}},
            ]
        )

    def find_key(self, key_id: KeyId) -> ApiKey | None:
        """Return the key with this id, or None."""
        answer = self.client.get_item(TableName=self.table, Key=key(f"KEYID#{key_id}", "KEYID"))
        return self.read_key(answer["Item"][_HASH]["S"]) if "Item" in answer else None
