"""The authorizer: who may come in, and as whom."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from imagegate.aws.projects import DynamoProjectStore
from imagegate.domain.project import Role
from tests.account import TABLE, Account
from tests.builders import API_KEY, NOW, an_api_key
from tests.functions.events import CONTEXT, event

Authorize = Any


@pytest.fixture
def authorize(account: Account, _authorize: ModuleType) -> Authorize:
    return _authorize.handler


def _is_denied(authorize: Authorize, told: dict[str, Any]) -> bool:
    policy = authorize(told, CONTEXT)
    statement = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": told["methodArn"]}
    return bool(policy["policyDocument"]["Statement"] == [statement]) and "context" not in policy


def test_a_valid_key_is_let_in_with_its_project_and_role(authorize: Authorize) -> None:
    told = event("authorize")

    policy = authorize(told, CONTEXT)

    assert policy["principalId"] == "key_one"
    assert policy["context"] == {"project_id": "prj_one", "key_id": "key_one", "role": "client"}
    assert policy["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": told["methodArn"]}
    ]


def test_an_admin_key_is_let_in_as_such(authorize: Authorize, account: Account) -> None:
    store = DynamoProjectStore(client=account.dynamodb, table=TABLE)
    store.write_key(replace(an_api_key(), role=Role.ADMIN))

    assert authorize(event("authorize"), CONTEXT)["context"]["role"] == "admin"


@pytest.mark.parametrize("token", [f"bearer {API_KEY}", f"BEARER   {API_KEY} "])
def test_the_scheme_may_be_written_as_one_likes(authorize: Authorize, token: str) -> None:
    assert authorize(event("authorize", authorizationToken=token), CONTEXT)["principalId"] == "key_one"


@pytest.mark.parametrize(
    "token",
    ["", "Bearer", "Bearer ", API_KEY, f"Basic {API_KEY}", f"Bearer{API_KEY}", "Bearer ig_unknown", "Bearer sk-other"],
)
def test_a_malformed_or_unknown_key_is_denied(authorize: Authorize, token: str) -> None:
    assert _is_denied(authorize, event("authorize", authorizationToken=token))


def test_a_missing_key_is_denied(authorize: Authorize) -> None:
    told = event("authorize")
    del told["authorizationToken"]

    assert _is_denied(authorize, told)


def test_a_revoked_key_is_refused_like_an_unknown_one(authorize: Authorize, account: Account) -> None:
    store = DynamoProjectStore(client=account.dynamodb, table=TABLE)
    store.write_key(replace(an_api_key(), revoked_at=NOW))

    assert _is_denied(authorize, event("authorize"))
