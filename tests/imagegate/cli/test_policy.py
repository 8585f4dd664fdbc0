"""`imagegate projects policy`: what is said on the command line is what the project keeps."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from imagegate.domain.filters import Filters
from imagegate.domain.ids import ProjectId
from imagegate.domain.routing import Alias, Routing
from imagegate.wiring import operator as wiring
from shared_names import PARTITION_KEY, SORT_KEY
from tests.imagegate.cli.support import imagegate

TABLE = "a-table"


@pytest.fixture
def project_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project in a table in an AWS account."""
    # boto3, with which this makes the table, remembers the credentials that an earlier test found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
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
        yield json.loads(imagegate("projects", "create", "shop", "--json").stdout)["project_id"]


def _policy(project_id: str, *options: str) -> Any:
    result = imagegate("projects", "policy", project_id, *options, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["routing"]


def _kept(project_id: str) -> Routing:
    project = wiring.manage_projects(TABLE).projects.read_project(ProjectId(project_id))
    assert project is not None
    return project.routing


def test_a_policy_is_kept_on_the_project_to_the_last_digit(project_id: str) -> None:
    told = _policy(
        project_id,
        *("--allow", "openai,embedded", "--allow", "bfl/flux-2-pro", "--deny", "openai/gpt-image-1.5"),
        *("--max-price", "0.050", "--default-model", "draft", "--cost-weight", "0.8"),
        *("--alias", "draft=embedded/scenes,openai/gpt-image-2"),
        *("--alias", "quick=fastest max_price=0.02 max_seconds=8.5 allow=openai,bfl deny=firefly needs_seed=true"),
    )

    assert _kept(project_id) == Routing(
        filters=Filters(
            allow=("openai", "embedded", "bfl/flux-2-pro"), deny=("openai/gpt-image-1.5",), max_price=Decimal("0.050")
        ),
        aliases={
            "draft": Alias(models=("embedded/scenes", "openai/gpt-image-2")),
            "quick": Alias(
                models=("fastest",),
                filters=Filters(
                    allow=("openai", "bfl"),
                    deny=("firefly",),
                    max_price=Decimal("0.02"),
                    max_seconds=8.5,
                    needs_seed=True,
                ),
            ),
        },
        default_model="draft",
        cost_weight=Decimal("0.8"),
    )
    assert told["filters"]["max_price"] == "0.050"
    assert told["aliases"]["draft"]["models"] == ["embedded/scenes", "openai/gpt-image-2"]
    assert (told["default_model"], told["cost_weight"]) == ("draft", "0.8")


def test_what_is_not_named_stays_and_what_is_empty_goes(project_id: str) -> None:
    _policy(project_id, "--allow", "openai", "--alias", "draft=cheapest", "--default-model", "draft")

    kept = _policy(project_id, "--deny", "bfl")
    cleared = _policy(project_id, "--allow", "", "--alias", "draft=", "--default-model", "")
    reset = _policy(project_id, "--reset")

    assert (kept["filters"]["allow"], kept["filters"]["deny"], list(kept["aliases"])) == (
        ["openai"],
        ["bfl"],
        ["draft"],
    )
    assert (cleared["filters"]["allow"], cleared["aliases"], cleared["default_model"]) == ([], {}, None)
    assert reset["filters"]["deny"] == []
    assert _kept(project_id) == Routing()


def test_a_policy_is_shown_to_people(project_id: str) -> None:
    before = imagegate("projects", "policy", project_id).stdout
    after = imagegate(
        "projects", "policy", project_id, "--max-price", "0.05", "--alias", "draft=cheapest max_seconds=8"
    ).stdout

    assert "all providers" in before
    assert "auto" in before
    assert "0.05 USD a request" in after
    assert "cheapest max_seconds=8" in after


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--allow", "openay", "no provider 'openay'"),
        ("--deny", "openai/gpt-image-9", "no model 'openai/gpt-image-9'"),
        ("--max-price", "0", "not an amount above zero"),
        ("--cost-weight", "1.5", "not a number from 0 to 1"),
        ("--cost-weight", "half", "not a number from 0 to 1"),
        ("--default-model", "openai/gpt-image-9", "no model 'openai/gpt-image-9'"),
        ("--alias", "draft", "does not begin with a name"),
        ("--alias", "auto=embedded/scenes", "does not begin with a name"),
        ("--alias", "draft=openai", "no model 'openai'"),
        ("--alias", "draft=openai/gpt-image-9", "no model 'openai/gpt-image-9'"),
        ("--alias", "draft=cheapest price=1", "'price' is no filter"),
        ("--alias", "draft=cheapest needs_seed=no", "`needs_seed` is `true`"),
        ("--alias", "draft=cheapest max_seconds=soon", "not an amount above zero"),
    ],
)
def test_a_slip_is_bad_usage_and_changes_nothing(project_id: str, option: str, value: str, told: str) -> None:
    result = imagegate("projects", "policy", project_id, option, value)

    assert result.exit_code == 2
    assert told in " ".join(result.stderr.replace("│", " ").split())
    assert _kept(project_id) == Routing()


def test_a_project_that_does_not_exist_has_no_policy(project_id: str) -> None:
    result = imagegate("projects", "policy", "prj_unknown")

    assert result.exit_code == 1
    assert "There is no project prj_unknown" in result.stderr
