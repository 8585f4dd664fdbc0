"""Credentials: put a provider's secret into a request, in the first of the ways it names that the secret allows."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Protocol, assert_never
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from imagegate.app.ports import TransportError
from imagegate.domain.errors import ConfigurationError, ProviderCredentialsError, ProviderUnavailableError
from imagegate.domain.wire import (
    ApiKeyHeader,
    Auth,
    ClientCredentials,
    GoogleToken,
    HttpBasic,
    HttpRequest,
    HttpResponse,
    SigV4,
)

# A token is not used in its last minute, so that it cannot end on the way.
_MARGIN_SECONDS = 60.0
_GOOGLE_FIELD = "credentials_json"

Fields = Mapping[str, str]
Send = Callable[[HttpRequest], HttpResponse]
Sign = Callable[[HttpRequest, SigV4], Mapping[str, str]]


class _TokenAnswer(BaseModel):
    access_token: str
    expires_in: float = 300.0


class Secrets(Protocol):
    """Where secrets are read."""

    def read(self, provider_id: str) -> Fields:
        """Return the fields of a provider's secret; none where there is no secret."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Turns `HttpRequest.auth` into headers; tokens are kept until shortly before they end."""

    secrets: Secrets
    sign: Sign
    send: Send
    google_token: Callable[[str, str], tuple[str, float]]
    now: Callable[[], float] = time.time
    _tokens: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)

    def __call__(self, request: HttpRequest, provider_id: str) -> Mapping[str, str]:
        """Return the headers to send.

        Raises:
            ConfigurationError: the secret has the fields for none of the ways.
        """
        for auth in request.auth:
            if isinstance(auth, SigV4):
                return self.sign(request, auth)
            fields = self.secrets.read(provider_id)
            if _fits(auth, fields):
                return {**request.headers, **self._headers(auth, fields, provider_id)}
        message = f"There are no credentials for {provider_id}. Run `imagegate secrets set {provider_id}`."
        raise ConfigurationError(message)

    def _headers(self, auth: Auth, fields: Fields, provider_id: str) -> Mapping[str, str]:
        match auth:
            case ApiKeyHeader():
                return {auth.header: auth.prefix + fields[auth.field]} if auth.field in fields else {}
            case HttpBasic():
                if "username" not in fields:
                    return {}
                pair = f"{fields['username']}:{fields.get('password', '')}".encode()
                return {"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
            case ClientCredentials():
                token = self._token(provider_id, auth.scope, lambda: self._exchange(auth, fields))
                extra = {auth.id_header: fields["client_id"]} if auth.id_header else {}
                return {"authorization": f"Bearer {token}", **extra}
            case GoogleToken():
                token = self._token(
                    provider_id, auth.scope, lambda: self.google_token(fields[_GOOGLE_FIELD], auth.scope)
                )
                return {"authorization": f"Bearer {token}"}
            case SigV4():
                raise AssertionError  # signed before: it needs no secret
            case _:
                assert_never(auth)

    def _token(self, provider_id: str, scope: str, fetch: Callable[[], tuple[str, float]]) -> str:
        expires_at, token = self._tokens.get((provider_id, scope), (0.0, ""))
        if expires_at - _MARGIN_SECONDS <= self.now():
            token, lifetime = fetch()
            self._tokens[provider_id, scope] = (self.now() + lifetime, token)
        return token

    def _exchange(self, auth: ClientCredentials, fields: Fields) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": fields["client_id"],
            "client_secret": fields["client_secret"],
            "scope": auth.scope,
        }
        request = HttpRequest(
            method="POST",
            url=auth.token_url.format_map(fields),
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            read_timeout_seconds=10.0,
        )
        try:
            response = self.send(request)
        except TransportError as error:
            raise ProviderUnavailableError("The provider's token server could not be reached.") from error
        if response.status == 429 or response.status >= 500:
            raise ProviderUnavailableError("The provider's token server is not available. Repeat the request later.")
        if response.status != 200:
            message = "The provider's token server refused the client id or secret. An operator must set them again."
            raise ProviderCredentialsError(message)
        try:
            answer = _TokenAnswer.model_validate_json(response.body)
        except ValidationError as error:
            message = "The provider's token server gave no token. Repeat the request later."
            raise ProviderUnavailableError(message) from error
        return answer.access_token, answer.expires_in


def _fits(auth: Auth, fields: Fields) -> bool:
    match auth:
        case ApiKeyHeader():
            return not auth.required or auth.field in fields
        case ClientCredentials():
            named = {name for _, name, _, _ in Formatter().parse(auth.token_url) if name}
            return {"client_id", "client_secret", *named} <= fields.keys()
        case GoogleToken():
            return _GOOGLE_FIELD in fields
        case HttpBasic() | SigV4():
            return True
        case _:
            assert_never(auth)
