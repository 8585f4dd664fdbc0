"""Lists of jobs from the table's indexes, which follow the table a moment later."""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imagegate.aws.items import Item
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job
from shared_names import CHECK_AT, DUE_INDEX, END_USER, JOB_ID, OPEN_SHARD, PARTITION_KEY, PROJECT_ID, STATUS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

JOB_PREFIX = "JOB#"
# One partition of an index takes a thousand writes a second.
SHARDS = 8


def index_attributes(job: Job) -> Item:
    """Return what a job carries for the indexes; what is absent keeps it out of one."""
    item: Item = {
        PROJECT_ID: {"S": job.project_id},
        JOB_ID: {"S": job.id},
        STATUS: {"S": job.status.value},
    }
    if job.request.end_user is not None:
        item[END_USER] = {"S": job.request.end_user}
    if job.check_at is not None:
        item[OPEN_SHARD] = {"S": _shard(zlib.crc32(job.id.encode()) % SHARDS)}
        item[CHECK_AT] = {"S": _moment(job.check_at)}
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoJobLists:
    """`DueJobs` on DynamoDB."""

    client: "DynamoDBClient"
    table: str

    def due(self, now: datetime, shard: int) -> tuple[JobId, ...]:
        """Return the jobs of a shard whose `check_at` has passed, the longest overdue first."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName=DUE_INDEX,
            KeyConditionExpression=f"{OPEN_SHARD} = :shard AND {CHECK_AT} <= :now",
            ExpressionAttributeValues={":shard": {"S": _shard(shard)}, ":now": {"S": _moment(now)}},
        )
        keys = (item[PARTITION_KEY]["S"] for page in pages for item in page["Items"])
        return tuple(JobId(key.removeprefix(JOB_PREFIX)) for key in keys)


def _shard(number: int) -> str:
    return f"OPEN#{number}"


def _moment(moment: datetime) -> str:
    # Of one width and in one zone, so that it sorts as time does.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
