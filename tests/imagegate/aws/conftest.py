"""A fresh account for each test, on clients that are made once."""

from collections.abc import Iterator

import pytest

from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.projects import DynamoProjectStore
from tests.account import AUDIT_TABLE, TABLE, Account, new_account, opened_account


@pytest.fixture(scope="session")
def account_clients(_only_dummy_aws_settings: None) -> Account:
    return new_account()


@pytest.fixture
def account(account_clients: Account) -> Iterator[Account]:
    with opened_account(account_clients) as account:
        yield account


@pytest.fixture
def jobs(account: Account) -> DynamoJobStore:
    return DynamoJobStore(client=account.dynamodb, table=TABLE, audit_table=AUDIT_TABLE)


@pytest.fixture
def projects(account: Account) -> DynamoProjectStore:
    return DynamoProjectStore(client=account.dynamodb, table=TABLE)
