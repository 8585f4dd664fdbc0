"""Credentials: each way to authenticate, the first that the secret allows, and tokens that are kept until they end."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest

from imagegate.app.ports import NotSentError
from imagegate.credentials import Credentials
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

CLIENT = {"client_id": "me", "client_secret": "s3cret", "tenant": "t1"}
ENTRA = ClientCredentials(token_url="https://login.example/{tenant}/token", scope="images")


@dataclass
class World:
    """Secrets, a clock and a token server in memory."""

    secrets: dict[str, Mapping[str, str]] = field(default_factory=dict)
    seconds: float = 1000.0
    answers: list[HttpResponse | Exception] = field(default_factory=list)
    sent: list[HttpRequest] = field(default_factory=list)
    google: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.credentials = Credentials(
            secrets=self,
            sign=lambda request, auth: {**request.headers, "authorization": f"signed for {auth.service}"},
            send=self._send,
            google_token=self._google,
            now=lambda: self.seconds,
        )

    def read(self, provider_id: str) -> Mapping[str, str]:
        return self.secrets.get(provider_id, {})

    def headers(self, *auth: Auth, provider: str = "painter") -> Mapping[str, str]:
        request = HttpRequest(method="POST", url="https://painter.example", headers={"accept": "*/*"}, auth=auth)
        return self.credentials(request, provider)

    def _send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        answer = self.answers.pop(0) if self.answers else a_token(f"token-{len(self.sent)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _google(self, credentials_json: str, scope: str) -> tuple[str, float]:
        self.google.append((credentials_json, scope))
        return f"google-{len(self.google)}", 3600.0


def a_token(token: str, expires_in: Any = 3600, status: int = 200) -> HttpResponse:
    return HttpResponse(
        status=status, headers={}, body=json.dumps({"access_token": token, "expires_in": expires_in}).encode()
    )


def test_an_api_key_travels_in_its_header_beside_the_requests_own() -> None:
    world = World({"painter": {"api_key": "k1", "other": "k2"}})

    assert world.headers(ApiKeyHeader(prefix="Bearer ")) == {"accept": "*/*", "authorization": "Bearer k1"}
    assert world.headers(ApiKeyHeader(header="x-key", field="other"))["x-key"] == "k2"


def test_each_provider_has_its_own_secret() -> None:
    world = World({"painter": {"api_key": "k1"}, "sketcher": {"api_key": "k2"}})

    assert world.headers(ApiKeyHeader(), provider="sketcher")["authorization"] == "k2"


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        (ApiKeyHeader(), {}),
        (ApiKeyHeader(), {"key": "k"}),
        (ENTRA, {"client_id": "me"}),
        (ENTRA, {"client_id": "me", "client_secret": "s3cret"}),
        (GoogleToken(scope="images"), {"api_key": "k"}),
    ],
)
def test_a_secret_that_is_missing_or_unfit_names_the_command(auth: Auth, secret: Mapping[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="Run `imagegate secrets set painter`"):
        World({"painter": secret}).headers(auth)


def test_an_optional_key_is_left_out_where_there_is_none() -> None:
    optional = ApiKeyHeader(required=False)

    assert World().headers(optional) == {"accept": "*/*"}
    assert World({"painter": {"api_key": "k1"}}).headers(optional)["authorization"] == "k1"


def test_a_user_name_and_password_are_sent_as_http_basic() -> None:
    world = World({"painter": {"username": "ann", "password": "p:w"}, "open": {}, "half": {"username": "ann"}})

    assert base64.b64decode(world.headers(HttpBasic())["authorization"].removeprefix("Basic ")) == b"ann:p:w"
    assert world.headers(HttpBasic(), provider="open") == {"accept": "*/*"}
    half = world.headers(HttpBasic(), provider="half")["authorization"]
    assert base64.b64decode(half.removeprefix("Basic ")) == b"ann:"


def test_our_own_role_signs_without_a_secret() -> None:
    assert World().headers(SigV4(service="bedrock"))["authorization"] == "signed for bedrock"


def test_of_several_ways_the_first_that_the_secret_allows_is_used() -> None:
    key, google = ApiKeyHeader(header="api-key"), GoogleToken(scope="images")

    assert World({"painter": CLIENT}).headers(key, ENTRA)["authorization"] == "Bearer token-1"
    assert World({"painter": CLIENT | {"api_key": "k"}}).headers(key, ENTRA)["api-key"] == "k"
    assert World({"painter": CLIENT | {"api_key": "k"}}).headers(ENTRA, key)["authorization"] == "Bearer token-1"
    assert World({"painter": {"api_key": "k"}}).headers(google, key)["api-key"] == "k"
    assert World().headers(key, SigV4(service="s3"))["authorization"] == "signed for s3"


def test_a_client_id_and_secret_are_exchanged_for_a_token() -> None:
    world = World({"painter": CLIENT})

    headers = world.headers(ClientCredentials(token_url=ENTRA.token_url, scope="images", id_header="x-api-key"))

    assert headers == {"accept": "*/*", "authorization": "Bearer token-1", "x-api-key": "me"}
    (request,) = world.sent
    assert (request.method, request.url) == ("POST", "https://login.example/t1/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.auth == ()
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": ["s3cret"],
        "scope": ["images"],
    }


@pytest.mark.parametrize(
    ("auth", "secret", "count"),
    [
        (ENTRA, CLIENT, lambda world: len(world.sent)),
        (GoogleToken(scope="images"), {"credentials_json": "{}"}, lambda world: len(world.google)),
    ],
)
def test_a_token_is_kept_until_shortly_before_its_end(
    auth: Auth, secret: Mapping[str, str], count: Callable[[World], int]
) -> None:
    world = World({"painter": secret})
    first = world.headers(auth)["authorization"]

    world.seconds += 3539
    assert world.headers(auth)["authorization"] == first
    world.seconds += 1
    second = world.headers(auth)["authorization"]

    assert second != first
    assert count(world) == 2


def test_tokens_of_other_scopes_and_providers_are_kept_apart() -> None:
    world = World({"painter": CLIENT, "sketcher": CLIENT})
    other = ClientCredentials(token_url=ENTRA.token_url, scope="other")

    told = {
        world.headers(ENTRA)["authorization"],
        world.headers(other)["authorization"],
        world.headers(ENTRA, provider="sketcher")["authorization"],
        world.headers(ENTRA)["authorization"],
    }

    assert len(told) == 3


def test_a_token_without_a_lifetime_is_kept_for_a_few_minutes() -> None:
    world = World({"painter": CLIENT}, answers=[HttpResponse(status=200, headers={}, body=b'{"access_token": "t"}')])
    world.headers(ENTRA)

    world.seconds += 239
    assert world.headers(ENTRA)["authorization"] == "Bearer t"
    world.seconds += 1
    assert world.headers(ENTRA)["authorization"] == "Bearer token-2"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_token_server_that_refuses_is_for_an_operator_to_mend(status: int) -> None:
    world = World({"painter": CLIENT}, answers=[a_token("no", status=status)])

    with pytest.raises(ProviderCredentialsError) as refused:
        world.headers(ENTRA)

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        a_token("no", status=429),
        a_token("no", status=503),
        HttpResponse(status=200, headers={}, body=b"<html>"),
        HttpResponse(status=200, headers={}, body=b"{}"),
        HttpResponse(status=200, headers={}, body=b"[]"),
        a_token("t", expires_in="soon"),
        NotSentError("NewConnectionError"),
    ],
)
def test_a_token_server_that_is_down_is_no_fault_of_the_credentials(answer: HttpResponse | Exception) -> None:
    with pytest.raises(ProviderUnavailableError):
        World({"painter": CLIENT}, answers=[answer]).headers(ENTRA)


def test_a_failure_is_not_kept() -> None:
    world = World({"painter": CLIENT}, answers=[a_token("no", status=503)])
    with pytest.raises(ProviderUnavailableError):
        world.headers(ENTRA)

    assert world.headers(ENTRA)["authorization"] == "Bearer token-2"


def test_the_google_credentials_are_handed_on_with_the_scope() -> None:
    world = World({"vertex": {"credentials_json": '{"type": "service_account"}'}})

    assert world.headers(GoogleToken(scope="images"), provider="vertex")["authorization"] == "Bearer google-1"
    assert world.google == [('{"type": "service_account"}', "images")]
