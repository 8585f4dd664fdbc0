"""Wiring for people: projects and keys are managed with the operator's own credentials or on an emulator."""

import pytest

from imagegate.domain.errors import ConfigurationError
from imagegate.domain.ids import is_id
from imagegate.domain.project import Role
from imagegate.wiring import operator as wiring
from tests.account import TABLE, new_account, opened_account


@pytest.mark.parametrize("emulator_url", [None, "https://dynamodb.us-east-1.amazonaws.com"])
def test_an_operator_manages_projects_and_keys(emulator_url: str | None) -> None:
    with opened_account(new_account()) as account:
        manage = wiring.manage_projects(TABLE, emulator_url=emulator_url)
        project = manage.create_project("Shop")
        key, text = manage.create_key(project.id, Role.ADMIN)

        assert is_id("prj", project.id)
        assert is_id("key", key.id)
        assert len(text) == len("ig_") + 48
        assert {item["sk"] for item in account.items()} == {"PROJECT", "KEY", "KEYID"}


def test_a_table_that_is_not_there_ends_in_advice() -> None:
    with opened_account(new_account()):
        manage = wiring.manage_projects("imagegate-elsewhere")

        with pytest.raises(ConfigurationError, match="Deploy first"), wiring.aws_failures_explained():
            manage.create_project("Shop")
