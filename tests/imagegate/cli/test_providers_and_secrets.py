"""Tests of `imagegate providers` and `imagegate secrets`: on AWS, on the local emulator, and at a keyboard."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from imagegate.aws.secrets import SecretsManagerStore
from imagegate.cli.failures import CommandFailedError
from imagegate.cli.secrets import ask_for_missing
from imagegate.wiring import operator as wiring
from shared_names import PARTITION_KEY, SORT_KEY
from tests.imagegate.cli.support import FakeGateway, imagegate
from tests.provider_cards import CARDS

TABLE = "shop"
KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _own_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "provider_cards", lambda: CARDS)
    # boto3 remembers the credentials that an earlier test found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS account with the gateway's table."""
    monkeypatch.setenv("IMAGEGATE_TABLE", TABLE)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
                {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": PARTITION_KEY, "AttributeType": "S"},
                {"AttributeName": SORT_KEY, "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


def _secret(provider: str) -> dict[str, str]:
    store = SecretsManagerStore(client=boto3.client("secretsmanager"), prefix=f"{TABLE}/providers/")
    return dict(store.read(provider))


def _listed() -> dict[str, dict[str, Any]]:
    states = json.loads(imagegate("providers", "list", "--json").stdout)["providers"]
    return {state["id"]: state for state in states}


def test_a_secret_is_kept_beside_its_deployment_and_never_printed(account: None) -> None:
    result = imagegate("secrets", "set", "public", f"api_key={KEY}")

    assert result.exit_code == 0
    assert "Set the secret of public: api_key" in result.stdout
    assert "ready" in result.stdout
    assert KEY not in result.output + imagegate("providers", "list").output + json.dumps(_listed())
    assert _secret("public") == {"api_key": KEY}


def test_a_secret_is_replaced_and_the_gateway_reads_the_new_one(account: None) -> None:
    imagegate("secrets", "set", "public", "api_key=old")

    told = json.loads(imagegate("secrets", "set", "public", f"api_key={KEY}", "--json").stdout)

    assert (told["ready"], told["has_secret"], told["missing"]) == (True, True, [])
    assert _secret("public") == {"api_key": KEY}


def test_a_key_file_is_read_and_what_is_missing_then_is_told(account: None, folder: Path) -> None:
    (folder / "key.json").write_text('{"private_key": "very secret"}\n')

    result = imagegate("secrets", "set", "cloud", "--from-file", "credentials_json=key.json")

    assert result.exit_code == 0
    assert "lacks project, location" in result.stdout
    assert "next        imagegate providers set cloud project=... location=..." in result.stdout
    assert _secret("cloud") == {"credentials_json": '{"private_key": "very secret"}'}


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_is_no_text_is_told(account: None, folder: Path, content: bytes | None) -> None:
    if content is not None:
        (folder / "key.json").write_bytes(content)

    result = imagegate("secrets", "set", "cloud", "--from-file", "credentials_json=key.json")

    assert result.exit_code == 1
    assert "file_not_read" in result.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        [KEY],
        [f"={KEY}"],
        [f"api_key={KEY}", f"api_key={KEY}"],
        [f"api_key={KEY}", "--from-file", "api_key=key.txt"],
        ["--from-file", "key.txt"],
    ],
)
def test_unreadable_fields_are_bad_usage_and_not_repeated(wrong: list[str]) -> None:
    result = imagegate("secrets", "set", "public", *wrong)

    assert result.exit_code == 2
    assert KEY not in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["secrets", "set", "nobody", f"api_key={KEY}"], "There is no provider 'nobody'"),
        (["secrets", "set", "public", f"apikey={KEY}"], "consists of api_key"),
        (["secrets", "set", "public"], "given was nothing"),
        (["secrets", "remove", "nobody"], "imagegate providers list"),
        (["providers", "set", "public", "region=eu"], "has no setting 'region'"),
        (["providers", "set", "public", "base_url=http://public.example"], "must begin with https://"),
        (["providers", "remove", "embedded"], "comes with the gateway"),
    ],
)
def test_what_is_not_accepted_is_told_and_changes_nothing(account: None, arguments: list[str], told: str) -> None:
    before = _listed()

    result = imagegate(*arguments)

    assert result.exit_code == 1
    assert told in result.stderr
    assert KEY not in result.output
    assert _listed() == before


