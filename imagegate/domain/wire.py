"""HTTP as data: what an adapter wants sent and what came back; who may sign it is said, the secret is not here."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SigV4:
    """Sign with the caller's own AWS credentials for this AWS service."""

    service: str


Auth = SigV4


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request to send, exactly once."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    auth: Auth | None = None
    read_timeout_seconds: float = 60.0
    max_response_bytes: int = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A complete answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
