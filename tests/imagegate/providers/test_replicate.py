"""Replicate: each model's input as it is sent, and everything that a prediction may come to."""

from decimal import Decimal
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    InvalidRequestError,
    InvalidTypeError,
    InvalidValueError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import Cancelable, Completed, Failed, Pending, Pollable, Refused, Submission
from imagegate.domain.request import OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader
from imagegate.providers.replicate import provider
from imagegate.replicate_models import INPUTS
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import PICTURE, a_call, an_answer, body_of, cost_of_usage, error_of, estimate_of

URL = "https://api.replicate.com/v1/predictions"
REF = {
    "id": "gm3qorzdhgbfurvjtvhg6dckhu",
    "get": f"{URL}/gm3qorzdhgbfurvjtvhg6dckhu",
    "cancel": f"{URL}/gm3qorzdhgbfurvjtvhg6dckhu/cancel",
}
AUTH = (ApiKeyHeader(prefix="Bearer "),)


def _input(model: str = "flux-schnell", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = body_of(provider.submit(a_call(f"replicate/{model}", **changes)))["input"]
    return values


def _read(body: Any, status: int = 200, model: str = "flux-schnell", **changes: Any) -> Submission:
    return provider.read_polled(a_call(f"replicate/{model}", **changes), REF, an_answer(body, status))


def _prediction(**changes: Any) -> Any:
    return fixture_json("replicate/succeeded.json") | changes


def test_it_is_found_by_its_file_name_and_can_be_polled_and_canceled() -> None:
    assert providers.load("replicate") is provider
    assert isinstance(provider, Pollable)
    assert isinstance(provider, Cancelable)


def test_every_model_of_the_catalog_has_a_row_of_input_names() -> None:
    assert set(INPUTS) == {card.name for card in read_file("replicate")[1]}


def test_a_prediction_is_created_by_the_name_of_an_official_model() -> None:
    request = provider.submit(
        a_call(
            "replicate/flux-schnell",
            aspect_ratio="16:9",
            count=2,
            seed=7,
            steps=3,
            output_format=OutputFormat.JPEG,
            output_compression=80,
        )
    )

    assert (request.method, request.url, request.auth) == ("POST", URL, AUTH)
    assert request.headers == {"content-type": "application/json"}
    assert body_of(request) == {
        "version": "black-forest-labs/flux-schnell",
        "input": {
            "prompt": "a red circle on a blue square",
            "seed": 7,
            "output_quality": 80,
            "go_fast": False,
            "num_outputs": 2,
            "num_inference_steps": 3,
            "output_format": "jpg",
            "aspect_ratio": "16:9",
        },
    }


def test_a_community_model_is_pinned_by_its_version_id() -> None:
    request = provider.submit(
        a_call(
            "replicate/sdxl",
            size=Size(1024, 768),
            negative_prompt="a square",
            guidance=7.5,
            steps=30,
        )
    )

    assert body_of(request) == {
        "version": "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc",
        "input": {
            "prompt": "a red circle on a blue square",
            "num_outputs": 1,
            "num_inference_steps": 30,
            "guidance_scale": 7.5,
            "negative_prompt": "a square",
            "width": 1024,
            "height": 768,
        },
    }


@pytest.mark.parametrize(
    ("model", "changes", "sent"),
    [
        ("flux-2-pro", {"size": Size(1024, 768)}, {"aspect_ratio": "custom", "width": 1024, "height": 768}),
        ("flux-2-dev", {}, {"aspect_ratio": "custom", "width": 1024, "height": 1024}),
        ("flux-1.1-pro", {"aspect_ratio": "1:1"}, {"aspect_ratio": "custom", "width": 1024, "height": 1024}),
        ("flux-dev", {"size": Size(768, 1344)}, {"aspect_ratio": "9:16"}),
        ("ideogram-v3-quality", {"aspect_ratio": "16:9"}, {"resolution": "1312x736"}),
        ("sdxl", {}, {"width": 1024, "height": 1024}),
    ],
)
def test_each_model_is_told_the_size_in_its_own_words(
    model: str, changes: dict[str, Any], sent: dict[str, Any]
) -> None:
    values = _input(model, **changes)

    names = ("aspect_ratio", "resolution", "width", "height")
    assert {name: values[name] for name in names if name in values} == sent


@pytest.mark.parametrize(
    ("model", "inputs", "sent"),
    [
        (
            "flux-2-pro",
            2,
            {
                "input_images": [PICTURE.url, PICTURE.url],
                "aspect_ratio": "match_input_image",
                "resolution": "match_input_image",
            },
        ),
        ("flux-2-dev", 1, {"input_images": [PICTURE.url], "aspect_ratio": "match_input_image"}),
        ("flux-kontext-pro", 1, {"input_image": PICTURE.url, "aspect_ratio": "match_input_image"}),
        ("flux-dev", 1, {"image": PICTURE.url, "num_outputs": 1}),
    ],
)
def test_an_edit_sends_the_addresses_of_the_input_images(model: str, inputs: int, sent: dict[str, Any]) -> None:
    expected = {"prompt": "a red circle on a blue square", "output_format": "png", **sent}

    assert _input(model, inputs=inputs) == expected


def test_an_edit_may_ask_for_another_size_where_the_model_can() -> None:
    assert _input("flux-kontext-pro", inputs=1, aspect_ratio="2:3")["aspect_ratio"] == "2:3"


def test_an_edit_cannot_ask_for_another_size_where_the_model_keeps_that_of_the_input() -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        _input("sdxl", inputs=1, size=Size(1024, 768))

    assert refused.value.param == "size"


def test_strength_is_the_models_own_word() -> None:
    assert _input("sdxl", inputs=1, strength=0.6)["prompt_strength"] == 0.6


def test_a_mask_is_sent_by_its_address_white_where_the_picture_changes() -> None:
    assert _input("sdxl", inputs=1, mask=True)["mask"] == PICTURE.url


def test_a_seed_turns_the_fast_mode_off_which_would_not_honor_it() -> None:
    assert "go_fast" not in _input("flux-dev")
    assert _input("flux-dev", seed=7)["go_fast"] is False
    assert _input("flux-dev", seed=7, options={"go_fast": True})["go_fast"] is True


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("flux-2-pro", {"safety_tolerance": 1}),
        ("flux-1.1-pro", {"prompt_upsampling": True}),
        ("flux-schnell", {"go_fast": False}),
        ("ideogram-v3-quality", {"magic_prompt_option": "Off", "style_type": "Design"}),
    ],
)
def test_each_option_is_sent_under_its_own_name(model: str, options: dict[str, Any]) -> None:
    assert options.items() <= _input(model, options=options).items()


