"""`/v1/usage`: which days and groups are wanted, and rows of what was used and paid, as JSON or CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel

from imagegate.api.operations import Json, operation, schema_of
from imagegate.api.requests import MAX_NAME_CHARACTERS
from imagegate.domain.errors import InvalidValueError, UnknownParameterError
from imagegate.domain.usage import USAGE_RETENTION, Counter, Counts
from imagegate.domain.usage_report import Dimension, UsageQuery, UsageRow, total_of_rows

DEFAULT_DAYS = 30
MAX_DAYS = 366
CSV_TYPE = "text/csv"
_CURRENCY = "USD"
_FILTERS = {
    "key_id": Dimension.KEY,
    "end_user": Dimension.END_USER,
    "provider": Dimension.PROVIDER,
    "model": Dimension.MODEL,
}
_PARAMETERS = ("start_date", "end_date", "group_by", "format", *_FILTERS)
_NAMES = {**{dimension: dimension.value for dimension in Dimension}, Dimension.KEY: "key_id"}
_ENDS = (Counter.SUCCEEDED, Counter.REJECTED, Counter.FAILED, Counter.CANCELED)


class UsageFormat(StrEnum):
    """How usage is told."""

    JSON = "json"
    CSV = "csv"


class EndedAnswer(BaseModel):
    """How many generations ended in which way."""

    total: int
    succeeded: int
    rejected: int
    failed: int
    canceled: int


class CostsAnswer(BaseModel):
    """Decimal amounts: `succeeded` was paid for pictures that were handed out, `refused` and `failed` for nothing.

    They add up to `total`, of which `estimated` is what providers did not tell exactly.
    """

    total: str
    succeeded: str
    refused: str
    failed: str
    estimated: str
    currency: str


class ConsumedAnswer(BaseModel):
    """What providers said they used, or what follows from the requests."""

    megapixels: str
    steps: str
    seconds: str
    credits: str
    tokens: str


class UsageCountsAnswer(BaseModel):
    """What was used and paid."""

    generations: EndedAnswer
    images: int
    attempts: int
    cost: CostsAnswer
    consumed: ConsumedAnswer


class UsageRowAnswer(UsageCountsAnswer):
    """One group; what was not grouped by is null, and so are no end user and no model. The end user is a digest."""

    object: Literal["usage"] = "usage"
    day: str | None = None
    key_id: str | None = None
    end_user: str | None = None
    provider: str | None = None
    model: str | None = None


class UsageAnswer(BaseModel):
    """`GET /v1/usage`."""

    object: Literal["list"] = "list"
    start_date: str
    end_date: str
    group_by: list[Dimension]
    data: list[UsageRowAnswer]
    total: UsageCountsAnswer


ANSWERS: tuple[type[BaseModel], ...] = (UsageAnswer,)


def read_usage_query(parameters: Mapping[str, str], today: date) -> UsageQuery:
    """Read which usage is wanted: by default the last 30 days, by day.

    Raises:
        InvalidRequestError: the first thing that is wrong; an unknown parameter would be a filter that is lost.
    """
    unknown = next((name[:MAX_NAME_CHARACTERS] for name in parameters if name not in _PARAMETERS), None)
    if unknown is not None:
        message = f"Unknown parameter {unknown!r}. Use {', '.join(_PARAMETERS)}."
        raise UnknownParameterError(message, param=unknown)
    last = _day(parameters, "end_date", today)
    first = _day(parameters, "start_date", last - timedelta(days=DEFAULT_DAYS - 1))
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        message = f"`start_date` is not after `end_date`, and at most {MAX_DAYS} days are told at once."
        raise InvalidValueError(message, param="start_date")
    return UsageQuery(
        first=first,
        last=last,
        group_by=_groups(parameters.get("group_by", Dimension.DAY.value)),
        only={dimension: _text(parameters, name) for name, dimension in _FILTERS.items() if name in parameters},
    )


def read_usage_format(parameters: Mapping[str, str]) -> UsageFormat:
    """Read how it is to be told."""
    text = parameters.get("format", UsageFormat.JSON.value)
    if text not in set(UsageFormat):
        raise InvalidValueError("`format` is `json` or `csv`.", param="format")
    return UsageFormat(text)


def tell_usage(rows: Sequence[UsageRow], query: UsageQuery) -> UsageAnswer:
    """Tell rows, and their sum."""
    return UsageAnswer(
        start_date=query.first.isoformat(),
        end_date=query.last.isoformat(),
        group_by=list(query.group_by),
        data=[UsageRowAnswer(**_values(row), **_counts(row.counts)) for row in rows],
        total=UsageCountsAnswer(**_counts(total_of_rows(rows))),
    )


def write_csv(rows: Sequence[UsageRow], query: UsageQuery) -> str:
    """Tell rows as CSV: the groups, then every counter by its name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*(_NAMES[one] for one in query.group_by), *(name.value for name in Counter), "currency"])
    for row in rows:
        values = [row.values[one] for one in query.group_by]
        writer.writerow([*values, *(_amount(row.counts, name) for name in Counter), _CURRENCY])
    return text.getvalue()


