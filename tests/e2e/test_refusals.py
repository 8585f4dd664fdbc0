"""Requests that the deployed gateway refuses, as the exceptions that the OpenAI package raises for them."""

from typing import Any

import openai
import pytest

from dev.gateway import Keys
from tests.e2e import records
from tests.e2e.asking import PROMPT, Ask, ask_blocking, error_of, facts, opened_client, read_json
from tests.e2e.support import DeployedGateway, operate

BLOCKED_PROMPT = "counterfeit banknotes of fifty euros"


@pytest.mark.parametrize(
    ("wishes", "code", "param"),
    [
        ({"size": "100x100"}, "invalid_size", "size"),
        ({"size": "wide"}, "invalid_size", "size"),
        ({"prompt": ""}, "empty_prompt", "prompt"),
        ({"prompt": "a" * 32_001}, "prompt_too_long", "prompt"),
        ({"n": 0}, "invalid_count", "n"),
        ({"n": 5}, "invalid_count", "n"),
        ({"extra_body": {"colour": "red"}}, "unknown_parameter", "colour"),
        ({"extra_body": {"seed": "seven"}}, "invalid_type", "seed"),
        ({"extra_body": {"seed": -1}}, "invalid_value", "seed"),
        ({"background": "transparent"}, "unsupported_feature", "background"),
        ({"extra_headers": {"Idempotency-Key": "two words"}}, "invalid_value", "Idempotency-Key"),
    ],
)
def test_a_wrong_request_is_refused_with_a_code_and_the_field(
    ask: Ask, wishes: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(**wishes)

    assert error_of(refused.value) == (400, code, param)
    assert refused.value.request_id


def test_an_unknown_model_is_not_found(ask: Ask) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        ask(model="embedded/photos")

    assert error_of(refused.value) == (404, "model_not_found", "model")


@pytest.mark.parametrize("api_key", ["ig_" + "0" * 48, "sk-something-else"])
def test_a_key_that_nobody_has_is_refused(gateway: DeployedGateway, api_key: str) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        ask_blocking(gateway.base_url, api_key)()

    assert error_of(refused.value) == (401, "invalid_api_key", None)


def test_a_request_without_a_key_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        client.models.list(extra_headers={"Authorization": openai.Omit()})

    assert error_of(refused.value) == (401, "invalid_api_key", None)


def test_a_revoked_key_stops_with_the_next_request(gateway: DeployedGateway) -> None:
    created = operate(gateway, "keys", "create", gateway.project_id)
    with opened_client(gateway.base_url, created["api_key"]) as client:
        assert client.models.list().data

        operate(gateway, "keys", "revoke", created["key_id"])

        with pytest.raises(openai.AuthenticationError):
            client.models.list()


def test_a_blocked_prompt_is_refused_and_the_audit_tells_why(gateway: DeployedGateway, ask: Ask) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(prompt=BLOCKED_PROMPT)

    assert error_of(refused.value) == (400, "moderation_blocked", "prompt")
    generation_id = refused.value.response.json()["imagegate"]["generation_id"]
    event = records.audit_event(gateway, generation_id)
    assert event["action"] == "generation.rejected"
    assert (event["details"]["moderation.prompt"], event["details"]["moderation.prompt.codes"]) == ("block", "illicit")
    assert (event["details"]["attempts"], event["details"]["problem"]) == ("0", "moderation_blocked")
    assert "banknotes" not in str(records.audit_items(gateway, generation_id))


def test_a_generation_does_not_exist_for_another_project(gateway: DeployedGateway, ask: Ask, stranger: Keys) -> None:
    generation_id = facts(ask())["id"]

    with (
        opened_client(gateway.base_url, stranger.api_key) as client,
        pytest.raises(openai.NotFoundError) as refused,
    ):
        read_json(client, f"/generations/{generation_id}")
    assert error_of(refused.value) == (404, "generation_not_found", None)
    assert PROMPT not in refused.value.response.text


@pytest.mark.parametrize("path", ["/images/generations", "/models", "/moderations"])
def test_a_method_that_a_path_does_not_have_is_refused(client: openai.OpenAI, path: str) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.delete(path, cast_to=object)

    assert error_of(refused.value) == (405, "method_not_allowed", None)
    assert refused.value.response.headers["allow"] in {"GET", "POST"}


@pytest.mark.parametrize("path", ["/nothing", "/images", "/models/embedded"])
def test_a_path_that_is_not_there_is_not_found(client: openai.OpenAI, path: str) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.get(path, cast_to=object)

    assert error_of(refused.value) == (404, "unknown_url", None)


def test_a_body_over_the_limit_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.images.generate(prompt="a" * (5 * 1024 * 1024 + 1))

    assert error_of(refused.value) == (413, "request_too_large", None)


def test_a_body_that_is_not_json_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.post("/images/generations", cast_to=object, content=b'{"prompt": ')

    assert error_of(refused.value) == (400, "invalid_json", None)
