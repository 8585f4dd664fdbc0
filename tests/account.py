"""An AWS account in this process (moto) with the gateway's tables, bucket and machine, and what lies in them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from shared_names import (
    BY_PROJECT_INDEX,
    CHECK_AT,
    DUE_INDEX,
    END_USER,
    GENERATION_MACHINE_NAME,
    JOB_ID,
    OPEN_SHARD,
    PARTITION_KEY,
    PROJECT_ID,
    SORT_KEY,
    STATUS,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_stepfunctions import SFNClient

REGION = "us-east-1"
TABLE = "imagegate"
AUDIT_TABLE = "imagegate-audit"
BUCKET = "imagegate-images"
# Moto's machines do not run: what they are told to start is only listed.
MACHINE = f"arn:aws:states:{REGION}:123456789012:stateMachine:{GENERATION_MACHINE_NAME}"
DELIVERY_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:imagegate-webhook-delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The clients of the account."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    states: "SFNClient"

    def items(self, table: str = TABLE) -> list[dict[str, Any]]:
        """Return everything in a table, each item with its values unpacked and its document read."""
        return [_plain(item) for item in self.dynamodb.scan(TableName=table)["Items"]]

    def item(self, partition: str) -> dict[str, Any]:
        """Return the one item of a partition."""
        (found,) = (item for item in self.items() if item[PARTITION_KEY] == partition)
        return found

    def object_keys(self) -> list[str]:
        """Return the key of every object in the bucket."""
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def executions(self) -> list[str]:
        """Return the name of every execution of the machine that drives jobs."""
        return [one["name"] for one in self.states.list_executions(stateMachineArn=MACHINE)["executions"]]


def _plain(item: Any) -> dict[str, Any]:
    plain = {name: next(iter(value.values())) for name, value in item.items()}
    if "document" in plain:
        plain["document"] = json.loads(plain["document"])
    return plain


@contextmanager
def opened_account(account: Account) -> Iterator[Account]:
    """Empty the account and set up the gateway's tables and bucket in it."""
    with mock_aws():
        for table in (TABLE, AUDIT_TABLE):
            account.dynamodb.create_table(
                TableName=table,
                KeySchema=[
                    {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
                    {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": PARTITION_KEY, "AttributeType": "S"},
                    {"AttributeName": SORT_KEY, "AttributeType": "S"},
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        _index_jobs(account)
        account.s3.create_bucket(Bucket=BUCKET)
        role = "arn:aws:iam::123456789012:role/machine"
        account.states.create_state_machine(name=GENERATION_MACHINE_NAME, definition="{}", roleArn=role)
        yield account


def _index_jobs(account: Account) -> None:
    """Add the secondary indexes, one at a time as DynamoDB wants it."""
    lists = {"ProjectionType": "INCLUDE", "NonKeyAttributes": [STATUS, END_USER]}
    indexes: list[tuple[str, str, str, Any]] = [
        (BY_PROJECT_INDEX, PROJECT_ID, JOB_ID, lists),
        (DUE_INDEX, OPEN_SHARD, CHECK_AT, {"ProjectionType": "KEYS_ONLY"}),
    ]
    for name, partition, sort, projection in indexes:
        account.dynamodb.update_table(
            TableName=TABLE,
            AttributeDefinitions=[
                {"AttributeName": partition, "AttributeType": "S"},
                {"AttributeName": sort, "AttributeType": "S"},
            ],
            GlobalSecondaryIndexUpdates=[
                {
                    "Create": {
                        "IndexName": name,
                        "KeySchema": [
                            {"AttributeName": partition, "KeyType": "HASH"},
                            {"AttributeName": sort, "KeyType": "RANGE"},
                        ],
                        "Projection": projection,
                    }
                }
            ],
        )


def new_account() -> Account:
    """Make the clients, which takes longer than everything else here together: do it once."""
    return Account(
        dynamodb=boto3.client("dynamodb", region_name=REGION),
        s3=boto3.client("s3", region_name=REGION),
        states=boto3.client("stepfunctions", region_name=REGION),
    )
