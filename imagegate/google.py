"""Google tokens for a service account or workload identity federation, by google-auth over our own transport."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from imagegate.app.ports import TransportError
from imagegate.domain.errors import ProviderCredentialsError
from imagegate.domain.wire import HttpRequest, HttpResponse

Send = Callable[[HttpRequest], HttpResponse]


def google_token(send: Send, credentials_json: str, scope: str) -> tuple[str, float]:
    """Return a bearer token and its lifetime in seconds.

    Raises:
        ProviderCredentialsError: the credentials are malformed or Google refuses them.
    """
    # Only a call to Google needs the library, so nobody else pays for its import.
    from google.auth import exceptions, load_credentials_from_dict  # noqa: PLC0415

    try:
        load: Callable[..., tuple[Any, object]] = load_credentials_from_dict
        credentials, _ = load(json.loads(credentials_json), scopes=[scope])
        credentials.refresh(_request(send))
    except (ValueError, TransportError, exceptions.GoogleAuthError) as error:
        message = "Google refused the credentials. An operator must run `imagegate secrets set vertex` again."
        raise ProviderCredentialsError(message) from error
    expiry = credentials.expiry or datetime.now(UTC).replace(tzinfo=None)
    lifetime = (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    return str(credentials.token), max(lifetime, 0.0)


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
