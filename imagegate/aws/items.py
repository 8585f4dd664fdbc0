"""DynamoDB items: a record is one JSON document beside its keys, so that its shape lives in the domain alone."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from shared_names import EXPIRES_AT, PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

T = TypeVar("T")
Item = dict[str, "AttributeValueTypeDef"]

DOCUMENT = "document"

# Building an adapter takes milliseconds, so it is done once for each record type.
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def key(partition: str, sort: str) -> Item:
    """Return the primary key of an item."""
    return {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": sort}}


def to_item(primary_key: Item, record: object, *, expires_at: datetime | None = None) -> Item:
    """Return the item for a record; after `expires_at` DynamoDB may remove it."""
    document = _adapter(type(record)).dump_json(record).decode()
    item: Item = {**primary_key, DOCUMENT: {"S": document}}
    if expires_at is not None:
        item[EXPIRES_AT] = number(int(expires_at.timestamp()))
    return item


def from_item(kind: type[T], item: Mapping[str, "AttributeValueTypeDef"]) -> T:
    """Read a record back."""
    record: T = _adapter(kind).validate_json(item[DOCUMENT]["S"])
    return record


def number(value: int | Decimal) -> "AttributeValueTypeDef":
    """Return a number attribute; it travels as text without an exponent, so no precision is lost anywhere."""
    return {"N": f"{value:f}" if isinstance(value, Decimal) else str(value)}
