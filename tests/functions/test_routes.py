"""`POST /v1/routes/explain` as API Gateway asks for it: the plan, and nothing else."""

from typing import Any

import pytest

from imagegate.aws.projects import DynamoProjectStore
from imagegate.domain.filters import Filters
from imagegate.domain.routing import Alias, Routing
from tests.account import TABLE
from tests.builders import a_project
from tests.functions.events import Answer
from tests.functions.gateway import SLOW_MODEL, Gateway, SlowVendor

PATH = "/v1/routes/explain"


def _explain(gateway: Gateway, **fields: Any) -> Answer:
    return gateway("create_image", path=PATH, body={"prompt": "a red circle", "size": "512x512"} | fields)


def _set_routing(gateway: Gateway, routing: Routing) -> None:
    store = DynamoProjectStore(client=gateway.account.dynamodb, table=TABLE)
    store.write_project(a_project(routing=routing))


def test_a_plan_is_told_without_a_call_or_a_write(gateway: Gateway) -> None:
    before = gateway.account.items()

    answer = _explain(gateway)

    assert answer.status == 200
    (candidate,) = answer.json["candidates"]
    assert {name: candidate[name] for name in ("model", "taken", "position", "estimated_cost", "model_version")} == {
        "model": "embedded/scenes",
        "taken": True,
        "position": 1,
        "estimated_cost": "0",
        "model_version": "embedded-1.0",
    }
    assert (answer.json["object"], answer.json["requested_model"], answer.json["error"]) == ("route", "default", None)
    assert gateway.account.items() == before
    assert gateway.vendor.received == []


def test_what_nobody_can_do_is_explained(gateway: Gateway) -> None:
    edit = _explain(gateway, images=[{"file_id": "file_1"}], model=["embedded/scenes", "openai/gpt-image-2"])

    assert edit.status == 200
    assert [one["taken"] for one in edit.json["candidates"]] == [False, False]
    assert "does not support the operation" in edit.json["candidates"][0]["reason"]
    assert "imagegate secrets set openai" in edit.json["candidates"][1]["reason"]
    assert edit.json["error"]["code"] == "unsupported_feature"


def test_a_body_that_is_no_request_is_refused_as_everywhere(gateway: Gateway) -> None:
    answer = _explain(gateway, route={"max_cost": "1"})

    assert (answer.status, answer.code) == (400, "unknown_parameter")


def test_other_methods_are_refused(gateway: Gateway) -> None:
    answer = gateway("list_models", path=PATH, httpMethod="GET")

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("model", "expected"), [("cheapest", SLOW_MODEL), ("fastest", SLOW_MODEL), ("draft", "embedded/scenes")]
)
def test_a_generation_goes_where_its_explanation_says(slow: SlowVendor, model: str, expected: str) -> None:
    _set_routing(slow, Routing(aliases={"draft": Alias(models=("embedded/scenes",))}, filters=Filters(deny=("bfl",))))
    allowed = _explain(slow, model=model).json
    _set_routing(slow, Routing(aliases={"draft": Alias(models=("embedded/scenes",))}))

    told = _explain(slow, model=model, size="1024x1024").json
    made = slow.create(model=model, size="1024x1024", prefer="respond-async").json

    assert [one["model"] for one in allowed["candidates"] if one["taken"]] == ["embedded/scenes"]
    assert told["candidates"][0]["taken"]
    assert expected == SLOW_MODEL or told["candidates"][0]["model"] == expected
    assert [one["model"] for one in made["route"]] == [one["model"] for one in told["candidates"]]


def test_a_price_limit_and_a_policy_are_errors_of_their_own(gateway: Gateway) -> None:
    _set_routing(gateway, Routing(filters=Filters(deny=("embedded",))))

    denied = gateway.create()
    _set_routing(gateway, Routing())
    limited = gateway.create(route={"providers": ["openai"]})

    assert (denied.status, denied.code) == (403, "model_not_allowed")
    assert (limited.status, limited.code) == (400, "no_target")
