"""Tests of `imagegate projects` and `imagegate keys`: on the AWS table, and on the local gateway's emulator."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from imagegate.domain.ids import ProjectId
from imagegate.domain.money import Money
from imagegate.domain.project import OnUnknown, Role, hash_api_key
from imagegate.wiring import operator as wiring
from shared_names import PARTITION_KEY, SORT_KEY
from tests.imagegate.cli.support import FakeGateway, imagegate

TABLE = "a-table"


@pytest.fixture(autouse=True)
def _fresh_session(monkeypatch: pytest.MonkeyPatch) -> None:
    # boto3, with which these tests make the table, remembers the credentials that an earlier test found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A table in an AWS account."""
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
        yield TABLE


def _create_project(*options: str) -> str:
    project_id: str = json.loads(imagegate("projects", "create", "shop", *options, "--json").stdout)["project_id"]
    return project_id


def test_a_project_is_created_with_its_budget(table: str) -> None:
    result = imagegate("projects", "create", " shop ", "--monthly-budget", "12.50", "--json")

    told = json.loads(result.stdout)
    project = wiring.manage_projects(table).projects.read_project(ProjectId(told["project_id"]))
    assert project is not None
    assert project.name == told["name"] == "shop"
    assert project.monthly_budget == Money(amount=Decimal("12.50"))
    assert told["monthly_budget"] == {"amount": "12.50", "currency": "USD"}


def test_creating_a_project_says_how_to_go_on(table: str) -> None:
    result = imagegate("projects", "create", "shop")

    assert result.exit_code == 0
    assert "imagegate keys create prj_" in result.stdout
    assert f"{table} (--table or IMAGEGATE_TABLE)" in result.stdout


def test_a_project_says_what_to_do_with_lost_answers_and_can_change_its_mind(table: str) -> None:
    project_id = _create_project("--on-unknown", "resubmit")

    kept = json.loads(imagegate("projects", "set", project_id, "--monthly-budget", "5", "--json").stdout)
    changed = imagegate("projects", "set", project_id, "--on-unknown", "fail")

    assert (kept["on_unknown"], kept["monthly_budget"]["amount"]) == ("resubmit", "5")
    assert "Changed the project 'shop'" in changed.stdout
    assert "5 USD a month" in changed.stdout
    project = wiring.manage_projects(table).projects.read_project(ProjectId(project_id))
    assert project is not None
    assert project.on_unknown is OnUnknown.FAIL


def test_a_project_that_does_not_exist_cannot_be_changed(table: str) -> None:
    result = imagegate("projects", "set", "prj_unknown", "--on-unknown", "fail", "--table", table)

    assert result.exit_code == 1
    assert "There is no project prj_unknown" in result.stderr


def test_a_negotiated_price_is_kept_told_and_taken_back(table: str) -> None:
    project_id = _create_project()

    first = imagegate("projects", "price", project_id, "bfl/flux-2-pro", "image", "0.02")
    told = json.loads(imagegate("projects", "price", project_id, "bfl/flux-2-pro", "image", "0.01", "--json").stdout)
    last = json.loads(
        imagegate("projects", "price", project_id, "bfl/flux-2-pro", "image", "--remove", "--json").stdout
    )

    assert "bfl/flux-2-pro 0.02 USD/image" in first.stdout
    (price,) = told["prices"]
    assert (price["model"], price["unit"], price["amount"]) == ("bfl/flux-2-pro", "image", "0.01")
    assert last["prices"] == []


def test_a_price_that_is_no_use_is_refused(table: str) -> None:
    project_id = _create_project()

    unknown = imagegate("projects", "price", project_id, "bfl/nothing", "image", "0.02")
    never = imagegate("projects", "price", project_id, "bfl/flux-2-pro", "second", "0.02")

    assert unknown.exit_code == never.exit_code == 1
    assert "There is no model 'bfl/nothing'" in unknown.stderr
    assert "never billed by the second" in never.stderr


@pytest.mark.parametrize("rest", [(), ("0.02", "--remove"), ("-1",), ("NaN",), ("much",)])
def test_a_price_is_an_amount_or_taken_back(rest: tuple[str, ...]) -> None:
    assert imagegate("projects", "price", "prj_one", "bfl/flux-2-pro", "image", *rest).exit_code == 2


@pytest.mark.parametrize("budget", ["0", "-1", "NaN", "Infinity", "much"])
def test_a_budget_that_is_no_amount_is_bad_usage(budget: str) -> None:
    assert imagegate("projects", "create", "shop", "--monthly-budget", budget).exit_code == 2


