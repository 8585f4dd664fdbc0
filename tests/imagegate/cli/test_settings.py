"""Tests of where the settings come from, and that a key never travels to an address it does not belong to."""

from pathlib import Path

import pytest

from imagegate.cli.settings import find_table, problem_with_url
from tests.imagegate.cli.support import API_KEY, FakeGateway, imagegate, models_answer

MODELS = "GET /live/v1/models"


def test_without_settings_the_message_says_how_to_go_on() -> None:
    result = imagegate("models")

    assert result.exit_code == 1
    assert "missing_configuration" in result.stderr
    assert "`make up`" in result.stderr.splitlines()[-1]
    assert "IMAGEGATE_BASE_URL and IMAGEGATE_API_KEY" in result.stderr.splitlines()[-1]


def test_what_make_up_wrote_is_used_when_nothing_else_is_set(local: FakeGateway) -> None:
    local.says(MODELS, models_answer())

    result = imagegate("models")

    assert result.exit_code == 0
    assert local.received[0].headers["authorization"] == f"Bearer {API_KEY}"


def test_another_key_can_be_used_at_the_local_gateway(local: FakeGateway) -> None:
    local.says(MODELS, models_answer())

    imagegate("models", "--api-key", "ig_admin")

    assert local.received[0].headers["authorization"] == "Bearer ig_admin"


def test_the_local_key_is_not_sent_to_another_address(local: FakeGateway) -> None:
    result = imagegate("models", "--base-url", f"{local.origin}/other/v1")

    assert result.exit_code == 1
    assert "missing_api_key" in result.stderr
    assert local.received == []


def test_options_win_over_the_environment(connected: FakeGateway) -> None:
    connected.says(MODELS, models_answer())

    imagegate("models", "--api-key", "ig_other")

    assert connected.received[0].headers["authorization"] == "Bearer ig_other"


@pytest.mark.parametrize("key", ["ig_a b", "ig_\u00e9", "ig_a\nb"])
def test_a_key_that_cannot_be_one_is_not_sent(connected: FakeGateway, key: str) -> None:
    result = imagegate("models", "--api-key", key)

    assert result.exit_code == 1
    assert "invalid_api_key" in result.stderr
    assert key not in result.stderr
    assert connected.received == []


def test_an_address_of_the_wrong_shape_is_not_used(connected: FakeGateway) -> None:
    result = imagegate("models", "--base-url", connected.origin)

    assert result.exit_code == 1
    assert "it must end in /v1" in result.stderr
    assert connected.received == []


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"base_url": 7}', '{"base_url": "https://gateway.test/v1", "api_key": ""}']
)
def test_a_broken_file_of_the_local_gateway_is_told(folder: Path, content: str) -> None:
    (folder / ".local").mkdir()
    (folder / ".local" / "gateway.json").write_text(content)

    result = imagegate("models")

    assert result.exit_code == 1
    assert "invalid_configuration" in result.stderr


def test_a_file_that_cannot_be_opened_is_told(folder: Path) -> None:
    (folder / ".local" / "gateway.json").mkdir(parents=True)

    result = imagegate("models")

    assert result.exit_code == 1
    assert "invalid_configuration" in result.stderr


@pytest.mark.parametrize(
    "url", ["https://gateway.test/live/v1", "http://127.0.0.1:4566/x/v1", "http://api.localhost/v1", "http://[::1]/v1"]
)
def test_addresses_of_gateways_are_accepted(url: str) -> None:
    assert problem_with_url(url) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("gateway.test/v1", "https://"),
        ("ftp://gateway.test/v1", "https://"),
        ("https:///v1", "name a host"),
        ("https://[/v1", "not a URL"),
        ("http://gateway.test/v1", "could be read on the way"),
        ("https://gateway.test", "end in /v1"),
        ("https://gateway.test/v1?key=1", "end in /v1"),
    ],
)
def test_other_addresses_are_refused_with_the_reason(url: str, problem: str) -> None:
    assert problem in (problem_with_url(url) or "")


def test_the_table_comes_from_the_option_then_the_file_then_the_default(gateway: FakeGateway, folder: Path) -> None:
    assert find_table(None).table == "imagegate"

    (folder / ".local").mkdir()
    (folder / ".local" / "gateway.json").write_text(
        '{"aws_endpoint_url": "http://127.0.0.1:4566", "outputs": {"TableName": "local-table"}}'
    )

    assert find_table(None).table == "local-table"
    assert find_table(None).emulator_url == "http://127.0.0.1:4566"
    assert find_table("mine").table == "mine"
    assert find_table("mine").emulator_url is None