@pytest.mark.parametrize(
    ("options", "kind", "param"),
    [
        ({"disable_safety_checker": True}, UnknownParameterError, "disable_safety_checker"),
        ({"go_fast": "yes"}, InvalidTypeError, "go_fast"),
        ({"safety_tolerance": 6}, InvalidValueError, "safety_tolerance"),
        ({"safety_tolerance": 1}, UnsupportedFeatureError, "safety_tolerance"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], kind: type[Exception], param: str) -> None:
    with pytest.raises(kind) as refused:
        _input("flux-schnell", options=options)

    assert getattr(refused.value, "param", None) == f"provider_options.replicate.{param}"


def test_a_seed_beyond_the_models_range_is_refused() -> None:
    assert _input("ideogram-v3-quality", seed=2**31 - 1)["seed"] == 2**31 - 1

    with pytest.raises(InvalidValueError) as refused:
        _input("ideogram-v3-quality", seed=2**31)

    assert refused.value.param == "seed"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_new_prediction_is_polled_where_replicate_says(status: int) -> None:
    submission = provider.read_submitted(
        a_call("replicate/flux-schnell"), an_answer(fixture_bytes("replicate/started.json"), status)
    )

    assert isinstance(submission, Pending)
    assert submission.ref == REF
    assert provider.poll(a_call("replicate/flux-schnell"), submission.ref).url == REF["get"]


def test_a_prediction_without_addresses_is_polled_by_its_id() -> None:
    submission = _read(fixture_json("replicate/started.json") | {"urls": None})

    assert isinstance(submission, Pending)
    assert submission.ref == REF


@pytest.mark.parametrize("status", ["starting", "processing", "dreaming"])
def test_what_is_not_over_is_pending_even_if_we_do_not_know_the_word(status: str) -> None:
    submission = _read(_prediction(status=status, output=None))

    assert isinstance(submission, Pending)
    assert submission.metadata["status"] == status


def test_polling_and_canceling_carry_the_token_and_nothing_else() -> None:
    call = a_call("replicate/flux-schnell")
    poll, cancel = provider.poll(call, REF), provider.cancel(call, REF)

    assert (poll.method, poll.url, poll.auth, poll.body) == ("GET", REF["get"], AUTH, b"")
    assert (cancel.method, cancel.url, cancel.auth, cancel.body) == ("POST", REF["cancel"], AUTH, b"")


@pytest.mark.parametrize("word", ["starting", "processing", "canceled", "aborted", "dreaming"])
def test_a_prediction_that_was_not_over_is_canceled(word: str) -> None:
    assert provider.read_canceled(an_answer(_prediction(status=word, output=None)))


@pytest.mark.parametrize("word", ["succeeded", "failed"])
def test_a_prediction_that_was_over_is_not_canceled(word: str) -> None:
    assert not provider.read_canceled(an_answer(_prediction(status=word)))


@pytest.mark.parametrize(("body", "status"), [({}, 200), (b"", 404), ({"detail": "Not found."}, 404), (b"<html>", 502)])
def test_an_answer_without_a_prediction_cancels_nothing(body: Any, status: int) -> None:
    assert not provider.read_canceled(an_answer(body, status))


def test_a_success_holds_addresses_and_the_seed_that_brings_the_first_picture_back() -> None:
    submission = _read(fixture_bytes("replicate/succeeded.json"), count=2, seed=7)

    assert isinstance(submission, Completed)
    assert submission.images == (
        RemoteImage(url="https://replicate.delivery/xezq/abc/out-0.png", seed=7),
        RemoteImage(url="https://replicate.delivery/xezq/abc/out-1.png"),
    )
    assert (submission.withheld, submission.model_version, submission.usage) == (0, None, None)
    assert submission.metadata == {"prediction_id": "gm3qorzdhgbfurvjtvhg6dckhu", "status": "succeeded"}


def test_a_prediction_that_is_over_at_once_is_a_success_at_once() -> None:
    body = fixture_bytes("replicate/succeeded.json")
    submission = provider.read_submitted(a_call("replicate/flux-schnell", count=2), an_answer(body, 201))

    assert isinstance(submission, Completed)


def test_a_single_address_is_a_single_picture() -> None:
    submission = _read(_prediction(output="https://replicate.delivery/xezq/abc/output.webp"), model="flux-2-pro")

    assert isinstance(submission, Completed)
    assert submission.images == (RemoteImage(url="https://replicate.delivery/xezq/abc/output.webp"),)


def test_a_shorter_list_is_a_partial_success() -> None:
    submission = _read(fixture_bytes("replicate/succeeded.json"), count=4)

    assert isinstance(submission, Completed)
    assert (len(submission.images), submission.withheld) == (2, 2)


def test_an_empty_list_means_that_every_picture_was_withheld() -> None:
    submission = _read(_prediction(output=[]), count=2)

    assert isinstance(submission, Refused)
    assert submission.stage is Stage.IMAGE


def test_a_pinned_version_is_told() -> None:
    version = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"
    submission = _read(_prediction(version=version), model="sdxl")

    assert isinstance(submission, Completed)
    assert submission.model_version == version


def test_a_model_that_is_billed_by_time_costs_what_its_seconds_cost() -> None:
    call = a_call("replicate/sdxl")
    submission = provider.read_polled(call, REF, an_answer(fixture_bytes("replicate/succeeded.json")))

    assert isinstance(submission, Completed)
    cost = cost_of_usage(call, submission.usage)
    assert cost.money.amount == Decimal("0.00117")
    assert not cost.is_estimate


@pytest.mark.parametrize("metrics", [None, {}, {"total_time": 2.0}])
def test_seconds_that_are_not_told_are_not_made_up(metrics: dict[str, float] | None) -> None:
    submission = _read(_prediction(metrics=metrics), model="sdxl")

    assert isinstance(submission, Completed)
    assert submission.usage is None


@pytest.mark.parametrize(
    ("model", "changes", "amount"),
    [
        ("flux-schnell", {"count": 4}, "0.012"),
        ("sdxl", {}, "0.0078"),
        ("flux-2-pro", {"size": Size(1024, 1024)}, "0.03072864"),
        ("flux-2-pro", {"inputs": 2, "size": Size(1024, 1024)}, "0.06072864"),
    ],
)
def test_the_estimate_follows_the_price_rows(model: str, changes: dict[str, Any], amount: str) -> None:
    assert estimate_of(a_call(f"replicate/{model}", **changes)).money.amount == Decimal(amount)


@pytest.mark.parametrize("status", ["canceled", "aborted"])
def test_a_prediction_that_was_stopped_is_a_failure(status: str) -> None:
    error = error_of(_read(_prediction(status=status, output=None)))

    assert type(error) is ProviderFailedError


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"data_removed": True, "output": None}, "deleted"), ({"output": None}, "no image"), ({"output": ""}, "no image")],
)
def test_a_success_without_a_picture_is_a_failure(changes: dict[str, Any], words: str) -> None:
    error = error_of(_read(_prediction(**changes)))

    assert type(error) is ProviderFailedError
    assert words in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "NSFW content detected. Try running it again, or try a different prompt.",
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        "All generated images contained NSFW content. Try running it again with a different prompt.",
    ],
)
def test_a_refusal_is_known_by_its_words(text: str) -> None:
    submission = _read(_prediction(status="failed", output=None, error=text))

    assert isinstance(submission, Refused)
    assert submission.message == text
    assert submission.usage is None


