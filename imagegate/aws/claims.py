"""Idempotency claims of files and batches: put beside what they made, in the same transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from imagegate.app.batch_ports import SubjectClaim
from imagegate.aws.items import from_item, key, number, to_item
from shared_names import EXPIRES_AT, PARTITION_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef

_CONDITION_FAILED = "ConditionalCheckFailed"


def claim_put(table: str, kind: str, claim: SubjectClaim, now: datetime) -> "PutTypeDef":
    """Return the write of a claim, which fails while another request owns the key for this kind of thing."""
    digest = hashlib.sha256(claim.key.encode()).hexdigest()
    primary_key = key(f"IDEMPOTENCY#{claim.project_id}#{digest}", kind)
    return {
        "TableName": table,
        "Item": to_item(primary_key, claim, expires_at=claim.expires_at),
        # DynamoDB removes expired items late, so an expired claim counts as none.
        "ConditionExpression": f"attribute_not_exists({PARTITION_KEY}) OR {EXPIRES_AT} < :now",
        "ExpressionAttributeValues": {":now": number(int(now.timestamp()))},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def owner_in(error: ClientError, place: int) -> SubjectClaim | None:
    """Return who owns the key, if that is what stopped a transaction whose claim stood at this place in it."""
    if not is_stopped_at(error, place):
        return None
    owner: Mapping[str, AttributeValueTypeDef] = _reason(error, place)["Item"]
    return from_item(SubjectClaim, owner)


def is_stopped_at(error: ClientError, place: int) -> bool:
    """Tell whether the condition at this place stopped a transaction."""
    return _reason(error, place).get("Code") == _CONDITION_FAILED


def _reason(error: ClientError, place: int) -> dict[str, Any]:
    reasons: Sequence[Any] = error.response.get("CancellationReasons", [])
    return dict(reasons[place]) if place < len(reasons) else {}
