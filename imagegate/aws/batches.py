"""Batches in the table: a document that one writer at a time replaces, and counters that many add to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from imagegate.app.batch_ports import BatchPage, StaleBatchError, SubjectClaim, SubjectTakenError
from imagegate.aws.claims import claim_put, is_stopped_at, owner_in
from imagegate.aws.events import event_item
from imagegate.aws.files import file_put
from imagegate.aws.items import DOCUMENT, Item, from_item, key, number, to_item
from imagegate.aws.pages import Pages, partition_of
from imagegate.domain.batch import Batch, RequestCounts
from imagegate.domain.batch_line import LineOutcome
from imagegate.domain.event import Event
from imagegate.domain.file import StoredFile
from imagegate.domain.ids import BatchId, ProjectId
from shared_names import PARTITION_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef
    from types_boto3_stepfunctions import SFNClient

_PREFIX = "BATCH#"
_KIND = "BATCH"
_VERSION = "version"
_COMPLETED = "completed"
_FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoBatchStore:
    """`BatchStore` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def read(self, project_id: ProjectId, batch_id: BatchId) -> Batch | None:
        """Return the batch as it was last written and counted, or None."""
        answer = self.client.get_item(TableName=self.table, Key=_key(project_id, batch_id), ConsistentRead=True)
        return _counted(answer["Item"]) if "Item" in answer else None

    def add(self, batch: Batch, claim: SubjectClaim | None = None) -> Batch:
        """Write a new batch and the claim of its request together."""
        batch = replace(batch, version=1)
        item = {
            **to_item(_key(batch.project_id, batch.id), batch, expires_at=batch.expires_at),
            _VERSION: number(1),
            _COMPLETED: number(0),
            _FAILED: number(0),
        }
        absent = f"attribute_not_exists({PARTITION_KEY})"
        parts: list[TransactWriteItemTypeDef] = [
            {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": absent}}
        ]
        if claim is not None:
            parts.append({"Put": claim_put(self.table, _KIND, claim, batch.created_at)})
        try:
            self.client.transact_write_items(TransactItems=parts)
        except self.client.exceptions.TransactionCanceledException as error:
            owner = owner_in(error, 1)
            if owner is None:
                raise
            raise SubjectTakenError(owner) from error
        return batch

    def write(self, batch: Batch, files: Sequence[StoredFile] = (), event: Event | None = None) -> Batch:
        """Replace the document, with what else happens in that moment; a batch that is over brings its true counts."""
        written = replace(batch, version=batch.version + 1)
        parts: list[TransactWriteItemTypeDef] = [{"Update": self._update(written)}]
        parts += [{"Put": file_put(self.table, file)} for file in files]
        if event is not None:
            parts.append({"Put": {"TableName": self.table, "Item": event_item(event)}})
        try:
            self.client.transact_write_items(TransactItems=parts)
        except self.client.exceptions.TransactionCanceledException as error:
            if is_stopped_at(error, 0):
                raise StaleBatchError(batch.id) from error
            raise
        return written

    def count(self, project_id: ProjectId, batch_id: BatchId, outcome: LineOutcome) -> None:
        """Add one to a counter; many lines end in the same moment, and none waits for another."""
        self.client.update_item(
            TableName=self.table,
            Key=_key(project_id, batch_id),
            UpdateExpression="ADD #counter :one",
            ExpressionAttributeNames={"#counter": _COMPLETED if outcome is LineOutcome.COMPLETED else _FAILED},
            ExpressionAttributeValues={":one": number(1)},
        )

    def page(self, project_id: ProjectId, limit: int, after: BatchId | None) -> BatchPage:
        """Return batches of a project, the newest first."""
        pages = Pages(client=self.client, table=self.table, prefix=_PREFIX)
        items = pages.items(project_id, after=after, is_ascending=False, limit=limit + 1)
        found = tuple(_counted(item) for item in islice(items, limit + 1))
        return BatchPage(batches=found[:limit], has_more=len(found) > limit)

    def _update(self, batch: Batch) -> "UpdateTypeDef":
        primary_key = _key(batch.project_id, batch.id)
        values = {DOCUMENT: to_item(primary_key, batch)[DOCUMENT], _VERSION: number(batch.version)}
        if batch.status.is_terminal:
            values |= {_COMPLETED: number(batch.counts.completed), _FAILED: number(batch.counts.failed)}
        return {
            "TableName": self.table,
            "Key": primary_key,
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values),
            "ConditionExpression": f"#{_VERSION} = :read",
            "ExpressionAttributeNames": {f"#{name}": name for name in values},
            "ExpressionAttributeValues": {
                ":read": number(batch.version - 1),
                **{f":{name}": value for name, value in values.items()},
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFunctionsBatchRuns:
    """`BatchRuns` on Step Functions."""

    states: "SFNClient"
    machine: str

    def start(self, batch: Batch) -> None:
        """Start an execution named after the batch, so that there is one."""
        told = json.dumps({"batch_id": batch.id, "project_id": batch.project_id})
        try:
            self.states.start_execution(stateMachineArn=self.machine, name=batch.id, input=told)
        except self.states.exceptions.ExecutionAlreadyExists:
            return


def _counted(item: Item) -> Batch:
    batch = from_item(Batch, item)
    counts = RequestCounts(
        total=batch.counts.total, completed=int(item[_COMPLETED]["N"]), failed=int(item[_FAILED]["N"])
    )
    return replace(batch, counts=counts)


def _key(project_id: ProjectId, batch_id: BatchId) -> Item:
    return key(partition_of(project_id), f"{_PREFIX}{batch_id}")
