"""Providers that answer later, as whole events: the caller waits, or gets 202 and the state machine goes on."""

from decimal import Decimal

import pytest

from imagegate.aws.projects import DynamoProjectStore
from imagegate.catalog import all_provider_ids
from imagegate.domain.money import Money
from tests.account import AUDIT_TABLE, TABLE
from tests.builders import PROJECT_ID, a_project
from tests.functions.events import Answer
from tests.functions.gateway import SLOW, SLOW_MODEL, Gateway, SlowVendor

# The provider is asked about twice a second for as long as a caller waits.
NEVER_READY = ["Pending"] * 200


def _create(slow: SlowVendor, **fields: object) -> Answer:
    return slow.create(**{"model": SLOW_MODEL, "size": "1024x1024"} | fields)  # type: ignore[arg-type]


def _polls(slow: SlowVendor) -> int:
    return sum(one.startswith("GET /poll") for one in slow.paths())


def test_a_caller_who_waits_gets_the_picture(slow: SlowVendor) -> None:
    slow.statuses[:] = ["Pending"]

    answer = _create(slow)

    assert answer.status == 200
    told = answer.json["imagegate"]
    assert (told["status"], told["provider"], told["model"]) == ("succeeded", SLOW, SLOW_MODEL)
    assert Decimal(told["cost"]["amount"]) == Decimal("0.03")
    assert not told["cost"]["is_estimate"]
    assert slow.account.executions() == []


def test_the_key_goes_to_the_provider_and_not_to_where_its_pictures_lie(slow: SlowVendor) -> None:
    _create(slow)

    submit, *polls, download = slow.vendor.received
    assert [one.headers["x-key"] for one in (submit, *polls)] == ["k1"] * (1 + len(polls))
    assert download.path == "/one.png"
    assert "x-key" not in download.headers


def test_a_provider_that_takes_too_long_is_answered_with_202_and_where_to_ask(slow: SlowVendor) -> None:
    slow.statuses[:] = NEVER_READY

    answer = _create(slow)

    generation_id = answer.json["id"]
    assert (answer.status, answer.json["object"], answer.json["status"]) == (202, "generation", "running")
    assert answer.headers["location"] == f"/v1/generations/{generation_id}"
    assert answer.headers["retry-after"] == "5"
    assert answer.json["images"] == []
    assert 20 <= slow.clock.slept.total_seconds() <= 24
    assert slow.job_item(generation_id)["document"]["status"] == "running"


def test_the_machine_goes_on_where_the_caller_stopped_waiting_and_sends_nothing_again(slow: SlowVendor) -> None:
    slow.statuses[:] = NEVER_READY
    generation_id = _create(slow).json["id"]
    slow.statuses[:] = ["Pending", "Pending"]

    (execution,) = slow.account.executions()
    slow.drive(generation_id)

    read = slow.read(generation_id)
    assert execution.startswith(f"{generation_id}-")
    assert (read.status, read.json["status"]) == (200, "succeeded")
    assert read.json["images"][0]["url"].startswith("https://")
    assert sum(one.startswith("POST") for one in slow.paths()) == 1
    (event,) = slow.account.items(AUDIT_TABLE)
    assert event["document"]["action"] == "generation.succeeded"


def test_whoever_asks_how_far_it_is_moves_nothing(slow: SlowVendor) -> None:
    slow.statuses[:] = NEVER_READY
    generation_id = _create(slow).json["id"]
    polls = _polls(slow)

    first, second = slow.read(generation_id), slow.read(generation_id)

    assert first.text == second.text
    assert (first.json["status"], _polls(slow)) == ("running", polls)


def test_a_running_generation_holds_its_estimate_and_settles_its_cost(slow: SlowVendor) -> None:
    store = DynamoProjectStore(client=slow.account.dynamodb, table=TABLE)
    store.write_project(a_project(monthly_budget=Money(amount=Decimal(1))))
    generation_id = _create(slow, prefer="respond-async").json["id"]

    held = Decimal(slow.account.item(f"BUDGET#{PROJECT_ID}")["committed"])
    slow.drive(generation_id)

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
