"""Authenticating, and managing projects and keys."""

from dataclasses import replace

import pytest

from imagegate.app.authenticate import Authenticate
from imagegate.app.manage_projects import ManageProjects, UnknownKeyError, UnknownProjectError
from imagegate.domain.errors import InvalidApiKeyError
from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.project import OnUnknown, Principal, Role
from tests.builders import API_KEY, KEY_ID, NOW, PROJECT_ID, a_project, an_api_key, dollars
from tests.fakes import FakeClock, FakeIds, MemoryProjectStore


@pytest.fixture
def store() -> MemoryProjectStore:
    store = MemoryProjectStore()
    store.write_project(a_project())
    return store


@pytest.fixture
def manage(store: MemoryProjectStore) -> ManageProjects:
    return ManageProjects(projects=store, clock=FakeClock(), new_id=FakeIds(), entropy=lambda size: b"\x0f" * size)


def _refusal(store: MemoryProjectStore, api_key: str) -> str:
    with pytest.raises(InvalidApiKeyError) as refused:
        Authenticate(projects=store)(api_key)
    return refused.value.message


def test_a_valid_key_tells_project_key_and_role(store: MemoryProjectStore) -> None:
    store.write_key(an_api_key(role=Role.ADMIN))

    principal = Authenticate(projects=store)(API_KEY)

    assert principal == Principal(project_id=PROJECT_ID, key_id=KEY_ID, role=Role.ADMIN)


def test_a_revoked_key_is_refused_like_an_unknown_one(store: MemoryProjectStore) -> None:
    store.write_key(an_api_key(revoked_at=NOW))

    assert _refusal(store, API_KEY) == _refusal(store, "ig_unknown") == _refusal(store, "")


def test_what_cannot_be_a_key_costs_no_read(store: MemoryProjectStore) -> None:
    _refusal(store, "sk-somebody-else")

    assert store.reads == 0


def test_a_new_project_has_a_name_an_id_and_perhaps_a_budget(manage: ManageProjects, store: MemoryProjectStore) -> None:
    project = manage.create_project("Shop", dollars("20"))

    assert (project.name, project.monthly_budget) == ("Shop", dollars("20"))
    assert store.read_project(project.id) == project
    assert manage.create_project("Free").monthly_budget is None


def test_a_project_is_changed_in_what_is_named_and_in_nothing_else(
    manage: ManageProjects, store: MemoryProjectStore
) -> None:
    project = manage.create_project("Shop", dollars("20"))

    manage.set_project(project.id, on_unknown=OnUnknown.RESUBMIT)
    manage.set_project(project.id, monthly_budget=dollars("30"))

    changed = replace(project, on_unknown=OnUnknown.RESUBMIT, monthly_budget=dollars("30"))
    assert store.read_project(project.id) == changed


def test_a_project_that_does_not_exist_cannot_be_changed(manage: ManageProjects) -> None:
    with pytest.raises(UnknownProjectError):
        manage.set_project(ProjectId("prj_unknown"), on_unknown=OnUnknown.RESUBMIT)


def test_a_new_key_works_and_is_stored_only_as_a_hash(manage: ManageProjects, store: MemoryProjectStore) -> None:
    key, text = manage.create_key(PROJECT_ID, Role.CLIENT)

    assert Authenticate(projects=store)(text).key_id == key.id
    assert text == "ig_" + "0f" * 24
    assert text not in str(store.keys)


def test_a_key_needs_a_project(manage: ManageProjects) -> None:
    with pytest.raises(UnknownProjectError, match="prj_none"):
        manage.create_key(ProjectId("prj_none"), Role.CLIENT)


def test_a_revoked_key_stops_with_the_next_request(manage: ManageProjects, store: MemoryProjectStore) -> None:
    key, text = manage.create_key(PROJECT_ID, Role.CLIENT)

    revoked = manage.revoke_key(key.id)

    assert revoked.revoked_at is not None
    assert _refusal(store, text)


def test_revoking_twice_keeps_the_first_moment(manage: ManageProjects) -> None:
    key, _ = manage.create_key(PROJECT_ID, Role.CLIENT)

    assert manage.revoke_key(key.id) == manage.revoke_key(key.id)


def test_an_unknown_key_cannot_be_revoked(manage: ManageProjects) -> None:
    with pytest.raises(UnknownKeyError, match="key_none"):
        manage.revoke_key(KeyId("key_none"))
