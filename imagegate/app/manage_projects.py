"""Manage projects and keys: the operator's side, used with AWS credentials and never through a client key."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from imagegate.app.ports import Clock, NewId, ProjectStore
from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.money import Money
from imagegate.domain.project import (
    API_KEY_ENTROPY_BYTES,
    ApiKey,
    OnUnknown,
    Project,
    Role,
    hash_api_key,
    new_api_key,
)
from imagegate.domain.routing import Routing, RoutingChange


class UnknownProjectError(LookupError):
    """There is no project with this id."""


class UnknownKeyError(LookupError):
    """There is no key with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageProjects:
    """Creates and changes projects, creates keys, and revokes keys."""

    projects: ProjectStore
    clock: Clock
    new_id: NewId
    entropy: Callable[[int], bytes]

    def create_project(
        self, name: str, monthly_budget: Money | None = None, on_unknown: OnUnknown = OnUnknown.FAIL
    ) -> Project:
        """Create a tenant."""
        project = Project(
            id=ProjectId(self.new_id("prj")),
            name=name,
            created_at=self.clock(),
            monthly_budget=monthly_budget,
            on_unknown=on_unknown,
        )
        self.projects.write_project(project)
        return project

    def set_project(
        self, project_id: ProjectId, *, monthly_budget: Money | None = None, on_unknown: OnUnknown | None = None
    ) -> Project:
        """Change what is given of a tenant; generations that were accepted before go on as they began.

        Raises:
            UnknownProjectError: the project does not exist.
        """
        project = self._read(project_id)
        project = replace(
            project,
            monthly_budget=monthly_budget or project.monthly_budget,
            on_unknown=on_unknown or project.on_unknown,
        )
        self.projects.write_project(project)
        return project

    def change_routing(self, project_id: ProjectId, change: RoutingChange) -> Routing:
        """Change how a tenant's requests are routed and return the whole policy; no change at all writes nothing.

        Raises:
            UnknownProjectError: the project does not exist.
        """
        project = self._read(project_id)
        routing = change.applied_to(project.routing)
        if routing != project.routing:
            self.projects.write_project(replace(project, routing=routing))
        return routing

    def create_key(self, project_id: ProjectId, role: Role) -> tuple[ApiKey, str]:
        """Create a key and return it with its text, which cannot be had again.

        Raises:
            UnknownProjectError: the project does not exist.
        """
        self._read(project_id)
        text = new_api_key(self.entropy(API_KEY_ENTROPY_BYTES))
        key = ApiKey(
            id=KeyId(self.new_id("key")),
            project_id=project_id,
            role=role,
            hash=hash_api_key(text),
            created_at=self.clock(),
        )
        self.projects.write_key(key)
        return key, text

    def revoke_key(self, key_id: KeyId) -> ApiKey:
        """Make a key stop working from the next request on; revoking twice changes nothing.

        Raises:
            UnknownKeyError: the key does not exist.
        """
        key = self.projects.find_key(key_id)
        if key is None:
            raise UnknownKeyError(key_id)
        if key.revoked_at is None:
            key = replace(key, revoked_at=self.clock())
            self.projects.write_key(key)
        return key

    def _read(self, project_id: ProjectId) -> Project:
        project = self.projects.read_project(project_id)
        if project is None:
            raise UnknownProjectError(project_id)
        return project