def test_a_refusal_by_a_model_that_is_billed_by_time_is_billed() -> None:
    call = a_call("replicate/sdxl")
    submission = provider.read_polled(call, REF, an_answer(fixture_bytes("replicate/refused.json")))

    assert isinstance(submission, Refused)
    assert cost_of_usage(call, submission.usage).money.amount == Decimal("0.00195")


@pytest.mark.parametrize(("text", "told"), [("CUDA out of memory (E1001)", "E1001"), (None, "no reason")])
def test_any_other_failure_is_one_of_the_provider_and_its_words_are_told(text: str | None, told: str) -> None:
    error = error_of(_read(_prediction(status="failed", output=None, error=text)))

    assert type(error) is ProviderFailedError
    assert told in str(error)


def test_long_words_are_shortened() -> None:
    error = error_of(_read(_prediction(status="failed", error="no\nroom " * 500)))

    assert len(str(error)) < 400
    assert "\n" not in str(error)


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
        (418, ProviderFailedError),
        (302, ProviderFailedError),
    ],
)
def test_every_status_of_a_creation_is_an_error_of_its_kind(status: int, kind: type[Exception]) -> None:
    body = fixture_bytes("replicate/invalid.json")
    submission = provider.read_submitted(a_call("replicate/flux-schnell"), an_answer(body, status))

    assert type(error_of(submission)) is kind
    assert isinstance(submission, Failed)
    assert submission.metadata == {"status": status}


