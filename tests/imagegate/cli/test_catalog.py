"""Tests of `imagegate catalog check`: a configured provider is asked with its own secret, and differences are told."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from imagegate.catalog import read_file
from imagegate.wiring import operator as wiring
from shared_names import PARTITION_KEY, SORT_KEY
from tests.imagegate.cli.support import FakeGateway, imagegate

TABLE = "shop"
KEY = "sk-very-secret"
MODELS = "GET /live/v1/models"


@pytest.fixture
def openai(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGateway]:
    """A stand-in for OpenAI, configured in an AWS account."""
    monkeypatch.setenv("IMAGEGATE_TABLE", TABLE)
    monkeypatch.setenv("IMAGEGATE_PROVIDER_ENDPOINTS", json.dumps({"openai": gateway.base_url}))
    # boto3 remembers the credentials that an earlier test found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
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
        wiring.manage_providers(TABLE, f"{TABLE}/providers/").set_secret("openai", {"api_key": KEY})
        yield gateway


def _models(**changes: Any) -> str:
    listed = [
        {"id": card.version, "shutdown_date": end.isoformat() if (end := card.lifecycle.shutdown_on) else None}
        for card in read_file("openai")[1]
    ]
    return json.dumps({"data": [{**model, **changes} for model in listed]})


def test_equal_rows_end_with_status_zero(openai: FakeGateway) -> None:
    openai.says(MODELS, _models())

    result = imagegate("catalog", "check")

    assert result.exit_code == 0
    assert "differences: 0" in result.stdout
    assert openai.received[0].headers["authorization"] == f"Bearer {KEY}"


def test_differences_end_with_status_one_and_are_told(openai: FakeGateway) -> None:
    openai.says(MODELS, _models(shutdown_date="2031-01-31"))

    plain, as_json = imagegate("catalog", "check", COLUMNS="160"), imagegate("catalog", "check", "--json")

    assert plain.exit_code == as_json.exit_code == 1
    assert "2031-01-31" in plain.stdout
    first = json.loads(as_json.stdout)["differences"][0]
    assert (first["kind"], first["at_provider"]) == ("shutdown", "2031-01-31")


def test_what_could_not_be_checked_is_told_and_is_no_difference(openai: FakeGateway) -> None:
    openai.says(MODELS, "{}", 401)

    result = imagegate("catalog", "check")

    assert result.exit_code == 0
    assert "status 401" in result.stdout
    assert "Models compared: 0" in result.stdout


def test_a_missing_table_is_told(openai: FakeGateway) -> None:
    result = imagegate("catalog", "check", "--table", "elsewhere")

    assert result.exit_code == 1
    assert "'elsewhere'" in result.stderr
