"""The embedded provider: what it sends, byte for byte, and everything that Lambda may answer."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from imagegate import providers
from imagegate.domain.errors import ProviderFailedError, ProviderTimeoutError, UnknownParameterError
from imagegate.domain.errors import ProviderUnavailableError as Unavailable
from imagegate.domain.image import InlineImage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Submission
from imagegate.domain.request import OutputFormat, Quality, Size
from imagegate.domain.warning import WarningType
from imagegate.domain.wire import HttpResponse, SigV4
from imagegate.providers.embedded import provider
from tests.builders import a_card, a_request
from tests.fixtures import fixture_bytes, fixture_json

URL = "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/embedded/invocations"


def _call(**changes: Any) -> ProviderCall:
    return ProviderCall(request=a_request(**changes), card=a_card(provider="embedded"), base_url=URL)


def _payload(**changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(provider.submit(_call(**changes)).body)
    return payload


def _read(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Submission:
    return provider.read_submitted(_call(), HttpResponse(status=status, headers=headers or {}, body=body))


def _read_changed(**changes: Any) -> Submission:
    return _read(json.dumps(fixture_json("embedded/succeeded.json") | changes).encode())


def _unreadable(submission: Submission) -> bool:
    return isinstance(submission, Failed) and "could not be read" in submission.error.message


def test_it_is_found_by_its_file_name() -> None:
    assert providers.load("embedded") is provider


def test_the_request_is_sent_exactly_so() -> None:
    call = _call(
        prompt="a red circle",
        negative_prompt="a square",
        size=Size(512, 256),
        count=2,
        seed=7,
        quality=Quality.HIGH,
        output_format=OutputFormat.JPEG,
        output_compression=80,
        guidance=2.5,
    )

    request = provider.submit(call)

    assert request.body == fixture_bytes("embedded/request.json")
    assert (request.method, request.url) == ("POST", URL)
    assert request.headers == {"content-type": "application/json"}


def test_it_is_signed_for_lambda_and_waits_a_little_longer_than_the_function_runs() -> None:
    request = provider.submit(_call())

    assert request.auth == (SigV4(service="lambda"),)
    assert request.read_timeout_seconds == 28.5


def test_without_a_size_the_cards_default_is_asked_for() -> None:
    payload = _payload(size=None)

    assert (payload["width"], payload["height"]) == (1024, 1024)


@pytest.mark.parametrize(
    ("quality", "steps"), [(Quality.AUTO, None), (Quality.LOW, 8), (Quality.MEDIUM, 12), (Quality.HIGH, 24)]
)
def test_quality_buys_steps(quality: Quality, steps: int | None) -> None:
    assert _payload(quality=quality)["steps"] == steps


def test_a_number_of_steps_wins_over_quality() -> None:
    payload = _payload(quality=Quality.LOW, steps=50, guidance=0.0)

    assert (payload["steps"], payload["guidance"]) == (50, 0)


def test_without_a_format_a_png_is_asked_for() -> None:
    assert _payload(output_format=None)["output_format"] == "png"


def test_options_of_other_providers_are_not_read() -> None:
    assert _payload(provider_options={"painter": {"steps": 3}})["steps"] is None


def test_it_has_no_options_of_its_own() -> None:
    with pytest.raises(UnknownParameterError, match="Known options: none") as refused:
        provider.submit(_call(provider_options={"embedded": {"brush": "wide"}}))

    assert refused.value.param == "provider_options.embedded.brush"


def test_a_success_holds_pictures_seeds_and_what_the_function_said() -> None:
    submission = _read(fixture_bytes("embedded/succeeded.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"one", seed=7), InlineImage(data=b"two", seed=8))
    assert submission.model_version == "embedded-1.0"
    assert submission.metadata == {"seconds": 0.2137, "unknown_words": ["dog", "wearing"]}
    assert submission.usage is None


def test_words_that_the_model_does_not_know_are_told_in_a_warning() -> None:
    submission = _read(fixture_bytes("embedded/succeeded.json"))

    assert isinstance(submission, Completed)
    assert [(one.type, one.param) for one in submission.warnings] == [(WarningType.OTHER, "prompt")]
    assert "dog, wearing" in submission.warnings[0].message


def test_a_prompt_full_of_unknown_words_gives_a_warning_of_bounded_length() -> None:
    submission = _read_changed(unknown_words=[f"word{index}" for index in range(500)])

    assert isinstance(submission, Completed)
    assert "word19" in submission.warnings[0].message
    assert "word20" not in submission.warnings[0].message


def test_a_prompt_of_known_words_gives_no_warning() -> None:
    submission = _read_changed(unknown_words=[])

    assert isinstance(submission, Completed)
    assert submission.warnings == ()


def test_fields_that_a_later_function_adds_are_ignored() -> None:
    assert isinstance(_read_changed(temperature=0.3), Completed)


def test_a_success_without_images_is_handed_on_as_such() -> None:
    submission = _read_changed(images=[])

    assert isinstance(submission, Completed)
    assert submission.images == ()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, ProviderFailedError),
        (404, ProviderFailedError),
        (429, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, ProviderTimeoutError),
        (418, ProviderFailedError),
        (202, ProviderFailedError),
    ],
)
def test_every_status_is_an_error_of_its_kind(status: int, kind: type[Exception]) -> None:
    submission = _read(b'{"Message": "account 123456789012 is throttled"}', status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status}
    assert "123456789012" not in submission.error.message


def test_a_status_that_we_do_not_know_is_named() -> None:
    submission = _read(b"", 418)

    assert isinstance(submission, Failed)
    assert "418" in submission.error.message


def test_a_crash_inside_the_function_is_a_failure_though_lambda_answers_200() -> None:
    submission = _read(fixture_bytes("embedded/crashed.json"), headers={"x-amz-function-error": "Unhandled"})

    assert isinstance(submission, Failed)
    assert isinstance(submission.error, ProviderFailedError)
    assert "crashed" in submission.error.message


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff\xfe"])
def test_broken_json_is_a_failure(body: bytes) -> None:
    assert _unreadable(_read(body))


def test_a_request_that_the_function_itself_refuses_is_a_failure() -> None:
    assert _unreadable(_read(fixture_bytes("embedded/failed.json")))


@pytest.mark.parametrize("text", ["not base64!", "b25", "b\u00e9"])
def test_a_picture_that_is_not_base64_is_a_failure(text: str) -> None:
    assert _unreadable(_read_changed(images=[{"b64_json": text, "seed": 1}]))


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "queued"},
        {"images": None},
        {"images": {}},
        {"images": [{"seed": 1}]},
        {"images": [{"b64_json": "b25l", "seed": "one"}]},
        {"model_version": 1},
        {"unknown_words": "dog"},
    ],
)
def test_an_answer_of_another_shape_is_a_failure(changes: dict[str, Any]) -> None:
    assert _unreadable(_read_changed(**changes))