def test_what_the_caller_must_mend_is_told_in_replicates_words() -> None:
    body = fixture_bytes("replicate/invalid.json")
    error = error_of(provider.read_submitted(a_call("replicate/flux-schnell"), an_answer(body, 422)))

    assert "input.num_outputs: Must be less than or equal to 4" in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"retry-after": "30"}, 30), ({"retry-after": "soon"}, None), ({}, None)]
)
def test_a_throttle_tells_how_long_to_wait_where_replicate_does(headers: dict[str, str], seconds: int | None) -> None:
    answer = an_answer(fixture_bytes("replicate/throttled.json"), 429, headers)
    error = error_of(provider.read_submitted(a_call("replicate/flux-schnell"), answer))

    assert isinstance(error, ProviderThrottledError)
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_answer_that_tells_nothing_of_the_prediction_is_asked_for_again(status: int) -> None:
    submission = _read(b"<html>", status)

    assert isinstance(submission, Pending)
    assert submission.ref == REF


@pytest.mark.parametrize(("status", "kind"), [(401, ProviderCredentialsError), (404, ProviderFailedError)])
def test_a_prediction_that_may_not_be_read_is_a_failure(status: int, kind: type[Exception]) -> None:
    assert type(error_of(_read(b"<html>", status))) is kind


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"<html>", b"\xff\xfe", b'{"id": "a"}', b'{"id": "a", "status": 1}']
)
def test_an_answer_of_another_shape_is_a_failure(body: bytes) -> None:
    assert type(error_of(_read(body))) is ProviderFailedError


def test_output_of_another_shape_is_a_failure() -> None:
    assert (
        type(error_of(_read(_prediction(output={"image": "https://replicate.delivery/a.png"})))) is ProviderFailedError
    )
