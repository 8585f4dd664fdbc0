"""Secrets and settings of providers: what was written is found again, and what was deleted is not."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.secrets import SecretsManagerStore
from tests.account import REGION, TABLE, Account


@pytest.fixture
def secrets() -> Iterator[SecretsManagerStore]:
    with mock_aws():
        yield SecretsManagerStore(client=boto3.client("secretsmanager", region_name=REGION), prefix="shop/providers/")


def test_a_secret_is_there_from_its_first_write_to_its_deletion(secrets: SecretsManagerStore) -> None:
    assert not secrets.has("painter")

    secrets.write("painter", {"api_key": "one"})
    assert secrets.has("painter")
    assert secrets.read("painter") == {"api_key": "one"}

    secrets.delete("painter")
    assert not secrets.has("painter")
    assert secrets.read("painter") == {}


def test_a_secret_that_was_just_replaced_is_read_anew(secrets: SecretsManagerStore) -> None:
    secrets.write("painter", {"api_key": "one"})
    secrets.read("painter")

    secrets.write("painter", {"api_key": "two"})

    assert secrets.read("painter") == {"api_key": "two"}


def test_deleting_what_is_not_there_is_no_error(secrets: SecretsManagerStore) -> None:
    secrets.delete("nobody")

    assert not secrets.has("nobody")


def test_a_secret_that_somebody_scheduled_for_deletion_does_not_count(secrets: SecretsManagerStore) -> None:
    secrets.write("painter", {"api_key": "one"})

    secrets.client.delete_secret(SecretId="shop/providers/painter", RecoveryWindowInDays=7)

    assert not secrets.has("painter")


def test_settings_of_one_provider_leave_the_others_alone(account: Account) -> None:
    store = DynamoConfigurationStore(client=account.dynamodb, table=TABLE)

    store.write("painter", {"region": "eu"})
    store.write("sculptor", {})
    store.write("painter", None)

    assert store.read() == {"sculptor": {}}
