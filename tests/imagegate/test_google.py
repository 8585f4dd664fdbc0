"""Google's tokens: a service account signs for one at Google's server, over our own transport."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from imagegate.app.ports import AnswerLostError
from imagegate.domain.errors import ProviderCredentialsError, ProviderUnavailableError
from imagegate.domain.wire import HttpRequest, HttpResponse
from imagegate.google import google_token

FEDERATED = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
}
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@cache
def _service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "painter@project.iam.example",
            "private_key": pem,
            "private_key_id": "one",
            "token_uri": "https://oauth2.example/token",
        }
    )


class TokenServer:
    """Answers the same each time and keeps what it was asked."""

    def __init__(self, status: int = 200, body: bytes = b'{"access_token": "t1", "expires_in": 3600}') -> None:
        self.answer = HttpResponse(status=status, headers={"content-type": "application/json"}, body=body)
        self.asked: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return self.answer


def test_a_service_account_gets_a_token_and_its_lifetime() -> None:
    server = TokenServer()

    token, lifetime = google_token(server, _service_account(), SCOPE)

    assert token == "t1"
    assert 3500 < lifetime <= 3600
    (request,) = server.asked
    assert (request.method, request.url) == ("POST", "https://oauth2.example/token")
    assert "assertion" in parse_qs(request.body.decode())
    assert request.read_timeout_seconds > 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"type": "authorized_user"}',
        '{"type": "external_account"}',
        '{"type": "unknown"}',
        '{"type": "service_account"}',
    ],
)
def test_malformed_credentials_are_for_an_operator_to_mend(text: str) -> None:
    with pytest.raises(ProviderCredentialsError, match="imagegate secrets set vertex"):
        google_token(TokenServer(), text, SCOPE)


def test_credentials_that_google_refuses_are_for_an_operator_to_mend() -> None:
    server = TokenServer(400, b'{"error": "invalid_grant"}')

    with pytest.raises(ProviderCredentialsError) as refused:
        google_token(server, _service_account(), SCOPE)

    assert "PRIVATE KEY" not in str(refused.value)


def test_a_server_that_cannot_be_reached_is_told() -> None:
    def cut(request: HttpRequest) -> HttpResponse:
        raise AnswerLostError("ReadTimeoutError")

    with pytest.raises(ProviderUnavailableError):
        google_token(cut, _service_account(), SCOPE)


def test_workload_identity_federation_exchanges_a_token_of_ours(tmp_path: Path) -> None:
    subject = tmp_path / "token"
    subject.write_text("subject", encoding="utf-8")
    server = TokenServer(
        body=json.dumps(
            {
                "access_token": "federated",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 600,
            }
        ).encode()
    )

    token, _ = google_token(server, json.dumps(FEDERATED | {"credential_source": {"file": str(subject)}}), SCOPE)

    assert token == "federated"
    (request,) = server.asked
    assert request.url == FEDERATED["token_url"]
    assert parse_qs(request.body.decode())["subject_token"] == ["subject"]


def test_federation_with_our_own_aws_role_signs_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    source = {
        "environment_id": "aws1",
        "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    }
    federated = FEDERATED | {"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request"}
    server = TokenServer()

    token, _ = google_token(server, json.dumps(federated | {"credential_source": source}), SCOPE)

    assert token == "t1"
    # The role's credentials come from the environment: the metadata address is never asked.
    assert [request.url for request in server.asked] == [FEDERATED["token_url"]]
    assert "us-east-1" in parse_qs(server.asked[0].body.decode())["subject_token"][0]


def test_the_lifetime_counts_from_now() -> None:
    before = datetime.now(UTC)

    _, lifetime = google_token(TokenServer(body=b'{"access_token": "t1", "expires_in": 60}'), _service_account(), SCOPE)

    assert 0 < lifetime <= 60 + (datetime.now(UTC) - before).total_seconds()
