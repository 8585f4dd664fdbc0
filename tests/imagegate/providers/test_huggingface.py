"""Hugging Face: the bodies for an endpoint and for each inference provider, and the shapes in which a picture comes."""

from decimal import Decimal
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.errors import (
    ConfigurationError,
    InvalidRequestError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.origin import may_carry_credentials
from imagegate.domain.provider import Completed, Failed, Pollable, ProviderCall, Submission
from imagegate.domain.request import OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader
from imagegate.providers.huggingface import provider
from tests.fixtures import fixture_bytes
from tests.imagegate.providers.support import a_call, an_answer, body_of, error_of, estimate_of

ENDPOINT = "https://abc123.eu-west-1.aws.endpoints.huggingface.cloud"
PNG = {"content-type": "image/png"}
TOGETHER = {"router_provider": "together"}


def _endpoint(**changes: Any) -> ProviderCall:
    return a_call("huggingface/endpoint", settings={"endpoint_url": ENDPOINT}, **changes)


def _read(body: Any, status: int = 200, headers: dict[str, str] | None = None, **changes: Any) -> Submission:
    return provider.read_submitted(_endpoint(**changes), an_answer(body, status, headers))


def test_it_is_found_by_its_file_name_and_answers_at_once() -> None:
    assert providers.load("huggingface") is provider
    assert not isinstance(provider, Pollable)


def test_an_endpoint_is_asked_exactly_so() -> None:
    request = provider.submit(
        _endpoint(
            size=Size(768, 512),
            negative_prompt="a square",
            steps=20,
            guidance=7.5,
            seed=7,
            output_format=OutputFormat.JPEG,
            options={"scheduler": "EulerDiscreteScheduler"},
        )
    )

    assert (request.method, request.url) == ("POST", f"{ENDPOINT}/")
    assert request.headers == {"accept": "image/jpeg", "content-type": "application/json"}
    assert request.auth == (ApiKeyHeader(prefix="Bearer "),)
    assert request.read_timeout_seconds == 120
    assert body_of(request) == {
        "inputs": "a red circle on a blue square",
        "parameters": {
            "negative_prompt": "a square",
            "width": 768,
            "height": 512,
            "num_inference_steps": 20,
            "guidance_scale": 7.5,
            "seed": 7,
            "scheduler": "EulerDiscreteScheduler",
        },
    }


def test_an_endpoint_may_also_be_the_base_address() -> None:
    call = a_call("huggingface/endpoint", base_url="https://images.example/model")

    assert provider.submit(call).url == "https://images.example/model/"


def test_an_endpoint_without_an_address_tells_the_operator_how_to_set_it() -> None:
    with pytest.raises(ConfigurationError, match="endpoint_url"):
        provider.submit(a_call("huggingface/endpoint"))


def test_the_token_may_go_to_an_endpoint_and_nowhere_else() -> None:
    card = read_file("huggingface")[0]

    assert may_carry_credentials(f"{ENDPOINT}/", str(card.base_url), card.credential_hosts)
    assert not may_carry_credentials("https://huggingface.cloud.example/", str(card.base_url), card.credential_hosts)


def test_the_router_asks_its_own_provider_unless_told_otherwise() -> None:
    request = provider.submit(a_call("huggingface/flux.1-schnell", steps=4))

    assert request.url == "https://router.huggingface.co/hf-inference/models/black-forest-labs/FLUX.1-schnell"
    assert body_of(request) == {
        "inputs": "a red circle on a blue square",
        "parameters": {"width": 1024, "height": 1024, "num_inference_steps": 4},
    }


def test_another_inference_provider_is_asked_in_its_own_words() -> None:
    request = provider.submit(
        a_call(
            "huggingface/stable-diffusion-xl",
            settings={**TOGETHER, "bill_to": "an-organization"},
            negative_prompt="a square",
            steps=20,
            guidance=7.5,
            seed=7,
        )
    )

    assert request.url == "https://router.huggingface.co/together/v1/images/generations"
    assert request.headers["x-hf-bill-to"] == "an-organization"
    assert body_of(request) == {
        "prompt": "a red circle on a blue square",
        "model": "stabilityai/stable-diffusion-xl-base-1.0",
        "response_format": "base64",
        "output_format": "png",
        "width": 1024,
        "height": 1024,
        "negative_prompt": "a square",
        "steps": 20,
        "guidance_scale": 7.5,
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"options": {"scheduler": "DDIM"}}, "provider_options.huggingface.scheduler"),
        ({"output_format": OutputFormat.WEBP}, "output_format"),
    ],
)
def test_what_an_inference_provider_cannot_do_is_refused(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        provider.submit(a_call("huggingface/flux.1-dev", settings=TOGETHER, **changes))

    assert refused.value.param == param


def test_an_unknown_inference_provider_is_the_operators_slip() -> None:
    with pytest.raises(ConfigurationError, match="known are hf-inference, together"):
        provider.submit(a_call("huggingface/flux.1-dev", settings={"router_provider": "nobody"}))


def test_a_wrong_option_is_refused_by_name() -> None:
    with pytest.raises(UnknownParameterError) as refused:
        provider.submit(_endpoint(options={"num_images_per_prompt": 4}))

    assert refused.value.param == "provider_options.huggingface.num_images_per_prompt"


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "IMAGE/WEBP; charset=binary"])
def test_bytes_of_a_picture_are_the_picture(media_type: str) -> None:
    submission = _read(b"\x89PNG", headers={"content-type": media_type}, seed=7)

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"\x89PNG", seed=7),)
    assert submission.usage is None


