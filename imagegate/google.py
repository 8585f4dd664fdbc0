"""Google tokens for a service account or workload identity federation, by google-auth over our own transport."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from imagegate.app.ports import TransportError
from imagegate.domain.errors import ProviderCredentialsError, ProviderUnavailableError
from imagegate.domain.wire import HttpRequest, HttpResponse

# https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds (checked 2026-11-22)
_AWS_TOKEN = "urn:ietf:params:aws:token-type:aws4_request"  # noqa: S105 - a kind of token

Send = Callable[[HttpRequest], HttpResponse]


def google_token(send: Send, credentials_json: str, scope: str) -> tuple[str, float]:
    """Return a bearer token and its lifetime in seconds.

    Raises:
        ProviderCredentialsError: the credentials are malformed or Google refuses them.
        ProviderUnavailableError: Google cannot be reached.
    """
    # Only a call to Google needs the library, so nobody else pays for its import.
    from google.auth import exceptions  # noqa: PLC0415

    try:
        credentials = _load(json.loads(credentials_json), scope)
        credentials.refresh(_request(send))
    except TransportError as error:
        raise ProviderUnavailableError("Google's token server could not be reached.") from error
    except (ValueError, exceptions.GoogleAuthError) as error:
        message = "Google refused the credentials. An operator must run `imagegate secrets set vertex` again."
        raise ProviderCredentialsError(message) from error
    expiry = credentials.expiry or datetime.now(UTC).replace(tzinfo=None)
    lifetime = (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    return str(credentials.token), max(lifetime, 0.0)


def _load(credentials: object, scope: str) -> Any:
    """Return the credentials of one of the two kinds that work without a person; no other kind is loaded."""
    from google.auth import aws, identity_pool  # noqa: PLC0415
    from google.oauth2 import service_account  # noqa: PLC0415

    kind = credentials.get("type") if isinstance(credentials, dict) else None
    if kind == "service_account":
        load: Callable[..., Any] = service_account.Credentials.from_service_account_info
    elif kind == "external_account":
        is_aws = isinstance(credentials, dict) and credentials.get("subject_token_type") == _AWS_TOKEN
        load = aws.Credentials.from_info if is_aws else identity_pool.Credentials.from_info
    else:
        message = "neither a service account nor workload identity federation"
        raise ValueError(message)
    return load(credentials, scopes=[scope])


class _Response:
    """An answer in the shape that google-auth reads."""

    def __init__(self, response: HttpResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.data = response.body


def _request(send: Send) -> Callable[..., _Response]:
    def request(
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> _Response:
        data = body.encode() if isinstance(body, str) else body or b""
        asked = HttpRequest(
            method=method, url=url, headers=dict(headers or {}), body=data, read_timeout_seconds=timeout or 10.0
        )
        return _Response(send(asked))

    return request
