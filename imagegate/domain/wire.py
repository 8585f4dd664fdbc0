"""HTTP as data: what an adapter wants sent and what came back; who must sign is said, the secret is never here."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SigV4:
    """Sign with the function's own AWS role for this AWS service, in its own region or in the one named."""

    service: str
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyHeader:
    """Send one field of the provider's secret in a header; an optional one is left out where there is no secret."""

    header: str = "authorization"
    prefix: str = ""
    field: str = "api_key"
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpBasic:
    """Send the secret's `username` and `password` as HTTP Basic, where there is a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """Exchange the secret's `client_id` and `client_secret` for a bearer token (OAuth 2, RFC 6749 section 4.4)."""

    # May name fields of the secret in braces, such as a tenant.
    token_url: str
    scope: str
    # Some providers want the client id beside the token.
    id_header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleToken:
    """Get a bearer token for the Google credentials (service account or workload identity federation) in the secret."""

    scope: str


Auth = SigV4 | ApiKeyHeader | HttpBasic | ClientCredentials | GoogleToken


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request to send, exactly once; of several ways to authenticate, the first that the secret allows is used."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    auth: tuple[Auth, ...] = ()
    read_timeout_seconds: float = 60.0
    max_response_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A complete answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
