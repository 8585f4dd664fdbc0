"""OpenAI-compatible servers: what one is sent, and what vLLM-Omni, SGLang and a proxy before them may answer."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from email.parser import BytesParser
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.errors import (
    InvalidRequestError,
    InvalidSizeError,
    InvalidTypeError,
    InvalidValueError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage, RemoteImage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Refused, Submission
from imagegate.domain.request import Background, OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader
from imagegate.providers.openai_compatible import provider
from tests.fixtures import fixture_bytes
from tests.imagegate.providers.support import a_call, an_answer, body_of, error_of, estimate_of

ROOT = "http://images.internal:8000"
AUTH = (ApiKeyHeader(prefix="Bearer ", required=False),)


def _call(**changes: Any) -> ProviderCall:
    nonce = changes.pop("nonce", "")
    call = a_call("openai_compatible/default", base_url=changes.pop("base_url", ROOT), **changes)
    return replace(call, nonce=nonce)


def _body(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = body_of(provider.submit(_call(**changes)))
    return body


def _read(body: Any, status: int = 200, headers: Mapping[str, str] | None = None, **changes: Any) -> Submission:
    return provider.read_submitted(_call(**changes), an_answer(body, status, headers))


def _read_fixture(name: str, status: int = 200, **changes: Any) -> Submission:
    return _read(fixture_bytes(f"openai_compatible/{name}.json"), status, **changes)


def _completed(submission: Submission) -> Completed:
    assert isinstance(submission, Completed), submission
    return submission


def test_it_is_found_by_its_file_name() -> None:
    assert providers.load("openai_compatible") is provider


def test_a_generation_is_sent_exactly_so() -> None:
    request = provider.submit(
        _call(
            size=Size(1280, 720),
            output_format=OutputFormat.WEBP,
            output_compression=80,
            negative_prompt="a triangle",
            steps=30,
            guidance=4.5,
            seed=7,
            options={"true_cfg_scale": 4.0},
            settings={"model": "Qwen/Qwen-Image"},
        )
    )

    assert request.body == fixture_bytes("openai_compatible/generate.json")
    assert (request.method, request.url) == ("POST", f"{ROOT}/v1/images/generations")
    assert request.headers == {"content-type": "application/json"}
    assert request.auth == AUTH


def test_a_plain_generation_names_no_model_and_asks_for_bytes() -> None:
    assert _body() == {
        "prompt": "a red circle on a blue square",
        "n": 1,
        "size": "1024x1024",
        "response_format": "b64_json",
        "output_format": "png",
    }


def test_a_request_that_was_not_fitted_leaves_the_format_to_the_server() -> None:
    call = _call()

    request = provider.submit(replace(call, request=replace(call.request, output_format=None)))

    assert "output_format" not in body_of(request)


@pytest.mark.parametrize("base_url", [ROOT, f"{ROOT}/v1"])
def test_the_address_may_be_given_with_or_without_the_version(base_url: str) -> None:
    assert provider.submit(_call(base_url=base_url)).url == f"{ROOT}/v1/images/generations"


def test_a_seed_is_drawn_for_each_call_as_sglang_would_always_take_the_same() -> None:
    seeds = [_body(nonce=nonce)["seed"] for nonce in ("gen_1/1", "gen_1/2", "gen_1/1")]

    assert seeds[0] == seeds[2] != seeds[1]
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_the_callers_seed_comes_first() -> None:
    assert _body(seed=0, nonce="gen_1/1")["seed"] == 0


def test_an_edit_is_a_form_with_the_size_of_its_source() -> None:
    request = provider.submit(_call(inputs=2, seed=7, options={"strength": 0.5}))

    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = [part for part in BytesParser().parsebytes(head + request.body).walk() if not part.is_multipart()]
    assert request.url == f"{ROOT}/v1/images/edits"
    assert [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parts
    ] == [
        ("prompt", b"a red circle on a blue square"),
        ("n", b"1"),
        ("response_format", b"b64_json"),
        ("output_format", b"png"),
        ("seed", b"7"),
        ("strength", b"0.5"),
        ("image[]", b"one"),
        ("image[]", b"one"),
    ]


def test_an_edit_may_have_another_size() -> None:
    request = provider.submit(_call(inputs=1, size=Size(512, 768)))

    assert b"512x768" in request.body
    assert b'name="image"; filename="image-0.png"' in request.body


def test_a_strength_without_a_source_is_refused_before_it_is_sent() -> None:
    with pytest.raises(UnsupportedFeatureError, match="no source") as refused:
        _body(options={"strength": 0.5})

    assert refused.value.param == "provider_options.openai_compatible.strength"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"diffusers_kwargs": {}}, UnknownParameterError),
        ({"true_cfg_scale": 21.0}, InvalidValueError),
        ({"true_cfg_scale": "4"}, InvalidTypeError),
        ({"strength": -0.1}, InvalidValueError),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="Known options: strength, true_cfg_scale"):
        _body(options=options)


@pytest.mark.parametrize(
    "changes", [{"mask": True, "inputs": 1}, {"background": Background.TRANSPARENT}, {"strength": 0.5}]
)
def test_what_not_every_such_server_does_is_refused_by_the_card(changes: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError):
        _call(**changes)


@pytest.mark.parametrize("size", [Size(1020, 1024), Size(56, 64), Size(4104, 4096), Size(2056, 512)])
def test_a_size_outside_the_cards_bounds_is_refused(size: Size) -> None:
    with pytest.raises(InvalidSizeError):
        _call(size=size)


def test_an_answer_of_vllm_omni_holds_the_picture_and_its_seed() -> None:
    completed = _completed(_read_fixture("vllm_omni", seed=7))

    assert completed.images == (InlineImage(data=b"one", seed=7),)
    assert completed.model_version == "default"
    assert completed.metadata == {"size": "1024x1024"}
    assert completed.usage is None


def test_an_answer_of_sglang_leaves_the_servers_paths_behind() -> None:
    completed = _completed(_read_fixture("sglang", nonce="gen_1/1", settings={"model": "Qwen/Qwen-Image"}))

    assert completed.images == (InlineImage(data=b"one", seed=_body(nonce="gen_1/1")["seed"]),)
    assert completed.model_version == "Qwen/Qwen-Image"
    assert completed.metadata == {"id": "5e1f", "inference_time_s": 4.25}


@pytest.mark.parametrize("url", ["/v1/images/5e1f/content", f"{ROOT}/v1/images/5e1f/content"])
def test_an_address_on_the_server_itself_is_private_and_may_need_the_key(url: str) -> None:
    completed = _completed(_read({"data": [{"url": url}]}, seed=7, base_url=f"{ROOT}/v1"))

    assert completed.images == (RemoteImage(url=f"{ROOT}/v1/images/5e1f/content", seed=7, is_private=True, auth=AUTH),)


@pytest.mark.parametrize(
    "url",
    ["https://bucket.example/1.png", "http://images.internal/1.png", "//evil.example/1.png", "file:///etc/passwd"],
)
def test_an_address_elsewhere_is_not_trusted(url: str) -> None:
    image = _completed(_read({"data": [{"url": url}]})).images[0]

    assert isinstance(image, RemoteImage)
    assert not image.is_private
    assert image.auth == ()


def test_fewer_pictures_than_asked_for_are_a_partial_success() -> None:
    body = {"data": [{"b64_json": "b25l"}, {"b64_json": None, "url": None}]}

    assert _completed(_read(body, count=2)).images == (InlineImage(data=b"one"),)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": [{"url": ""}]}])
def test_a_success_without_an_image_is_a_failure(body: Any) -> None:
    error = error_of(_read(body))

    assert type(error) is ProviderFailedError
    assert "without an image" in str(error)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\x89PNG", b'{"data": [{"b64_json": "not base64!"}]}'])
def test_an_answer_that_is_not_the_expected_json_is_a_failure(body: bytes) -> None:
    error = error_of(_read(body, headers={"content-type": "image/png"}))

    assert type(error) is ProviderFailedError
    assert "could not be read" in str(error)


@pytest.mark.parametrize("code", ["moderation_blocked", "content_policy_violation", "content_filter"])
def test_a_refusal_of_a_proxy_is_an_outcome(code: str) -> None:
    refused = _read({"error": {"code": code, "message": "no"}}, 400)

    assert isinstance(refused, Refused)
    assert refused.codes == ("other",)
    assert refused.metadata["code"] == code


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("wrong_model", 400, "server is running 'Qwen/Qwen-Image'."),
        ("unprocessable", 422, "Input should be less than or equal to 10; Field required"),
    ],
)
def test_a_wrong_request_is_the_callers_with_the_servers_own_words(name: str, status: int, words: str) -> None:
    error = error_of(_read_fixture(name, status))

    assert type(error) is InvalidRequestError
    assert error.message.endswith(words)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "too large"}},
        {"error": "too large"},
        {"detail": "too large"},
        {"detail": [{"msg": "too large"}, {"type": "missing"}]},
        {"object": "error", "message": "too large", "type": "BadRequestError", "code": 400},
    ],
)
def test_every_shape_of_an_error_is_read(body: Any) -> None:
    assert str(error_of(_read(body, 400))).endswith("The image server says: too large")


def test_a_failure_inside_the_server_keeps_its_words_to_itself() -> None:
    failed = _read_fixture("engine_dead", 500)

    assert isinstance(failed, Failed)
    assert "EngineCore" not in failed.error.message
    assert failed.metadata == {"status": 500, "code": 500, "type": "InternalServerError"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (403, ProviderCredentialsError),
        (404, ProviderFailedError),
        (405, ProviderFailedError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (502, ProviderUnavailableError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (302, ProviderFailedError),
        (418, ProviderFailedError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"Bad gateway", b'{"error": null}', b'{"detail": {"odd": 1}}'])
def test_every_status_is_an_error_of_its_kind(status: int, kind: type[Exception], body: bytes) -> None:
    failed = _read(body, status)

    assert isinstance(failed, Failed)
    assert type(failed.error) is kind
    assert failed.metadata["status"] == status


@pytest.mark.parametrize(("headers", "seconds"), [({"retry-after": "9"}, 9), ({"x": "y"}, None)])
def test_a_throttle_may_be_repeated_after_the_time_it_names(headers: dict[str, str], seconds: int | None) -> None:
    error = error_of(_read(b"", 429, headers))

    assert type(error) is ProviderThrottledError
    assert error.retry_after_seconds == seconds


def test_a_picture_costs_nothing_but_the_operators_own_hardware() -> None:
    cost = estimate_of(_call(count=1, inputs=1))

    assert cost.money.amount == Decimal(0)
    assert cost.source == "the operator's own hardware"


def test_the_server_works_with_and_without_a_key() -> None:
    card = read_file("openai_compatible")[0]

    assert card.secret_fields == (("api_key",), ())
    assert card.base_url is None
    assert card.optional_setting_fields == ("model",)
