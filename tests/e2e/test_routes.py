"""Routes on the deployed gateway: a project's policy, set by its operator, and plans that say what will happen."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from dev.gateway import Keys, create_keys
from tests.e2e.asking import MODEL, facts, opened_client
from tests.e2e.support import DeployedGateway, operate

PROMPT = "a red circle"


@pytest.fixture(scope="module")
def routed(gateway: DeployedGateway) -> Keys:
    """The keys of a project with a policy of its own."""
    keys = create_keys(gateway.aws_endpoint_url, gateway.outputs, project="routed")
    limits = ("--allow", "embedded", "--default-model", "draft")
    operate(gateway, "projects", "policy", keys.project_id, *limits, "--alias", f"draft={MODEL} max_seconds=8")
    return keys


@pytest.fixture(scope="module")
def project(gateway: DeployedGateway, routed: Keys) -> Iterator[openai.OpenAI]:
    """The official client with a key of that project."""
    with opened_client(gateway.base_url, routed.api_key) as client:
        yield client


def _explain(client: openai.OpenAI, **fields: Any) -> Any:
    return client.post("/routes/explain", cast_to=object, body={"prompt": PROMPT, "size": "256x256", **fields})


def test_a_request_goes_where_its_explanation_said(project: openai.OpenAI) -> None:
    told = _explain(project)

    made = facts(project.images.generate(prompt=PROMPT, size="256x256"))

    taken = [one["model"] for one in told["candidates"] if one["taken"]]
    assert (taken, told["error"]) == ([MODEL], None)
    assert (made["requested_model"], made["model"]) == ("default", MODEL)
    assert [one["reason"] for one in made["route"]] == [one["reason"] for one in told["candidates"]]
    assert made["route"][0]["reason"] == "named by the alias 'draft'"
    assert made["route"][0]["model_version"] == made["model_version"]


def test_a_list_and_limits_reach_the_plan(project: openai.OpenAI) -> None:
    told = _explain(project, model=["cheapest", "openai/no-such-model"], route={"max_price": "0.01"})

    assert told["requested_model"] == "cheapest,openai/no-such-model"
    assert [one["position"] for one in told["candidates"] if one["taken"]] == [1]
    assert {one["model"] for one in told["candidates"]} >= {MODEL, "openai/no-such-model"}


def test_what_the_policy_or_the_request_does_not_allow_is_refused_with_its_own_code(project: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as limited:
        project.images.generate(prompt=PROMPT, model=MODEL, extra_body={"route": {"exclude_providers": ["embedded"]}})
    with pytest.raises(openai.BadRequestError) as unknown:
        _explain(project, route={"max_cost": "1"})

    assert (limited.value.code, unknown.value.code) == ("no_target", "unknown_parameter")
