"""Deliveries in the table, by endpoint and event, and the flow in Step Functions that waits between their tries."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from imagegate.app.webhook_ports import DeliveryPage, StaleDeliveryError
from imagegate.aws.items import Item, from_item, key, to_item
from imagegate.domain.delivery import Delivery, DeliveryStatus
from imagegate.domain.ids import EventId
from imagegate.domain.webhook import EndpointId
from shared_names import PARTITION_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_stepfunctions import SFNClient

# A filter is applied after this many were read, so it is more than one page of an answer.
_LOOKED_AT_ONCE = 200
_RUN = "run"
_STATUS = "status"
_ABSENT = f"attribute_not_exists({PARTITION_KEY})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoDeliveryStore:
    """`DeliveryStore` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def read(self, endpoint_id: EndpointId, event_id: EventId) -> Delivery | None:
        """Return the delivery as it was last written, or None."""
        primary_key = _delivery_key(endpoint_id, event_id)
        answer = self.client.get_item(TableName=self.table, Key=primary_key, ConsistentRead=True)
        return from_item(Delivery, answer["Item"]) if "Item" in answer else None

    def create(self, delivery: Delivery) -> None:
        """Write a delivery, unless there is one."""
        try:
            self.client.put_item(TableName=self.table, Item=_item(delivery), ConditionExpression=_ABSENT)
        except self.client.exceptions.ConditionalCheckFailedException:
            return

    def write(self, delivery: Delivery, *, run: str) -> None:
        """Replace a delivery that this run works on."""
        try:
            self.client.put_item(
                TableName=self.table,
                Item=_item(delivery),
                ConditionExpression="#run = :run",
                ExpressionAttributeNames={"#run": _RUN},
                ExpressionAttributeValues={":run": {"S": run}},
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise StaleDeliveryError(run) from error

    def page(
        self, endpoint_id: EndpointId, *, status: DeliveryStatus | None, limit: int, after: EventId | None
    ) -> DeliveryPage:
        """Return deliveries of an endpoint, the latest event first; ids of events sort by their age."""
        found: list[Delivery] = []
        start = _delivery_key(endpoint_id, after) if after else None
        # One more than is wanted tells whether there is a next page.
        while len(found) <= limit:
            answer = self._query(endpoint_id, status, start)
            found += (from_item(Delivery, item) for item in answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if start is None:
                break
        if len(found) <= limit:
            return DeliveryPage(deliveries=tuple(found))
        return DeliveryPage(deliveries=tuple(found[:limit]), next_after=found[limit - 1].event.id)

    def _query(self, endpoint_id: EndpointId, status: DeliveryStatus | None, start: Item | None) -> Any:
        settings: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
        values: Item = {":endpoint": {"S": _partition(endpoint_id)}}
        if status is not None:
            settings |= {"FilterExpression": "#status = :status", "ExpressionAttributeNames": {"#status": _STATUS}}
            values[":status"] = {"S": status.value}
        return self.client.query(
            TableName=self.table,
            KeyConditionExpression=f"{PARTITION_KEY} = :endpoint",
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=_LOOKED_AT_ONCE,
            **settings,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFunctionsFlows:
    """`DeliveryFlows` on a state machine: an execution's name is taken once, so a repeated start changes nothing."""

    client: "SFNClient"
    state_machine: str

    def start(self, delivery: Delivery) -> None:
        """Start the delivery's run, unless it was started before."""
        told = {"endpoint_id": delivery.endpoint_id, "event_id": delivery.event.id, "run": delivery.run}
        try:
            self.client.start_execution(stateMachineArn=self.state_machine, name=delivery.run, input=json.dumps(told))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise


def _partition(endpoint_id: EndpointId) -> str:
    return f"DELIVERIES#{endpoint_id}"


def _delivery_key(endpoint_id: EndpointId, event_id: EventId) -> Item:
    return key(_partition(endpoint_id), event_id)


def _item(delivery: Delivery) -> Item:
    primary_key = _delivery_key(delivery.endpoint_id, delivery.event.id)
    item = to_item(primary_key, delivery, expires_at=delivery.event.expires_at)
    return {**item, _RUN: {"S": delivery.run}, _STATUS: {"S": delivery.status.value}}
