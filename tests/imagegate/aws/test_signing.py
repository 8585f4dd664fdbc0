"""Signing requests to functions of our own."""

from collections.abc import Mapping

import pytest

from imagegate.aws import clients
from imagegate.aws.signing import AwsSigner
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.wire import HttpRequest, SigV4

LAMBDA = SigV4(service="lambda")
REQUEST = HttpRequest(
    method="POST",
    url="https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/embedded/invocations",
    headers={"content-type": "application/json"},
    body=b"{}",
)


def _signer(region_name: str | None = "eu-central-1", token: str | None = None) -> AwsSigner:
    session = clients.session()
    session.set_credentials("one", "two", token)
    session.set_config_variable("region", region_name)
    return AwsSigner(session=session)


def _authorization(headers: Mapping[str, str]) -> str:
    return next(value for name, value in headers.items() if name.lower() == "authorization")


def test_a_signed_request_keeps_its_headers_and_gains_a_signature() -> None:
    headers = _signer()(REQUEST, LAMBDA)

    assert headers["content-type"] == "application/json"
    assert "X-Amz-Date" in headers
    authorization = _authorization(headers)
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=one/")
    assert "/eu-central-1/lambda/aws4_request" in authorization
    assert "SignedHeaders=content-type;host;x-amz-date" in authorization


def test_a_service_in_another_region_is_signed_for_there() -> None:
    headers = _signer()(REQUEST, SigV4(service="bedrock", region="us-west-2"))

    assert "/us-west-2/bedrock/aws4_request" in _authorization(headers)


def test_the_session_token_of_a_role_is_sent_and_signed() -> None:
    headers = _signer(token="three")(REQUEST, LAMBDA)

    assert headers["X-Amz-Security-Token"] == "three"
    assert "x-amz-security-token" in _authorization(headers)


def test_another_body_has_another_signature() -> None:
    signer = _signer()
    other = HttpRequest(method="POST", url=REQUEST.url, headers=REQUEST.headers, body=b"{ }")

    assert _authorization(signer(REQUEST, LAMBDA)) != _authorization(signer(other, LAMBDA))


def test_without_a_region_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    with pytest.raises(ConfigurationError, match="AWS_DEFAULT_REGION"):
        _signer(region_name=None)(REQUEST, LAMBDA)


def test_without_credentials_the_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(ConfigurationError, match="AWS_ACCESS_KEY_ID"):
        AwsSigner(session=clients.session())(REQUEST, LAMBDA)


def test_a_function_is_invoked_where_aws_has_it_or_at_the_emulator() -> None:
    on_aws = _signer()
    on_emulator = AwsSigner(session=on_aws.session, endpoint_url="http://127.0.0.1:4566/")

    path = "/2015-03-31/functions/embedded/invocations"
    assert on_aws.lambda_invoke_url("embedded") == f"https://lambda.eu-central-1.amazonaws.com{path}"
    assert on_emulator.lambda_invoke_url("embedded") == f"http://127.0.0.1:4566{path}"