@pytest.mark.parametrize("body", [b'"b25l"', fixture_bytes("huggingface/together.json")])
def test_base64_in_json_is_a_picture_too(body: bytes) -> None:
    submission = _read(body)

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"one"),)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b'""', b'"not base64!"', b'{"data": []}', b'{"data": [{}]}', b"\xff\xfe"]
)
def test_a_success_without_a_picture_is_a_failure(body: bytes) -> None:
    error = error_of(_read(body))

    assert type(error) is ProviderFailedError
    assert "holds no picture" in str(error)


@pytest.mark.parametrize("headers", [{"content-type": "text/html"}, {"content-type": ""}, {"server": "proxy"}])
def test_another_content_type_is_a_failure(headers: dict[str, str]) -> None:
    assert type(error_of(_read(b"<html>", headers=headers))) is ProviderFailedError


def test_an_empty_picture_is_a_failure() -> None:
    assert type(error_of(_read(b"", headers=PNG))) is ProviderFailedError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (402, ProviderQuotaError),
        (403, ProviderCredentialsError),
        (404, ProviderFailedError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (202, ProviderFailedError),
        (418, ProviderFailedError),
    ],
)
def test_every_status_is_an_error_of_its_kind(status: int, kind: type[Exception]) -> None:
    submission = _read(fixture_bytes("huggingface/invalid.json"), status)

    assert type(error_of(submission)) is kind
    assert isinstance(submission, Failed)
    assert submission.metadata == {"status": status}


def test_an_endpoint_that_is_starting_may_be_asked_again() -> None:
    error = error_of(_read(b"", 503, {"retry-after": "120"}))

    assert isinstance(error, ProviderUnavailableError)
    assert error.retryable
    assert error.retry_after_seconds == 120


def test_out_of_memory_comes_as_400_and_is_not_the_callers_fault() -> None:
    error = error_of(_read(fixture_bytes("huggingface/out_of_memory.json"), 400))

    assert type(error) is ProviderFailedError
    assert "memory" in str(error)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "height and width must be the same"}, "height and width"),
        ({"error": {"message": "no such size"}}, "no such size"),
        ({"error": ["one", "two"]}, "one; two"),
        ({"message": "too many steps"}, "too many steps"),
        ({"detail": "no such field"}, "no such field"),
        ({}, "did not accept"),
        (b"<html>", "did not accept"),
    ],
)
def test_what_the_caller_must_mend_is_told_in_the_words_of_any_shape(body: Any, words: str) -> None:
    assert words in str(error_of(_read(body, 400)))


@pytest.mark.parametrize(("model", "amount"), [("endpoint", "0"), ("flux.1-dev", "0.0024")])
def test_the_estimate_follows_the_price_rows(model: str, amount: str) -> None:
    assert estimate_of(a_call(f"huggingface/{model}", count=2)).money.amount == Decimal(amount)
