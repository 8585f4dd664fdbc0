"""Files in the table: one item each, in the partition of its project."""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from imagegate.app.batch_ports import FilePage, SubjectClaim, SubjectTakenError
from imagegate.aws.claims import claim_put, owner_in
from imagegate.aws.items import Item, from_item, key, to_item
from imagegate.aws.pages import Pages, partition_of
from imagegate.domain.file import FileQuery, StoredFile
from imagegate.domain.ids import FileId, ProjectId
from shared_names import PARTITION_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

_PREFIX = "FILE#"
_KIND = "FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoFileStore:
    """`FileStore` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def read(self, project_id: ProjectId, file_id: FileId) -> StoredFile | None:
        """Return the file, or None."""
        answer = self.client.get_item(TableName=self.table, Key=_key(project_id, file_id), ConsistentRead=True)
        return from_item(StoredFile, answer["Item"]) if "Item" in answer else None

    def add(self, file: StoredFile, claim: SubjectClaim | None = None) -> None:
        """Write a new file and the claim of its request together."""
        parts: list[TransactWriteItemTypeDef] = [{"Put": file_put(self.table, file)}]
        if claim is not None:
            parts.append({"Put": claim_put(self.table, _KIND, claim, file.created_at)})
        try:
            self.client.transact_write_items(TransactItems=parts)
        except self.client.exceptions.TransactionCanceledException as error:
            owner = owner_in(error, 1)
            if owner is None:
                raise
            raise SubjectTakenError(owner) from error

    def delete(self, file: StoredFile) -> None:
        """Delete the record."""
        self.client.delete_item(TableName=self.table, Key=_key(file.project_id, file.id))

    def page(self, project_id: ProjectId, query: FileQuery) -> FilePage:
        """Return files of a project, filtered here: a project has few of them."""
        pages = Pages(client=self.client, table=self.table, prefix=_PREFIX)
        items = pages.items(
            project_id, after=query.after, is_ascending=query.is_ascending, limit=min(query.limit + 1, 1000)
        )
        wanted = (
            file
            for file in (from_item(StoredFile, item) for item in items)
            if query.purpose is None or file.purpose is query.purpose
        )
        found = tuple(islice(wanted, query.limit + 1))
        return FilePage(files=found[: query.limit], has_more=len(found) > query.limit)


def file_put(table: str, file: StoredFile) -> "PutTypeDef":
    """Return the write of a new file."""
    item = to_item(_key(file.project_id, file.id), file, expires_at=file.expires_at)
    return {"TableName": table, "Item": item, "ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}


def _key(project_id: ProjectId, file_id: FileId) -> Item:
    return key(partition_of(project_id), f"{_PREFIX}{file_id}")
