"""Authenticate: turn the text of an API key into the project and role behind it."""

from dataclasses import dataclass

from imagegate.app.ports import ProjectStore
from imagegate.domain.errors import InvalidApiKeyError
from imagegate.domain.project import API_KEY_PREFIX, Principal, Project, hash_api_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Looks a key up by its hash; missing, unknown and revoked keys fail alike."""

    projects: ProjectStore

    def __call__(self, api_key: str) -> Principal:
        """Return who sends the request.

        Raises:
            InvalidApiKeyError: there is no such key, or it was revoked.
        """
        # A text that cannot be one of our keys costs no read.
        key = self.projects.read_key(hash_api_key(api_key)) if api_key.startswith(API_KEY_PREFIX) else None
        if key is None or key.revoked_at is not None:
            message = "The API key is missing, unknown or revoked. Send `Authorization: Bearer <key>` with a valid key."
            raise InvalidApiKeyError(message)
        return Principal(project_id=key.project_id, key_id=key.id, role=key.role)


def project_of(principal: Principal, projects: ProjectStore) -> Project:
    """Return the project of whoever sends a request.

    Raises:
        InvalidApiKeyError: it is gone.
    """
    project = projects.read_project(principal.project_id)
    if project is None:
        message = "The project of this API key no longer exists. Create a key in an existing project."
        raise InvalidApiKeyError(message)
    return project
