"""Jobs in the table: one step is one transaction over the job, its claim, its budget and what is told of it."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import ClientError

from imagegate.app.ports import ClaimTakenError, IdempotencyClaim, JobWrite, StaleJobError
from imagegate.aws.events import event_item
from imagegate.aws.items import Item, from_item, key, number, to_item
from imagegate.aws.job_lists import index_attributes, job_key
from imagegate.domain.audit import AuditEvent
from imagegate.domain.budget import Reservation, Settlement
from imagegate.domain.errors import BudgetExceededError
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job
from shared_names import BUDGET_PREFIX, EXPIRES_AT, PARTITION_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        PutTypeDef,
        TransactWriteItemTypeDef,
        UpdateTypeDef,
    )

_VERSION = "version"
_ABSENT = f"attribute_not_exists({PARTITION_KEY})"
_CONDITION_FAILED = "ConditionalCheckFailed"
_CONFLICT = "TransactionConflict"
# The requests of one project meet at its budget. DynamoDB cancels all but one, and the SDK does not repeat the others.
_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoJobStore:
    """`JobStore` and `JobErasure` on DynamoDB."""

    client: "DynamoDBClient"
    table: str
    audit_table: str
    sleep: Callable[[float], None] = time.sleep

    def read(self, job_id: JobId) -> Job | None:
        """Return the job as it was last written, or None."""
        answer = self.client.get_item(TableName=self.table, Key=job_key(job_id), ConsistentRead=True)
        return from_item(Job, answer["Item"]) if "Item" in answer else None

    def write(self, write: JobWrite) -> Job:
        """Write everything or nothing; what stops the write is raised as what it means."""
        job = replace(write.job, version=write.job.version + 1)
        parts: dict[str, TransactWriteItemTypeDef] = {"job": {"Put": self._job(job)}}
        if write.claim is not None:
            parts["claim"] = {"Put": self._claim(write.claim, job)}
        if write.reservation is not None:
            parts["budget"] = self._reserve(write.reservation)
        if write.settlement is not None:
            parts["budget"] = self._settle(write.settlement)
        if write.event is not None:
            parts["event"] = {"Put": self._event(write.event)}
        if write.notice is not None:
            notice = event_item(write.notice)
            parts["notice"] = {"Put": {"TableName": self.table, "Item": notice, "ConditionExpression": _ABSENT}}
        self._transact(parts, write)
        return job

    def erase(self, job: Job, event: AuditEvent) -> None:
        """Delete a job that is as it was read, and write down that it was."""
        parts: dict[str, TransactWriteItemTypeDef] = {
            "job": {
                "Delete": {
                    "TableName": self.table,
                    "Key": job_key(job.id),
                    "ConditionExpression": f"{_VERSION} = :read",
                    "ExpressionAttributeValues": {":read": number(job.version)},
                }
            },
            "event": {"Put": self._event(event)},
        }
        self._transact(parts, JobWrite(job=job, event=event))

    def _transact(self, parts: "Mapping[str, TransactWriteItemTypeDef]", write: JobWrite) -> None:
        for pause_seconds in (*_PAUSES_SECONDS, None):
            try:
                self.client.transact_write_items(TransactItems=list(parts.values()))
            except self.client.exceptions.TransactionCanceledException as error:
                if pause_seconds is None or not _is_conflict(error):
                    _explain(error, tuple(parts), write)
                self.sleep(pause_seconds)
            else:
                return

    def _job(self, job: Job) -> "PutTypeDef":
        document = to_item(job_key(job.id), job, expires_at=job.expires_at)
        item = {**document, **index_attributes(job), _VERSION: number(job.version)}
        if job.version == 1:
            return {"TableName": self.table, "Item": item, "ConditionExpression": _ABSENT}
        return {
            "TableName": self.table,
            "Item": item,
            "ConditionExpression": f"{_VERSION} = :read",
            "ExpressionAttributeValues": {":read": number(job.version - 1)},
        }

    def _claim(self, claim: IdempotencyClaim, job: Job) -> "PutTypeDef":
        # The key is the client's text, of any length and content up to the API's limit; its digest is a tidy key.
        digest = hashlib.sha256(claim.key.encode()).hexdigest()
        primary_key = key(f"IDEMPOTENCY#{claim.project_id}#{digest}", "IDEMPOTENCY")
        return {
            "TableName": self.table,
            "Item": to_item(primary_key, claim, expires_at=claim.expires_at),
            # DynamoDB removes expired items late, so an expired claim counts as none.
            "ConditionExpression": f"{_ABSENT} OR {EXPIRES_AT} < :now",
            "ExpressionAttributeValues": {":now": number(int(job.updated_at.timestamp()))},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _reserve(self, reservation: Reservation) -> "TransactWriteItemTypeDef":
        amount = reservation.amount.amount
        values: dict[str, AttributeValueTypeDef] = {":amount": number(amount)}
        update: UpdateTypeDef = {
            "TableName": self.table,
            "Key": _budget_key(reservation),
            "UpdateExpression": "ADD committed :amount",
            "ExpressionAttributeValues": values,
        }
        if reservation.limit is not None:
            room = reservation.limit.amount - amount
            values[":room"] = number(room)
            # An amount over the whole budget must fail inside the transaction, where a repeat's claim is seen first.
            first_of_month = "attribute_not_exists(committed) OR " if room >= 0 else ""
            update["ConditionExpression"] = f"{first_of_month}committed <= :room"
        return {"Update": update}

    def _settle(self, settlement: Settlement) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self.table,
                "Key": _budget_key(settlement.reservation),
                "UpdateExpression": "ADD committed :difference, spent :actual",
                "ExpressionAttributeValues": {
                    ":difference": number(settlement.difference.amount),
                    ":actual": number(settlement.actual.amount),
                },
            }
        }

    def _event(self, event: AuditEvent) -> "PutTypeDef":
        primary_key = key(f"PROJECT#{event.project_id}", f"{event.at.isoformat()}#{event.id}")
        item = {**to_item(primary_key, event, expires_at=event.expires_at), "job_id": {"S": event.job_id}}
        return {"TableName": self.audit_table, "Item": item, "ConditionExpression": _ABSENT}


def _budget_key(reservation: Reservation) -> Item:
    return key(f"{BUDGET_PREFIX}{reservation.project_id}", reservation.month)


def _budget_exceeded(reservation: Reservation) -> BudgetExceededError:
    message = (
        f"This request may cost {reservation.amount.amount} {reservation.amount.currency} and the project's budget for "
        f"{reservation.month} does not cover it. Raise the budget, wait for the next month, or ask for less."
    )
    return BudgetExceededError(message)


def _is_conflict(error: ClientError) -> bool:
    """Tell whether nothing but another transaction in the same moment stood in the way."""
    codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    return _CONFLICT in codes and _CONDITION_FAILED not in codes


def _explain(error: ClientError, parts: tuple[str, ...], write: JobWrite) -> NoReturn:
    """Raise what a canceled transaction means; a claim comes first, so that no repeat is refused for money."""
    listed = error.response.get("CancellationReasons", [])
    reasons: dict[str, Mapping[str, object]] = dict(zip(parts, listed, strict=True))
    failed = {part: reason for part, reason in reasons.items() if reason.get("Code") == _CONDITION_FAILED}
    if "claim" in failed:
        owner = failed["claim"].get("Item")
        assert isinstance(owner, dict)  # noqa: S101 - asked for by ReturnValuesOnConditionCheckFailure
        raise ClaimTakenError(from_item(IdempotencyClaim, owner)) from error
    if "budget" in failed and write.reservation is not None:
        raise _budget_exceeded(write.reservation) from error
    if "job" in failed:
        raise StaleJobError(write.job.id) from error
    raise error