def test_missing_fields_are_asked_for_at_a_keyboard(monkeypatch: pytest.MonkeyPatch, account: None) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return KEY

    monkeypatch.setattr("imagegate.cli.secrets.is_at_keyboard", lambda: True)
    monkeypatch.setattr("getpass.getpass", ask)

    result = imagegate("secrets", "set", "office", "tenant_id=t")

    assert result.exit_code == 0
    assert asked == ["client_id of Office: ", "client_secret of Office: "]
    assert _secret("office") == {"tenant_id": "t", "client_id": KEY, "client_secret": KEY}
    assert KEY not in result.output


def test_nothing_is_asked_for_when_nothing_or_nothing_possible_is_missing() -> None:
    assert ask_for_missing(CARDS["public"], {"api_key": KEY}) == {}
    assert ask_for_missing(CARDS["public"], {"apikey": KEY}) == {}
    assert ask_for_missing(CARDS["role"], {}) == {}


def test_what_is_optional_is_taken_and_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"typed for {prompt}")

    assert ask_for_missing(CARDS["caller"], {"webhook_secret": KEY}) == {"api_key": "typed for api_key of Caller: "}
    assert ask_for_missing(CARDS["caller"], {"api_key": KEY}) == {}


def test_nobody_is_asked_to_type_a_file() -> None:
    with pytest.raises(CommandFailedError) as failed:
        ask_for_missing(CARDS["cloud"], {})

    assert "--from-file credentials_json=key.json" in failed.value.advice


def test_settings_are_kept_and_shown(account: None) -> None:
    result = imagegate("providers", "set", "role", "region=us-west-2")

    assert result.exit_code == 0
    assert "region=us-west-2" in result.stdout
    assert _listed()["role"] == {
        "id": "role",
        "display_name": "Role",
        "configured": True,
        "ready": True,
        "has_secret": False,
        "settings": {"region": "us-west-2"},
        "missing": [],
        "commands": [],
    }


def test_every_provider_is_listed_with_what_to_do(account: None) -> None:
    imagegate("providers", "set", "office", "base_url=https://office.example")

    result = imagegate("providers", "list", COLUMNS="200")

    assert result.exit_code == 0
    for told in ("public", "not configured", "lacks secret", "not needed", "missing", "imagegate secrets set office"):
        assert told in result.stdout


def test_a_removed_provider_keeps_its_secret_and_that_is_said(account: None) -> None:
    imagegate("secrets", "set", "public", f"api_key={KEY}")

    result = imagegate("providers", "remove", "public")

    assert result.exit_code == 0
    assert "kept; `imagegate secrets remove public` deletes it" in result.stdout
    assert (_listed()["public"]["configured"], _listed()["public"]["has_secret"]) == (False, True)


def test_a_provider_is_removed_with_its_secret_and_can_come_back(account: None) -> None:
    imagegate("secrets", "set", "public", f"api_key={KEY}")

    told = json.loads(imagegate("providers", "remove", "public", "--with-secret", "--json").stdout)
    again = imagegate("secrets", "set", "public", "api_key=new")

    assert (told["configured"], told["has_secret"]) == (False, False)
    assert again.exit_code == 0
    assert _secret("public") == {"api_key": "new"}


def test_a_removed_secret_takes_the_provider_with_it(account: None) -> None:
    imagegate("secrets", "set", "public", f"api_key={KEY}")

    result = imagegate("secrets", "remove", "public")

    assert result.exit_code == 0
    assert "not configured" in result.stdout
    assert _secret("public") == {}


def test_removing_a_secret_that_is_not_there_is_no_error(account: None) -> None:
    assert not json.loads(imagegate("secrets", "remove", "public", "--json").stdout)["has_secret"]


def test_settings_as_json_are_told_after_each_change(account: None) -> None:
    told = json.loads(imagegate("providers", "set", "cloud", "project=one", "--json").stdout)

    assert told["settings"] == {"project": "one"}
    assert told["missing"] == ["secret (credentials_json)", "location"]


def test_a_missing_table_is_told(account: None) -> None:
    result = imagegate("providers", "list", "--table", "elsewhere")

    assert result.exit_code == 1
    assert "'elsewhere'" in result.stderr
    assert "does not exist in this account and region" in result.stderr


def test_the_local_gateway_is_configured_without_real_credentials(local: FakeGateway) -> None:
    local.says("POST /", "{}")

    result = imagegate("secrets", "set", "public", f"api_key={KEY}")

    assert result.exit_code == 0
    targets = {received.headers["x-amz-target"].partition(".")[0] for received in local.received}
    assert targets == {"secretsmanager", "DynamoDB_20120810"}
    assert all("Credential=test/" in received.headers["authorization"] for received in local.received)
    assert local.received[0].json["SecretId"] == "local-table/providers/public"
