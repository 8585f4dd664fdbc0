"""Looks behind the deployed gateway: jobs, audit events and stored pictures, as the account's owner would see them."""

import json
from typing import Any

from shared_names import OUTPUT_AUDIT_TABLE, OUTPUT_IMAGES_BUCKET, OUTPUT_TABLE, PARTITION_KEY, SORT_KEY
from tests.e2e.support import DeployedGateway

Json = dict[str, Any]


def job(gateway: DeployedGateway, generation_id: str) -> Json:
    """Return the job behind a generation."""
    key: Any = {PARTITION_KEY: {"S": f"JOB#{generation_id}"}, SORT_KEY: {"S": "JOB"}}
    answer = gateway.aws("dynamodb").get_item(TableName=gateway.outputs[OUTPUT_TABLE], Key=key, ConsistentRead=True)
    return _document(answer["Item"])


def jobs_with_prompt(gateway: DeployedGateway, prompt: str) -> list[Json]:
    """Return every job that was written for a prompt."""
    pages = gateway.aws("dynamodb").get_paginator("scan").paginate(TableName=gateway.outputs[OUTPUT_TABLE])
    # Beside a job may lie what wakes the machine that drives it.
    items = [item for page in pages for item in page["Items"] if item[SORT_KEY]["S"] == "JOB"]
    return [found for found in map(_document, items) if found["request"]["prompt"] == prompt]


def callbacks(gateway: DeployedGateway, generation_id: str, *, attempt: int) -> list[Json]:
    """Return the raw items of the callbacks that were kept for an attempt."""
    answer = gateway.aws("dynamodb").query(
        TableName=gateway.outputs[OUTPUT_TABLE],
        KeyConditionExpression=f"{PARTITION_KEY} = :attempt",
        ExpressionAttributeValues={":attempt": {"S": f"CALLBACK#{generation_id}#{attempt}"}},
        ConsistentRead=True,
    )
    items: list[Any] = answer["Items"]
    return items


def audit_items(gateway: DeployedGateway, generation_id: str) -> list[Json]:
    """Return the raw items of the audit table that belong to a generation."""
    pages = (
        gateway.aws("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=gateway.outputs[OUTPUT_AUDIT_TABLE],
            KeyConditionExpression=f"{PARTITION_KEY} = :project",
            ExpressionAttributeValues={":project": {"S": f"PROJECT#{gateway.project_id}"}},
            ConsistentRead=True,
        )
    )
    items: list[Any] = [item for page in pages for item in page["Items"]]
    return [item for item in items if item["job_id"]["S"] == generation_id]


def audit_event(gateway: DeployedGateway, generation_id: str) -> Json:
    """Return the one event that tells how a generation ended."""
    (item,) = audit_items(gateway, generation_id)
    return _document(item)


def stored_pictures(gateway: DeployedGateway, prefix: str, generation_id: str) -> list[bytes]:
    """Return the objects of a generation under a prefix of the bucket, in the order of their names."""
    s3, bucket = gateway.aws("s3"), gateway.outputs[OUTPUT_IMAGES_BUCKET]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}{gateway.project_id}/{generation_id}/")
    return [s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in listed.get("Contents", [])]


def _document(item: Any) -> Json:
    content: Json = json.loads(item["document"]["S"])
    return content