def usage_paths() -> Json:
    """Return the description of the path."""
    described = operation(
        operation_id="getUsage",
        summary="Add up what the project used and paid; the last seconds may not be in it yet.",
        answer=schema_of(UsageAnswer),
        errors=("400",),
        parameters=_described_parameters(),
    )
    responses = described["responses"]
    assert isinstance(responses, dict)  # noqa: S101 - made just above
    responses["200"]["content"][CSV_TYPE] = {"schema": {"type": "string"}}
    return {"/v1/usage": {"get": described}}


def _described_parameters() -> list[Json]:
    day: Json = {"type": "string", "format": "date"}
    groups = "|".join(Dimension)
    described: dict[str, tuple[str, Json]] = {
        "start_date": (f"The first day, in UTC; {DEFAULT_DAYS} days before the last unless told otherwise.", {**day}),
        "end_date": (f"The last day, in UTC, by default today; days are kept {USAGE_RETENTION.days} days.", {**day}),
        "group_by": (
            "What to tell apart, separated by commas.",
            {"type": "string", "pattern": f"^({groups})(,({groups}))*$", "default": Dimension.DAY.value},
        ),
        "format": ("How to tell it.", {"type": "string", "enum": [one.value for one in UsageFormat]}),
        "key_id": ("Only what was asked for with this key.", {"type": "string"}),
        "end_user": ("Only this user of yours, named as in `safety_identifier`.", {"type": "string"}),
        "provider": ("Only this provider.", {"type": "string"}),
        "model": ("Only this model, by `provider/model`.", {"type": "string"}),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
        for name, (description, schema) in described.items()
    ]


def _day(parameters: Mapping[str, str], name: str, default: date) -> date:
    if name not in parameters:
        return default
    try:
        day = date.fromisoformat(parameters[name])
    except ValueError:
        day = None
    # Other forms of ISO 8601 are dates too; the years below have room for the days before.
    if day is None or day.isoformat() != parameters[name] or day.year < 2000:
        raise InvalidValueError(f"`{name}` is a day such as 2026-11-22.", param=name)
    return day


def _groups(text: str) -> tuple[Dimension, ...]:
    names = text.split(",")
    if len(set(names)) < len(names) or not set(names) <= set(Dimension):
        message = f"`group_by` is one or more of {', '.join(Dimension)}, separated by commas."
        raise InvalidValueError(message, param="group_by")
    return tuple(Dimension(name) for name in names)


def _text(parameters: Mapping[str, str], name: str) -> str:
    if not 1 <= len(parameters[name]) <= 512:
        raise InvalidValueError(f"`{name}` is 1 to 512 characters.", param=name)
    return parameters[name]


def _values(row: UsageRow) -> dict[str, str | None]:
    return {_NAMES[dimension]: value or None for dimension, value in row.values.items()}


def _counts(counts: Counts) -> dict[str, BaseModel | int]:
    ends = {name.value: _number(counts, name) for name in _ENDS}
    paid = (Counter.COST, Counter.REFUSED_COST, Counter.FAILED_COST)
    total = sum((counts.get(name, Decimal(0)) for name in paid), Decimal(0))
    succeeded, refused, failed = (_amount(counts, name) for name in paid)
    return {
        "generations": EndedAnswer(total=sum(ends.values()), **ends),
        "images": _number(counts, Counter.IMAGES),
        "attempts": _number(counts, Counter.ATTEMPTS),
        "cost": CostsAnswer(
            total=f"{total:f}",
            succeeded=succeeded,
            refused=refused,
            failed=failed,
            estimated=_amount(counts, Counter.ESTIMATED_COST),
            currency=_CURRENCY,
        ),
        "consumed": ConsumedAnswer(**{name: _amount(counts, Counter(name)) for name in ConsumedAnswer.model_fields}),
    }


def _number(counts: Counts, name: Counter) -> int:
    return int(counts.get(name, 0))


def _amount(counts: Counts, name: Counter) -> str:
    return f"{counts.get(name, Decimal(0)):f}"
