"""`/v1/estimates` as whole events: the catalog's own models and prices, and a project's."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from imagegate.aws.projects import DynamoProjectStore
from imagegate.domain.money import PriceUnit
from imagegate.domain.negotiated import NegotiatedPrice
from imagegate.domain.routing import Alias, Routing
from tests.account import TABLE
from tests.builders import a_project
from tests.functions.events import Answer
from tests.functions.gateway import Gateway

Json = dict[str, Any]
MODELS = ["bfl/flux-pro-1.1", "stability/core", "openai/gpt-image-2", "embedded/scenes"]
OWN = {
    "machine": "ml.g6e.2xlarge",
    "images_per_second": "0.5",
    "utilization": "0.5",
    "engineer_days_per_week": "0.5",
    "engineer_day_price": "700",
}


def estimate(gateway: Gateway, **fields: Any) -> Answer:
    return gateway("create_image", path="/v1/estimates", resource="/v1/estimates", body=fields)


def test_one_request_is_compared_at_every_model_that_can_do_it(gateway: Gateway) -> None:
    told = estimate(gateway, prompt="a red circle", size="1024x1024", n=2)

    rows = told.json["data"]
    assert told.status == 200
    assert len(rows) > 40
    assert [Decimal(row["amount"]) for row in rows] == sorted(Decimal(row["amount"]) for row in rows)
    (core,) = (row for row in rows if row["model"] == "stability/core")
    (line,) = core["breakdown"]
    assert (core["amount"], core["currency"], core["size"]) == ("0.06", "USD", "1216x1216")
    assert (line["unit"], line["quantity"], line["unit_price"], line["amount"]) == ("image", "2", "0.03", "0.06")
    assert core["source"] == line["source"]
    assert date.fromisoformat(core["price_checked_on"])
    assert core["expected_seconds"] > 0
    assert [warning["type"] for warning in core["warnings"]] == ["adjusted"]
    assert not core["is_configured"]
    assert {row["model"] for row in rows if row["is_configured"]} == {"embedded/scenes"}
    assert all(one["reason"] for one in told.json["skipped"])


def test_models_can_be_named_and_those_without_credentials_left_out(gateway: Gateway) -> None:
    named = estimate(gateway, models=MODELS).json
    only = estimate(gateway, models=MODELS, configured="yes").json

    assert sorted(row["model"] for row in named["data"]) == sorted(MODELS)
    assert [row["model"] for row in only["data"]] == ["embedded/scenes"]
    assert {one["model"]: one["reason"] for one in only["skipped"]}["stability/core"].startswith("stability is not")


def test_a_model_that_does_not_exist_is_not_found(gateway: Gateway) -> None:
    told = estimate(gateway, models=["bfl/nothing"])
    fixed = estimate(gateway, images_per_day=1, monthly_fixed_costs={"bfl/nothing": 1})

    assert (told.status, told.code) == (404, "model_not_found")
    assert fixed.json["error"]["param"] == "monthly_fixed_costs"


def test_a_request_names_models_as_it_would_to_be_made(gateway: Gateway) -> None:
    store = DynamoProjectStore(client=gateway.account.dynamodb, table=TABLE)
    store.write_project(a_project(routing=Routing(aliases={"mine": Alias(models=("stability/core",))})))

    alias = estimate(gateway, model="mine").json["data"]
    several = estimate(gateway, model=["mine", "bfl/flux-pro-1.1"]).json["data"]
    strategy = estimate(gateway, model="cheapest").json["data"]
    unknown = estimate(gateway, model="yours")

    assert [row["model"] for row in alias] == ["stability/core"]
    assert [row["model"] for row in several] == ["stability/core", "bfl/flux-pro-1.1"]
    assert len(strategy) > 40
    assert (unknown.status, unknown.json["error"]["param"]) == (404, "model")


def test_a_month_is_compared_with_self_hosting_in_its_place(gateway: Gateway) -> None:
    told = estimate(gateway, images_per_day=2000, megapixels="1.0", steps=30, models=MODELS, self_hosted=OWN).json

    rows = {row["model"]: row for row in told["data"]}
    amounts = [Decimal(row["amount"]) for row in told["data"]]
    assert amounts == sorted(amounts)
    core, own = rows["stability/core"], rows["self-hosted"]
    assert (Decimal(core["amount"]), core["per_image"], core["images_per_month"]) == (Decimal(1800), "0.03", 60_000)
    assert core["price_units"] == ["per_image"]
    assert {"per_token", "per_image"} <= set(rows["openai/gpt-image-2"]["price_units"])
    # 720 hours at 2.80, and 0.5 * 30 / 7 days at 700.
    assert Decimal(own["amount"]) == 2016 + 1500
    assert (own["gpus"], own["per_image"], own["price_checked_on"]) == (1, "0.0586", "2026-08-17")
    assert [line["unit"] for line in own["breakdown"]] == ["gpu_hour", "engineer_day"]
    assert own["breakdown"][1]["source"] == "given in the request"
    # (2016 + 1500) / (0.03 * 30)
    assert core["self_hosted_from_images_per_day"] == 3907
    assert rows["embedded/scenes"]["self_hosted_from_images_per_day"] is None
    assert "steps" in {warning["param"] for warning in core["warnings"]}


def test_fixed_costs_and_electricity_have_lines_of_their_own(gateway: Gateway) -> None:
    own = {**OWN, "gpu_hourly_price": "0.4", "electricity_per_hour": "0.1"}
    fixed = {"bfl/flux-pro-1.1": 5, "stability/core": 120}

    told = estimate(gateway, images_per_day=10, models=MODELS[:2], monthly_fixed_costs=fixed, self_hosted=own).json

    rows = {row["model"]: row for row in told["data"]}
    assert [line["amount"] for line in rows["stability/core"]["breakdown"]] == ["9", "120"]
    # (120 - 5) / ((0.04 - 0.03) * 30)
    assert rows["stability/core"]["break_even"] == [{"model": "bfl/flux-pro-1.1", "images_per_day": 384}]
    assert rows["self-hosted"]["price_units"] == ["per_electricity_hour", "per_engineer_day", "per_gpu_hour"]
    assert rows["self-hosted"]["source"] == "given in the request"


@pytest.mark.parametrize("fields", [{}, {"images_per_day": 1000}])
def test_a_negotiated_price_is_counted_with_and_named(gateway: Gateway, fields: Json) -> None:
    price = NegotiatedPrice(unit=PriceUnit.IMAGE, amount=Decimal("0.002"), currency="USD", agreed_on=date(2026, 11, 20))
    store = DynamoProjectStore(client=gateway.account.dynamodb, table=TABLE)
    store.write_project(a_project(prices={"stability/core": (price,)}))

    (row,) = estimate(gateway, model="stability/core", **fields).json["data"]

    assert (row["source"], row["price_checked_on"]) == ("project override", "2026-11-20")
    assert row["breakdown"][0]["unit_price"] == "0.002"


def test_too_few_gpus_are_said_to_be_too_few(gateway: Gateway) -> None:
    told = estimate(gateway, images_per_day=10_000_000, self_hosted={**OWN, "gpus": 1})

    assert (told.status, told.code, told.json["error"]["param"]) == (400, "invalid_value", "self_hosted.gpus")


def test_an_estimate_is_only_ever_posted(gateway: Gateway) -> None:
    assert gateway("get_generation", path="/v1/estimates", resource="/v1/estimates").status == 405
