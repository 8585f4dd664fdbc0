"""What usage is asked for by, and how rows of it are told."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from imagegate.api.usage import UsageFormat, read_usage_format, read_usage_query, tell_usage, write_csv
from imagegate.domain.errors import InvalidValueError, UnknownParameterError
from imagegate.domain.usage import Counter
from imagegate.domain.usage_report import Dimension, UsageQuery, UsageRow

TODAY = date(2026, 11, 22)
QUERY = UsageQuery(first=date(2026, 11, 1), last=TODAY, group_by=(Dimension.KEY, Dimension.MODEL), only={})
ROWS = (
    UsageRow(
        values={Dimension.KEY: "key_one", Dimension.MODEL: "painter/oils"},
        counts={
            Counter.SUCCEEDED: Decimal(2),
            Counter.FAILED: Decimal(1),
            Counter.IMAGES: Decimal(3),
            Counter.ATTEMPTS: Decimal(4),
            Counter.COST: Decimal("0.12"),
            Counter.FAILED_COST: Decimal("0.04"),
            Counter.ESTIMATED_COST: Decimal("0.04"),
            Counter.MEGAPIXELS: Decimal("3.145728"),
        },
    ),
    UsageRow(values={Dimension.KEY: "key_one", Dimension.MODEL: ""}, counts={Counter.REJECTED: Decimal(1)}),
)


def test_the_last_thirty_days_are_told_by_day_unless_told_otherwise() -> None:
    assert read_usage_query({}, TODAY) == UsageQuery(first=date(2026, 10, 24), last=TODAY, only={})
    assert read_usage_format({}) is UsageFormat.JSON


def test_days_groups_and_filters_are_read() -> None:
    query = read_usage_query(
        {
            "start_date": "2026-11-01",
            "end_date": "2026-11-30",
            "group_by": "provider,end_user",
            "key_id": "key_one",
            "end_user": "ann",
            "provider": "bfl",
            "model": "bfl/flux-2-pro",
            "format": "csv",
        },
        TODAY,
    )

    assert query == UsageQuery(
        first=date(2026, 11, 1),
        last=date(2026, 11, 30),
        group_by=(Dimension.PROVIDER, Dimension.END_USER),
        only={
            Dimension.KEY: "key_one",
            Dimension.END_USER: "ann",
            Dimension.PROVIDER: "bfl",
            Dimension.MODEL: "bfl/flux-2-pro",
        },
    )
    assert read_usage_format({"format": "csv"}) is UsageFormat.CSV


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"start_date": "yesterday"}, "start_date"),
        ({"end_date": "20261122"}, "end_date"),
        ({"end_date": "0001-01-01"}, "end_date"),
        ({"start_date": "2026-11-23"}, "start_date"),
        ({"start_date": "2025-11-21"}, "start_date"),
        ({"group_by": ""}, "group_by"),
        ({"group_by": "week"}, "group_by"),
        ({"group_by": "day,day"}, "group_by"),
        ({"key_id": ""}, "key_id"),
        ({"model": "m" * 513}, "model"),
    ],
)
def test_what_is_wrong_is_named(parameters: dict[str, str], param: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        read_usage_query(parameters, TODAY)

    assert refused.value.param == param


def test_a_filter_that_is_not_known_is_not_lost() -> None:
    with pytest.raises(UnknownParameterError, match="'region'"):
        read_usage_query({"region": "eu"}, TODAY)
    with pytest.raises(InvalidValueError, match="`json` or `csv`"):
        read_usage_format({"format": "xml"})


def test_a_row_tells_what_was_paid_for_nothing_apart() -> None:
    told = tell_usage(ROWS, QUERY).model_dump(mode="json")

    first, second = told["data"]
    assert (told["start_date"], told["end_date"], told["group_by"]) == ("2026-11-01", "2026-11-22", ["key", "model"])
    assert (first["key_id"], first["model"], first["day"], first["end_user"]) == ("key_one", "painter/oils", None, None)
    assert first["generations"] == {"total": 3, "succeeded": 2, "rejected": 0, "failed": 1, "canceled": 0}
    assert first["cost"] == {
        "total": "0.16",
        "succeeded": "0.12",
        "refused": "0",
        "failed": "0.04",
        "estimated": "0.04",
        "currency": "USD",
    }
    assert (first["images"], first["attempts"], first["consumed"]["megapixels"]) == (3, 4, "3.145728")
    assert (second["model"], second["generations"]["rejected"]) == (None, 1)
    assert told["total"]["generations"]["total"] == 4
    assert told["total"]["cost"]["total"] == "0.16"


def test_csv_has_a_column_for_each_group_and_each_counter() -> None:
    rows = list(csv.DictReader(io.StringIO(write_csv(ROWS, QUERY))))

    assert list(rows[0]) == ["key_id", "model", *(name.value for name in Counter), "currency"]
    assert (rows[0]["model"], rows[0]["cost"], rows[0]["failed_cost"]) == ("painter/oils", "0.12", "0.04")
    assert (rows[1]["model"], rows[1]["rejected"], rows[1]["cost"]) == ("", "1", "0")
    assert write_csv((), QUERY).count("\r\n") == 1
