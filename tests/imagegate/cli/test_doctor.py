"""Tests of `imagegate doctor`: every check passing, failing and skipped, and always with what to do."""

import json
from pathlib import Path

import pytest

from imagegate.cli.checks import Result, check_node, check_providers, check_python, check_table
from tests.imagegate.cli.support import DROPPED, FakeGateway, error_answer, imagegate, models_answer

HEALTH = "GET /live/health"
MODELS = "GET /live/v1/models"


def _results(*arguments: str) -> dict[str, dict[str, str]]:
    checks = json.loads(imagegate("doctor", *arguments, "--json").stdout)["checks"]
    return {check["name"]: check for check in checks}


def test_a_healthy_gateway_passes(connected: FakeGateway) -> None:
    connected.says(HEALTH, '{"status": "ok"}')
    connected.says(MODELS, models_answer(3))

    results = _results()

    assert imagegate("doctor").exit_code == 0
    assert {name: check["result"] for name, check in results.items()} == {
        "Python": "ok",
        "configuration": "ok",
        "base URL": "ok",
        "health": "ok",
        "API key": "ok",
        "models": "ok",
        "AWS table": "skipped",
        "providers": "skipped",
        "Node.js": "skipped",
    }
    assert results["models"]["found"] == "3 listed"


def test_health_is_asked_for_without_the_key(connected: FakeGateway) -> None:
    connected.says(HEALTH, '{"status": "ok"}')

    imagegate("doctor")

    assert connected.received[0].path == "/live/health"
    assert "authorization" not in connected.received[0].headers


def test_the_local_gateway_and_its_table_are_checked(local: FakeGateway) -> None:
    local.says(HEALTH, '{"status": "ok"}')
    local.says(MODELS, models_answer())
    local.says("POST /", "{}")

    results = _results()

    assert results["configuration"]["found"] == "found in .local/gateway.json"
    assert results["AWS table"]["result"] == "ok"
    assert "local-table" in results["AWS table"]["found"]
    assert results["providers"]["found"] == "embedded"


def test_a_provider_that_is_configured_by_half_fails_and_says_what_to_run(local: FakeGateway) -> None:
    document: dict[str, object] = {"providers": {"openai": {}, "azure": {}}}
    local.says("POST /", json.dumps({"Item": {"document": {"S": json.dumps(document)}}}))

    check = check_providers(None)

    assert check.result is Result.FAILED
    assert "azure lacks base_url" in check.found
    assert "openai" not in check.found
    assert "`imagegate providers set azure base_url=https://...`" in check.advice


def test_providers_that_cannot_be_read_are_told(local: FakeGateway) -> None:
    local.says("POST /", '{"__type": "com.amazonaws#AccessDeniedException", "message": "no"}', 400)

    assert "configuration_unreachable" in check_providers(None).found


def test_without_configuration_the_rest_is_skipped_and_the_way_on_is_told() -> None:
    result = imagegate("doctor")

    results = _results()
    assert result.exit_code == 1
    assert "make up" in result.stdout
    assert results["configuration"]["result"] == "failed"
    assert results["health"]["result"] == results["models"]["result"] == "skipped"


def test_an_address_of_the_wrong_shape_fails(connected: FakeGateway) -> None:
    results = _results("--base-url", connected.origin)

    assert results["base URL"]["result"] == "failed"
    assert "It must end in /v1" in results["base URL"]["advice"]
    assert results["health"]["result"] == "skipped"


def test_an_unreachable_gateway_fails(connected: FakeGateway) -> None:
    results = _results("--base-url", "http://127.0.0.1:9/v1")

    assert results["health"]["result"] == "failed"
    assert "gateway_unreachable" in results["health"]["found"]
    assert results["API key"]["result"] == "skipped"
    assert connected.received == []


def test_something_else_at_the_address_fails(connected: FakeGateway) -> None:
    connected.says(HEALTH, '{"status": "teapot"}')

    results = _results()

    assert results["health"]["result"] == "failed"
    assert "Imagegate" in results["health"]["advice"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_fails_and_says_how_to_get_another(connected: FakeGateway, status: int) -> None:
    connected.says(HEALTH, '{"status": "ok"}')
    connected.says(MODELS, error_answer("invalid_api_key", "No such key."), status)

    results = _results()

    assert results["API key"]["result"] == "failed"
    assert "imagegate keys create" in results["API key"]["advice"]
    assert results["models"]["result"] == "skipped"


def test_a_gateway_that_fails_is_not_taken_for_a_wrong_key(connected: FakeGateway) -> None:
    connected.says(HEALTH, '{"status": "ok"}')
    connected.says(MODELS, error_answer("internal_error", "Repeat later."), 500)

    results = _results()

    assert "internal_error" in results["API key"]["found"]
    assert "keys create" not in results["API key"]["advice"]


def test_a_lost_answer_fails(connected: FakeGateway) -> None:
    connected.says(HEALTH, '{"status": "ok"}')
    connected.answers[MODELS] = DROPPED

    assert "answer_lost" in _results()["API key"]["found"]


def test_a_gateway_without_models_fails(connected: FakeGateway) -> None:
    connected.says(HEALTH, '{"status": "ok"}')
    connected.says(MODELS, '{"data": []}')

    results = _results()

    assert results["API key"]["result"] == "ok"
    assert results["models"]["result"] == "failed"


def test_a_table_without_credentials_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    check = check_table("a-table")

    assert check.result is Result.FAILED
    assert "table_unreachable" in check.found
    assert check.advice


def test_an_old_python_fails() -> None:
    check = check_python((3, 10, 14))

    assert check.result is Result.FAILED
    assert "3.11" in check.advice


@pytest.mark.parametrize(
    ("says", "result"),
    [("v20.20.2", Result.OK), ("v24.0.0", Result.OK), ("v18.1.0", Result.FAILED), ("hello", Result.FAILED)],
)
def test_node_is_checked_in_a_checkout(folder: Path, says: str, result: Result) -> None:
    (folder / "cdk.json").touch()
    node = folder / "node"
    node.write_text(f"#!/bin/sh\necho {says}\n")
    node.chmod(0o755)

    assert check_node(str(node)).result is result


def test_a_missing_node_fails_in_a_checkout_only(folder: Path) -> None:
    outside = check_node(None)
    (folder / "cdk.json").touch()

    assert outside.result is Result.SKIPPED
    assert check_node(None).result is Result.FAILED
    assert check_node(str(folder / "gone")).result is Result.FAILED
