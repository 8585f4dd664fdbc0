"""Secrets and settings of providers: what was written is found again, and what was deleted is not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import boto3
import pytest
from moto import mock_aws

from imagegate.aws import configuration
from imagegate.aws import secrets as secrets_module
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.secrets import SecretsManagerStore
from imagegate.domain.errors import ConfigurationError
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


@dataclass
class Seconds:
    """A clock that only a test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_settings_are_read_again_after_a_minute(account: Account) -> None:
    seconds = Seconds()
    store = DynamoConfigurationStore(client=account.dynamodb, table=TABLE, monotonic=seconds)
    elsewhere = DynamoConfigurationStore(client=account.dynamodb, table=TABLE)
    assert store.read() == {}

    elsewhere.write("painter", {"region": "eu"})
    seconds.now = configuration.CACHE_SECONDS - 1
    assert store.read() == {}
    seconds.now = configuration.CACHE_SECONDS

    assert store.read() == {"painter": {"region": "eu"}}


def test_a_write_starts_from_what_is_stored_and_not_from_what_was_read_before(account: Account) -> None:
    store = DynamoConfigurationStore(client=account.dynamodb, table=TABLE)
    store.read()
    DynamoConfigurationStore(client=account.dynamodb, table=TABLE).write("sculptor", {})

    store.write("painter", {})

    assert sorted(store.read()) == ["painter", "sculptor"]


def test_a_rotated_secret_is_picked_up_without_a_deployment(secrets: SecretsManagerStore) -> None:
    seconds = Seconds()
    store = replace(secrets, monotonic=seconds, _cache={})
    secrets.write("painter", {"api_key": "one"})
    assert store.read("painter") == {"api_key": "one"}

    secrets.write("painter", {"api_key": "two"})
    seconds.now = secrets_module.CACHE_SECONDS - 1
    assert store.read("painter") == {"api_key": "one"}
    seconds.now = secrets_module.CACHE_SECONDS

    assert store.read("painter") == {"api_key": "two"}


def test_a_secret_that_its_provider_refused_is_read_again(secrets: SecretsManagerStore) -> None:
    store = replace(secrets, _cache={})
    secrets.write("painter", {"api_key": "one"})
    store.read("painter")
    secrets.write("painter", {"api_key": "two"})

    store.forget("painter")

    assert store.read("painter") == {"api_key": "two"}


def test_a_provider_without_a_secret_has_no_fields(secrets: SecretsManagerStore) -> None:
    assert secrets.read("nobody") == {}


@pytest.mark.parametrize("text", ["sk-plain", "[]", '"text"', '{"api_key": 3}', ""])
def test_a_secret_that_somebody_wrote_by_hand_names_the_command(secrets: SecretsManagerStore, text: str) -> None:
    secrets.client.create_secret(Name="shop/providers/painter", SecretString=text or " ")

    with pytest.raises(ConfigurationError, match="imagegate secrets set painter") as failure:
        secrets.read("painter")

    assert "sk-plain" not in str(failure.value)
