"""Projects are the tenants; API keys belong to one project and are stored only as hashes."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.money import Money
from imagegate.domain.routing import Routing

API_KEY_PREFIX = "ig_"
API_KEY_ENTROPY_BYTES = 24


class OnUnknown(StrEnum):
    """What a project wants where a request may have been charged and its answer was lost."""

    FAIL = "fail"
    RESUBMIT = "resubmit"


class Role(StrEnum):
    """What a key may do."""

    CLIENT = "client"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One tenant; without a monthly budget nothing is refused for its cost."""

    id: ProjectId
    name: str
    created_at: datetime
    monthly_budget: Money | None = None
    on_unknown: OnUnknown = OnUnknown.FAIL
    routing: Routing = field(default_factory=Routing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """The record of a key; the key itself is shown once and never stored."""

    id: KeyId
    project_id: ProjectId
    role: Role
    hash: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who sends a request: a key of a project."""

    project_id: ProjectId
    key_id: KeyId
    role: Role


def new_api_key(entropy: bytes) -> str:
    """Return the text of a key: our prefix, so that scanners for leaked secrets can find it, and the entropy."""
    return f"{API_KEY_PREFIX}{entropy.hex()}"


def hash_api_key(api_key: str) -> str:
    """Return what is stored of a key. Keys hold 192 random bits, so a plain digest cannot be searched backward."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def hash_end_user(project_id: ProjectId, end_user: str) -> str:
    """Return the name under which an app's own user is kept, different in every project."""
    return hashlib.sha256(f"{project_id}:{end_user}".encode()).hexdigest()
