"""Webhook endpoints in the table: each beside its project, with a pointer by which all are found."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imagegate.app.webhook_ports import StaleEndpointError
from imagegate.aws.items import Item, from_item, key, number, to_item
from imagegate.domain.ids import ProjectId
from imagegate.domain.webhook import EndpointId, WebhookEndpoint
from shared_names import PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import PutTypeDef

_VERSION = "version"
_ENDPOINT = "ENDPOINT#"
_ALL = "ENDPOINTS"
_CONDITION_FAILED = "ConditionalCheckFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoEndpointStore:
    """`EndpointStore` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def read(self, project_id: ProjectId, endpoint_id: EndpointId) -> WebhookEndpoint | None:
        """Return the endpoint, or None. The read is consistent: one that was deleted is told nothing more."""
        primary_key = _endpoint_key(project_id, endpoint_id)
        answer = self.client.get_item(TableName=self.table, Key=primary_key, ConsistentRead=True)
        return from_item(WebhookEndpoint, answer["Item"]) if "Item" in answer else None

    def of_project(self, project_id: ProjectId) -> tuple[WebhookEndpoint, ...]:
        """Return all endpoints of a project; there are so few that they come in one page."""
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression=f"{PARTITION_KEY} = :project AND begins_with({SORT_KEY}, :endpoint)",
            ExpressionAttributeValues={":project": {"S": f"PROJECT#{project_id}"}, ":endpoint": {"S": _ENDPOINT}},
            ConsistentRead=True,
        )
        return tuple(from_item(WebhookEndpoint, item) for item in answer["Items"])

    def write(self, endpoint: WebhookEndpoint) -> WebhookEndpoint:
        """Create or replace an endpoint, and the pointer to it."""
        written = replace(endpoint, version=endpoint.version + 1)
        pointer: PutTypeDef = {"TableName": self.table, "Item": _pointer_key(endpoint)}
        parts = [self._put(written), *([pointer] if endpoint.version == 0 else [])]
        try:
            self.client.transact_write_items(TransactItems=[{"Put": part} for part in parts])
        except self.client.exceptions.TransactionCanceledException as error:
            codes = {reason.get("Code") for reason in error.response["CancellationReasons"]}
            if _CONDITION_FAILED in codes:
                raise StaleEndpointError(endpoint.id) from error
            raise
        return written

    def delete(self, endpoint: WebhookEndpoint) -> None:
        """Delete an endpoint and the pointer to it."""
        keys = (_endpoint_key(endpoint.project_id, endpoint.id), _pointer_key(endpoint))
        self.client.transact_write_items(
            TransactItems=[{"Delete": {"TableName": self.table, "Key": one}} for one in keys]
        )

    def projects(self) -> Iterator[ProjectId]:
        """Return every project that has an endpoint, each once; the pointers of a project lie together."""
        latest = ""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression=f"{PARTITION_KEY} = :all",
            ExpressionAttributeValues={":all": {"S": _ALL}},
        )
        for page in pages:
            for item in page["Items"]:
                project_id = item[SORT_KEY]["S"].partition("#")[0]
                if project_id != latest:
                    latest = project_id
                    yield ProjectId(project_id)

    def _put(self, endpoint: WebhookEndpoint) -> "PutTypeDef":
        primary_key = _endpoint_key(endpoint.project_id, endpoint.id)
        item = {**to_item(primary_key, endpoint), _VERSION: number(endpoint.version)}
        if endpoint.version == 1:
            condition = f"attribute_not_exists({PARTITION_KEY})"
            return {"TableName": self.table, "Item": item, "ConditionExpression": condition}
        return {
            "TableName": self.table,
            "Item": item,
            "ConditionExpression": f"{_VERSION} = :read",
            "ExpressionAttributeValues": {":read": number(endpoint.version - 1)},
        }


def _endpoint_key(project_id: ProjectId, endpoint_id: EndpointId) -> Item:
    return key(f"PROJECT#{project_id}", f"{_ENDPOINT}{endpoint_id}")


def _pointer_key(endpoint: WebhookEndpoint) -> Item:
    return key(_ALL, f"{endpoint.project_id}#{endpoint.id}")
