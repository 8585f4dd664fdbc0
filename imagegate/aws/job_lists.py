"""Lists of jobs from the table's indexes, which follow the table a moment later."""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imagegate.app.generation_ports import JobPage
from imagegate.aws.items import Item, from_item, key
from imagegate.domain.ids import JobId, ProjectId
from imagegate.domain.job import Job
from imagegate.domain.listing import JobQuery, id_bounds
from shared_names import (
    BY_PROJECT_INDEX,
    CHECK_AT,
    DUE_INDEX,
    END_USER,
    JOB_ID,
    OPEN_SHARD,
    PARTITION_KEY,
    PROJECT_ID,
    STATUS,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        QueryInputTypeDef,
    )

_JOB_PREFIX = "JOB#"
# One partition of an index takes a thousand writes a second.
SHARDS = 8
# Where few of many jobs are wanted, so many are looked through before a page is told as it is.
_MOST_ROUNDS = 20


def job_key(job_id: JobId) -> Item:
    """Return the primary key of a job."""
    return key(f"{_JOB_PREFIX}{job_id}", "JOB")


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
    """`JobList` and `DueJobs` on DynamoDB."""

    client: "DynamoDBClient"
    table: str
    # At most a thousand, which is far below the megabyte that one answer holds.
    items_per_round: int = 1000

    def page(self, project_id: ProjectId, query: JobQuery) -> JobPage:
        """Return a page: found in the index, and read from the table, where a job may be gone already."""
        bounds = id_bounds(query)
        if bounds is None:
            return JobPage()
        found, reached = self._find(self._settings(project_id, query, bounds), query.limit)
        listed = found[: query.limit]
        if len(found) > query.limit:
            reached = listed[-1]
        last_id = reached or (listed[-1] if listed else None)
        return JobPage(jobs=self._read(listed), last_id=last_id, has_more=reached is not None)

    def _settings(self, project_id: ProjectId, query: JobQuery, bounds: tuple[JobId, JobId]) -> "QueryInputTypeDef":
        values: Item = {":project": {"S": project_id}, ":low": {"S": bounds[0]}, ":high": {"S": bounds[1]}}
        settings: QueryInputTypeDef = {
            "TableName": self.table,
            "IndexName": BY_PROJECT_INDEX,
            "KeyConditionExpression": f"{PROJECT_ID} = :project AND {JOB_ID} BETWEEN :low AND :high",
            "ExpressionAttributeValues": values,
            "ScanIndexForward": query.oldest_first,
            "Limit": query.limit + 1,
        }
        wanted = {STATUS: query.status.value if query.status else None, END_USER: query.end_user}
        filters = {name: text for name, text in wanted.items() if text is not None}
        if filters:
            values |= {f":{name}": {"S": text} for name, text in filters.items()}
            settings["ExpressionAttributeNames"] = {f"#{name}": name for name in filters}
            settings["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in filters)
            settings["Limit"] = self.items_per_round
        return settings

    def _find(self, settings: "QueryInputTypeDef", limit: int) -> tuple[list[JobId], JobId | None]:
        """Return ids, one more than wanted if there are as many, and where the search stopped before the end."""
        found: list[JobId] = []
        for _ in range(_MOST_ROUNDS):
            answer = self.client.query(**settings)
            found += [JobId(item[JOB_ID]["S"]) for item in answer["Items"]]
            if len(found) > limit or "LastEvaluatedKey" not in answer:
                return found, None
            settings = {**settings, "ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return found, JobId(answer["LastEvaluatedKey"][JOB_ID]["S"])

    def _read(self, job_ids: list[JobId]) -> tuple[Job, ...]:
        jobs: dict[JobId, Job] = {}
        keys = [job_key(one) for one in job_ids]
        # Long prompts may make a page too large for one answer.
        while keys:
            answer = self.client.batch_get_item(RequestItems={self.table: {"Keys": keys, "ConsistentRead": True}})
            read = (from_item(Job, item) for item in answer["Responses"].get(self.table, []))
            jobs |= {job.id: job for job in read}
            left = answer["UnprocessedKeys"].get(self.table)
            keys = left["Keys"] if left else []
        return tuple(jobs[one] for one in job_ids if one in jobs)

    def due(self, now: datetime, shard: int) -> tuple[JobId, ...]:
        """Return the jobs of a shard whose `check_at` has passed, the longest overdue first."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName=DUE_INDEX,
            KeyConditionExpression=f"{OPEN_SHARD} = :shard AND {CHECK_AT} <= :now",
            ExpressionAttributeValues={":shard": {"S": _shard(shard)}, ":now": {"S": _moment(now)}},
        )
        keys = (item[PARTITION_KEY]["S"] for page in pages for item in page["Items"])
        return tuple(JobId(key.removeprefix(_JOB_PREFIX)) for key in keys)


def _shard(number: int) -> str:
    return f"OPEN#{number}"


def _moment(moment: datetime) -> str:
    # Of one width and in one zone, so that it sorts as time does.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
