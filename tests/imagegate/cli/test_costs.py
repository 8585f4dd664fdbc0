"""Tests of `imagegate estimate` and `imagegate usage`."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from imagegate.api.estimate_answers import tell_estimates, tell_month
from imagegate.api.usage import tell_usage
from imagegate.domain.estimate import estimate_request
from imagegate.domain.monthly import MonthlyPlan, monthly_estimates
from imagegate.domain.request import Size
from imagegate.domain.usage import Counter
from imagegate.domain.usage_report import Dimension, UsageQuery, UsageRow
from tests.builders import a_card, a_price, a_request
from tests.imagegate.cli.support import FakeGateway, imagegate
from tests.imagegate.domain.test_selfhosted import OWN

TODAY = date(2026, 11, 22)
CARDS = (a_card(), a_card(name="small", prices=(a_price(sizes=frozenset({Size(64, 64)})),)))
USAGE = "GET /live/v1/usage?group_by="


def _estimates() -> str:
    return tell_estimates(estimate_request(a_request(), CARDS, TODAY), frozenset()).model_dump_json()


def _month() -> str:
    found = estimate_request(a_request(), CARDS, TODAY)
    plan = MonthlyPlan(images_per_day=1000, days=30, fixed={}, self_hosted=OWN)
    return tell_month(monthly_estimates(found.found, plan), found, frozenset(), plan).model_dump_json()


def _usage(*groups: Dimension) -> str:
    counts = {Counter.SUCCEEDED: Decimal(2), Counter.IMAGES: Decimal(3), Counter.COST: Decimal("0.12")}
    row = UsageRow(values=dict.fromkeys(groups, ""), counts=counts)
    return tell_usage([row], UsageQuery(first=TODAY, last=TODAY, group_by=groups, only={})).model_dump_json()


def test_models_are_compared_for_one_request(local: FakeGateway) -> None:
    local.says("POST /live/v1/estimates", _estimates())

    result = imagegate("estimate", "--model", "painter/oils", "--size", "1024x1024", "--quality", "high")

    assert "painter/oils" in result.stdout
    assert "0.04 USD" in result.stdout
    assert "they cannot do this: 1;" in result.stdout
    assert local.received[0].json == {
        "models": ["painter/oils"],
        "size": "1024x1024",
        "quality": "high",
        "configured": "any",
    }


def test_a_month_is_compared_with_self_hosting(local: FakeGateway) -> None:
    local.says("POST /live/v1/estimates", _month())
    own = {"machine": "ml.g6e.2xlarge"}

    result = imagegate(
        "estimate", "--images-per-day", "1000", "--megapixels", "1.5", "--self-hosted", json.dumps(own), "--configured"
    )

    assert "1200 USD" in result.stdout
    assert "self-hosted" in result.stdout
    assert "images a day" in result.stdout
    assert local.received[0].json == {
        "images_per_day": 1000,
        "megapixels": "1.5",
        "self_hosted": own,
        "configured": "yes",
    }


def test_self_hosting_that_is_no_object_is_bad_usage() -> None:
    assert imagegate("estimate", "--self-hosted", "[]").exit_code == 2


def test_usage_is_added_up_by_day_unless_told_otherwise(local: FakeGateway) -> None:
    local.says(f"{USAGE}day", _usage(Dimension.DAY))

    result = imagegate("usage")

    assert "0.12 USD" in result.stdout
    assert "total" in result.stdout


def test_usage_is_grouped_and_filtered(local: FakeGateway) -> None:
    path = "key%2Cmodel&start_date=2026-11-01&end_date=2026-11-30&end_user=ann&model=painter%2Foils"
    local.says(f"{USAGE}{path}", _usage(Dimension.KEY, Dimension.MODEL))
    options = ("--since", "2026-11-01", "--until", "2026-11-30", "--end-user", "ann", "--model", "painter/oils")

    assert imagegate("usage", "--by", "key", "--by", "model", *options).exit_code == 0


def test_usage_is_printed_as_csv_as_it_comes(local: FakeGateway) -> None:
    local.says(f"{USAGE}day&format=csv", "day,images\r\n2026-11-22,3\r\n")

    assert imagegate("usage", "--csv").stdout.splitlines() == ["day,images", "2026-11-22,3"]


def test_a_refusal_is_told_in_place_of_csv(local: FakeGateway) -> None:
    local.says(f"{USAGE}day&format=csv", "{}", 400)

    assert imagegate("usage", "--csv").exit_code == 1


@pytest.mark.parametrize("command", [("estimate",), ("usage",)])
def test_programs_get_json(local: FakeGateway, command: tuple[str, ...]) -> None:
    local.says("POST /live/v1/estimates", _estimates())
    local.says(f"{USAGE}day", _usage(Dimension.DAY))

    told: Any = json.loads(imagegate(*command, "--json").stdout)

    assert told["object"] == "list"


@pytest.mark.parametrize("command", [("estimate",), ("usage",)])
def test_an_answer_that_is_no_gateways_is_told(local: FakeGateway, command: tuple[str, ...]) -> None:
    local.says("POST /live/v1/estimates", '{"data": 1}')
    local.says(f"{USAGE}day", '{"data": 1}')

    result = imagegate(*command)

    assert result.exit_code == 1
    assert "unreadable_answer" in result.stderr
