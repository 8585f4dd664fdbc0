"""Providers that answer later, as whole events: the caller waits, or gets 202 and asks again."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from imagegate.app import generate
from imagegate.aws.projects import DynamoProjectStore
from imagegate.catalog import all_provider_ids
from imagegate.domain.money import Money
from tests.account import AUDIT_TABLE, TABLE
from tests.builders import PROJECT_ID, a_project
from tests.functions.events import Answer
from tests.functions.gateway import SLOW, SLOW_MODEL, Gateway, SlowVendor


def _create(slow: SlowVendor, **fields: object) -> Answer:
    return slow.create(**{"model": SLOW_MODEL, "size": "1024x1024"} | fields)  # type: ignore[arg-type]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "PATIENCE", timedelta(0))


def test_a_caller_who_waits_gets_the_picture(slow: SlowVendor) -> None:
    slow.statuses[:] = []

    answer = _create(slow)

    assert answer.status == 200
    told = answer.json["imagegate"]
    assert (told["status"], told["provider"], told["model"]) == ("succeeded", SLOW, SLOW_MODEL)
    assert Decimal(told["cost"]["amount"]) == Decimal("0.03")
    assert not told["cost"]["is_estimate"]


def test_the_key_goes_to_the_provider_and_not_to_where_its_pictures_lie(slow: SlowVendor) -> None:
    _create(slow)

    submit, *polls, download = slow.vendor.received
    assert [one.headers["x-key"] for one in (submit, *polls)] == ["k1"] * (1 + len(polls))
    assert download.path == "/one.png"
    assert "x-key" not in download.headers


@pytest.mark.usefixtures("_impatient")
def test_a_provider_that_takes_too_long_is_answered_with_202_and_where_to_ask(slow: SlowVendor) -> None:
    answer = _create(slow)

    generation_id = answer.json["id"]
    assert (answer.status, answer.json["object"], answer.json["status"]) == (202, "generation", "running")
    assert answer.headers["location"] == f"/v1/generations/{generation_id}"
    assert answer.headers["retry-after"] == "5"
    assert answer.json["images"] == []
    assert slow.account.item(f"JOB#{generation_id}")["document"]["status"] == "running"


@pytest.mark.usefixtures("_impatient")
def test_whoever_asks_again_moves_it_on_and_gets_the_picture(slow: SlowVendor) -> None:
    slow.statuses[:] = ["Pending"]
    generation_id = _create(slow).json["id"]

    first = _ask_after(slow, generation_id, seconds=60)
    second = _ask_after(slow, generation_id, seconds=120)

    assert (first.status, first.json["status"]) == (200, "running")
    assert (second.status, second.json["status"]) == (200, "succeeded")
    assert second.json["images"][0]["url"].startswith("https://")
    assert sum(one.startswith("POST") for one in slow.paths()) == 1
    (event,) = slow.account.items(AUDIT_TABLE)
    assert event["document"]["action"] == "generation.succeeded"


def _ask_after(slow: SlowVendor, generation_id: str, seconds: int) -> Answer:
    """Ask as if so much time had passed."""
    services = slow.function.services
    advance = services.generate.advance
    later = advance.clock() + timedelta(seconds=seconds)
    moved = replace(services.generate, advance=replace(advance, clock=lambda: later))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slow.function, "services", replace(services, generate=moved))
        return slow.read(generation_id)


@pytest.mark.usefixtures("_impatient")
def test_a_running_generation_holds_its_estimate_and_settles_its_cost(slow: SlowVendor) -> None:
    store = DynamoProjectStore(client=slow.account.dynamodb, table=TABLE)
    store.write_project(a_project(monthly_budget=Money(amount=Decimal(1))))
    generation_id = _create(slow).json["id"]

    held = Decimal(slow.account.item(f"BUDGET#{PROJECT_ID}")["committed"])
    _ask_after(slow, generation_id, seconds=60)

    budget = slow.account.item(f"BUDGET#{PROJECT_ID}")
    assert held > 0
    assert Decimal(budget["committed"]) == Decimal(budget["spent"]) == Decimal("0.03")


def test_a_refusal_after_the_wait_is_a_rejection(slow: SlowVendor) -> None:
    slow.statuses[:] = ["Content Moderated"]

    answer = _create(slow)

    assert (answer.status, answer.code) == (400, "moderation_blocked")
    assert slow.read(answer.json["imagegate"]["generation_id"]).json["status"] == "rejected"


def test_configured_any_lists_the_whole_catalog_and_says_what_can_be_asked_for(gateway: Gateway) -> None:
    answer = gateway("list_models", queryStringParameters={"configured": "any"})

    models = answer.json["data"]
    assert {model["owned_by"] for model in models} == set(all_provider_ids())
    assert {model["owned_by"] for model in models if model["imagegate"]["is_configured"]} == {"embedded"}


@pytest.mark.parametrize("value", ["yes", None])
def test_without_it_only_what_is_configured_is_listed(gateway: Gateway, value: str | None) -> None:
    answer = gateway("list_models", queryStringParameters={"configured": value} if value else None)

    assert [model["id"] for model in answer.json["data"]] == ["embedded/scenes"]


def test_any_other_choice_is_refused(gateway: Gateway) -> None:
    answer = gateway("list_models", queryStringParameters={"configured": "maybe"})

    assert (answer.status, answer.code, answer.json["error"]["param"]) == (400, "invalid_value", "configured")