def test_a_project_without_a_visible_name_is_bad_usage() -> None:
    assert imagegate("projects", "create", " ").exit_code == 2


@pytest.mark.parametrize("role", list(Role))
def test_a_created_key_works_and_only_its_hash_is_kept(table: str, role: Role) -> None:
    project_id = _create_project()

    told = json.loads(imagegate("keys", "create", project_id, "--role", role.value, "--json").stdout)

    kept = wiring.manage_projects(table).projects.read_key(hash_api_key(told["api_key"]))
    assert kept is not None
    assert (kept.id, kept.project_id, kept.role) == (told["key_id"], project_id, role)
    assert told["api_key"] not in repr(kept)


def test_a_key_is_shown_once_and_people_are_told_so(table: str) -> None:
    result = imagegate("keys", "create", _create_project())

    assert result.exit_code == 0
    assert "ig_" in result.stdout
    assert "cannot be shown again" in result.stdout
    assert "client" in result.stdout


def test_a_key_for_an_unknown_project_is_refused(table: str) -> None:
    result = imagegate("keys", "create", "prj_unknown")

    assert result.exit_code == 1
    assert "There is no project prj_unknown" in result.stderr
    assert "imagegate projects create" in result.stderr


def test_an_unknown_role_is_bad_usage() -> None:
    assert imagegate("keys", "create", "prj_x", "--role", "owner").exit_code == 2


def test_a_revoked_key_stays_revoked_since_the_first_time(table: str) -> None:
    key_id = json.loads(imagegate("keys", "create", _create_project(), "--json").stdout)["key_id"]

    first = json.loads(imagegate("keys", "revoke", key_id, "--json").stdout)
    second = imagegate("keys", "revoke", key_id)

    assert first["revoked_at"]
    assert first["revoked_at"] in second.stdout


def test_revoking_an_unknown_key_is_refused_as_json_too(table: str) -> None:
    plain, as_json = imagegate("keys", "revoke", "key_unknown"), imagegate("keys", "revoke", "key_unknown", "--json")

    assert plain.exit_code == as_json.exit_code == 1
    assert "There is no key key_unknown" in plain.stderr
    assert json.loads(as_json.stdout)["error"]["code"] == "unknown_key"


def test_a_missing_table_is_told(table: str) -> None:
    result = imagegate("projects", "create", "shop", "--table", "elsewhere")

    assert result.exit_code == 1
    assert "'elsewhere'" in result.stderr
    assert "does not exist in this account and region" in result.stderr


@pytest.mark.parametrize(
    ("unset", "told"),
    [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "no AWS credentials"),
        (("AWS_REGION", "AWS_DEFAULT_REGION"), "No AWS region"),
    ],
)
def test_missing_aws_settings_are_told(monkeypatch: pytest.MonkeyPatch, unset: tuple[str, ...], told: str) -> None:
    for name in unset:
        monkeypatch.delenv(name)

    result = imagegate("projects", "create", "shop")

    assert result.exit_code == 1
    assert told in result.stderr


def test_an_unknown_aws_profile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    result = imagegate("projects", "create", "shop")

    assert result.exit_code == 1
    assert "nobody" in result.stderr


def test_the_local_gateways_table_is_used_without_real_credentials(local: FakeGateway) -> None:
    local.says("POST /", "{}")

    result = imagegate("projects", "create", "shop")

    assert result.exit_code == 0
    assert "local-table (.local/gateway.json)" in result.stdout
    assert local.received[0].json["TableName"] == "local-table"
    assert "Credential=test/" in local.received[0].headers["authorization"]


def test_an_error_of_the_table_is_told_with_its_code(local: FakeGateway) -> None:
    local.says("POST /", '{"__type": "com.amazonaws#SomethingElse", "message": "no"}', 400)

    result = imagegate("projects", "create", "shop")

    assert result.exit_code == 1
    assert "AWS answered SomethingElse" in result.stderr


def test_a_local_gateway_without_a_usable_address_is_told(folder: Path) -> None:
    (folder / ".local").mkdir()
    (folder / ".local" / "gateway.json").write_text(
        '{"aws_endpoint_url": "nowhere", "outputs": {"TableName": "local-table"}}'
    )

    result = imagegate("projects", "create", "shop")

    assert result.exit_code == 1
    assert "invalid_configuration" in result.stderr
