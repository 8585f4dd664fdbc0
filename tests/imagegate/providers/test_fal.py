"""fal: what enters the queue, the two addresses behind it, and everything that can be found there."""

import json
from decimal import Decimal
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    InvalidRequestError,
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
from imagegate.domain.origin import may_carry_credentials
from imagegate.domain.provider import Cancelable, Completed, Failed, Pending, Pollable, Refused, Submission
from imagegate.domain.request import Operation, OutputFormat, Quality, Size
from imagegate.domain.wire import ApiKeyHeader
from imagegate.fal_models import INPUTS
from imagegate.providers.fal import _ERROR_TYPES, provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import PICTURE, a_call, an_answer, body_of, error_of, estimate_of

REQUEST = "https://queue.fal.run/fal-ai/flux/requests/764cabcf-b745-4b3e-ae38-1200304cf45b"
REF = {
    "stage": "status",
    "id": "764cabcf-b745-4b3e-ae38-1200304cf45b",
    "status": f"{REQUEST}/status",
    "result": REQUEST,
    "cancel": f"{REQUEST}/cancel",
}
RESULT = {**REF, "stage": "result"}
AUTH = (ApiKeyHeader(prefix="Key "),)
CALL = a_call("fal/flux-dev", count=2)


def _values(model: str, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = body_of(provider.submit(a_call(f"fal/{model}", **changes)))
    return values


def _status(body: Any, status: int = 200) -> Submission:
    return provider.read_polled(CALL, REF, an_answer(body, status))


def _result(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Submission:
    return provider.read_polled(CALL, RESULT, an_answer(body, status, headers))


def _pictures(**changes: Any) -> Any:
    return fixture_json("fal/result.json") | changes


def test_it_is_found_by_its_file_name_and_can_be_polled_and_canceled() -> None:
    assert providers.load("fal") is provider
    assert isinstance(provider, Pollable)
    assert isinstance(provider, Cancelable)


def test_every_model_of_the_catalog_has_a_row_of_input_names() -> None:
    assert set(INPUTS) == {card.name for card in read_file("fal")[1]}


def test_a_request_enters_the_queue_exactly_so() -> None:
    request = provider.submit(
        a_call(
            "fal/flux-dev",
            size=Size(1024, 768),
            count=2,
            seed=7,
            steps=28,
            guidance=3.5,
            output_format=OutputFormat.JPEG,
            options={"acceleration": "high"},
        )
    )

    assert (request.method, request.url, request.auth) == ("POST", "https://queue.fal.run/fal-ai/flux/dev", AUTH)
    assert body_of(request) == {
        "prompt": "a red circle on a blue square",
        "seed": 7,
        "num_inference_steps": 28,
        "guidance_scale": 3.5,
        "num_images": 2,
        "output_format": "jpeg",
        "image_size": {"width": 1024, "height": 768},
        "acceleration": "high",
    }


def test_the_public_files_are_told_to_expire() -> None:
    headers = provider.submit(CALL).headers

    assert headers["content-type"] == "application/json"
    assert json.loads(headers["x-fal-object-lifecycle-preference"]) == {"expiration_duration_seconds": 86_400}


@pytest.mark.parametrize(
    ("model", "changes", "sent"),
    [
        ("flux-3", {"aspect_ratio": "16:9"}, {"aspect_ratio": "16:9", "resolution": "1k"}),
        ("flux-3", {"size": Size(2048, 2048)}, {"aspect_ratio": "1:1", "resolution": "2k"}),
        ("nano-banana-2", {"size": Size(4096, 4096)}, {"aspect_ratio": "1:1", "resolution": "4K"}),
        ("flux-pro-1.1-ultra", {"aspect_ratio": "21:9"}, {"aspect_ratio": "21:9"}),
        ("flux-schnell", {}, {"image_size": {"width": 1024, "height": 1024}}),
    ],
)
def test_each_model_is_told_the_size_in_its_own_words(
    model: str, changes: dict[str, Any], sent: dict[str, Any]
) -> None:
    values = _values(model, **changes)

    assert {name: values[name] for name in ("aspect_ratio", "resolution", "image_size") if name in values} == sent


@pytest.mark.parametrize(
    ("model", "path", "sent"),
    [
        ("flux-3", "blackforestlabs/flux-3/edit-image", {"image_urls": [PICTURE.url], "output_format": "png"}),
        ("flux-2-pro", "fal-ai/flux-2-pro/edit", {"image_urls": [PICTURE.url], "output_format": "png"}),
        (
            "flux-dev",
            "fal-ai/flux/dev/image-to-image",
            {"image_url": PICTURE.url, "num_images": 1, "output_format": "png", "strength": 0.6},
        ),
        (
            "nano-banana-pro",
            "fal-ai/nano-banana-pro/edit",
            {"image_urls": [PICTURE.url], "num_images": 1, "output_format": "png"},
        ),
    ],
)
def test_an_edit_goes_to_the_app_that_edits(model: str, path: str, sent: dict[str, Any]) -> None:
    changes: dict[str, Any] = {"strength": 0.6} if "strength" in sent else {}
    request = provider.submit(a_call(f"fal/{model}", inputs=1, **changes))

    assert request.url == f"https://queue.fal.run/{path}"
    assert body_of(request) == {"prompt": "a red circle on a blue square", **sent}


def test_an_edit_may_ask_for_another_size_where_the_model_can() -> None:
    assert _values("flux-2-pro", inputs=1, size=Size(1024, 512))["image_size"] == {"width": 1024, "height": 512}


@pytest.mark.parametrize(
    ("model", "operation"), [("flux-dev", Operation.EDIT), ("clarity-upscaler", Operation.UPSCALE)]
)
def test_a_size_is_refused_where_that_of_the_input_is_kept(model: str, operation: Operation) -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        _values(model, inputs=1, operation=operation, size=Size(1024, 512))

    assert refused.value.param == "size"


def test_an_upscale_and_a_removed_background_need_no_prompt() -> None:
    upscale = _values(
        "clarity-upscaler", inputs=1, operation=Operation.UPSCALE, prompt="", options={"upscale_factor": 4}
    )
    removal = _values("bria-background-remove", inputs=1, operation=Operation.REMOVE_BACKGROUND, prompt="")

    assert upscale == {"image_url": PICTURE.url, "upscale_factor": 4}
    assert removal == {"image_url": PICTURE.url}


@pytest.mark.parametrize(
    ("quality", "speed"),
    [
        (Quality.AUTO, "BALANCED"),
        (Quality.LOW, "TURBO"),
        (Quality.MEDIUM, "BALANCED"),
        (Quality.HIGH, "QUALITY"),
    ],
)
def test_quality_is_a_rendering_speed_where_the_model_has_one(quality: Quality, speed: str) -> None:
    assert _values("ideogram-v3", quality=quality, negative_prompt="a square") == {
        "prompt": "a red circle on a blue square",
        "negative_prompt": "a square",
        "num_images": 1,
        "rendering_speed": speed,
        "image_size": {"width": 1024, "height": 1024},
    }


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("flux-3", {"enable_prompt_expansion": False}),
        ("flux-2-pro", {"safety_tolerance": "1"}),
        ("flux-pro-1.1-ultra", {"raw": True, "enhance_prompt": True}),
        ("nano-banana-2", {"enable_web_search": True}),
        ("ideogram-v3", {"expand_prompt": False, "style": "DESIGN"}),
    ],
)
def test_each_option_is_sent_under_its_own_name(model: str, options: dict[str, Any]) -> None:
    assert options.items() <= _values(model, options=options).items()


@pytest.mark.parametrize(
    ("options", "kind", "param"),
    [
        ({"enable_safety_checker": False}, UnknownParameterError, "enable_safety_checker"),
        ({"safety_tolerance": "6"}, InvalidValueError, "safety_tolerance"),
        ({"raw": True}, UnsupportedFeatureError, "raw"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], kind: type[Exception], param: str) -> None:
    with pytest.raises(kind) as refused:
        _values("flux-dev", options=options)

    assert getattr(refused.value, "param", None) == f"provider_options.fal.{param}"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_the_addresses_are_kept_as_fal_gave_them(status: int) -> None:
    submission = provider.read_submitted(CALL, an_answer(fixture_bytes("fal/queued.json"), status))

    assert isinstance(submission, Pending)
    assert submission.ref == REF
    assert all(isinstance(value, str) for value in submission.ref.values())


def test_the_key_may_go_to_the_queue_and_not_to_the_files() -> None:
    card = read_file("fal")[0]

    assert may_carry_credentials(REQUEST, "https://proxy.example", card.credential_hosts)
    assert not may_carry_credentials("https://v3b.fal.media/a.png", str(card.base_url), card.credential_hosts)


def test_the_status_is_asked_for_first_and_then_the_result() -> None:
    status, result = provider.poll(CALL, REF), provider.poll(CALL, RESULT)

    assert (status.method, status.url, status.auth) == ("GET", f"{REQUEST}/status", AUTH)
    assert (result.method, result.url, result.auth) == ("GET", REQUEST, AUTH)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (fixture_json("fal/queued.json"), 202),
        (fixture_json("fal/in_progress.json"), 202),
        (fixture_json("fal/in_progress.json") | {"status": "DREAMING"}, 200),
    ],
)
def test_what_is_not_over_is_pending_even_if_we_do_not_know_the_word(body: Any, status: int) -> None:
    submission = _status(body, status)

    assert isinstance(submission, Pending)
    assert submission.ref == REF
    assert submission.metadata["status"] == body["status"]


def test_what_is_completed_has_its_result_asked_for_at_once() -> None:
    submission = _status(fixture_bytes("fal/completed.json"))

    assert isinstance(submission, Pending)
    assert submission.ref == RESULT
    assert submission.poll_after_seconds == 0


def test_an_error_of_an_unknown_type_has_its_result_asked_for_which_tells_a_refusal() -> None:
    body = fixture_json("fal/completed_error.json") | {"error_type": "content_policy_violation"}
    submission = _status(body)

    assert isinstance(submission, Pending)
    assert submission.ref == RESULT


def test_completed_with_an_error_is_no_success() -> None:
    submission = _status(fixture_bytes("fal/completed_error.json"))

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderTimeoutError
    assert submission.metadata == {"status": 200, "error_type": "request_timeout"}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_answer_that_tells_nothing_of_the_request_is_asked_for_again(status: int) -> None:
    submission = _status(b"<html>", status)

    assert isinstance(submission, Pending)
    assert submission.ref == REF


@pytest.mark.parametrize(("status", "kind"), [(401, ProviderCredentialsError), (404, ProviderFailedError)])
def test_a_request_that_may_not_be_read_is_a_failure(status: int, kind: type[Exception]) -> None:
    assert type(error_of(_status({"detail": "no"}, status))) is kind


def test_a_success_holds_addresses_and_a_seed_that_javascript_could_not_hold() -> None:
    submission = _result(fixture_bytes("fal/result.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (
        RemoteImage(url="https://v3b.fal.media/files/b/one.png", seed=196619188014358660),
        RemoteImage(url="https://v3b.fal.media/files/b/two.png"),
    )
    assert (submission.withheld, submission.usage) == (0, None)
    assert submission.metadata == {"seed": 196619188014358660}


def test_a_model_that_makes_one_picture_answers_with_one_picture() -> None:
    submission = _result(fixture_bytes("fal/single.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (RemoteImage(url="https://v3b.fal.media/files/b/cut.png"),)


def test_pictures_without_flags_are_pictures() -> None:
    submission = _result(_pictures(has_nsfw_concepts=None))

    assert isinstance(submission, Completed)
    assert len(submission.images) == 2


def test_a_picture_that_was_painted_black_is_withheld_and_the_seed_stays_with_its_own() -> None:
    submission = _result(_pictures(has_nsfw_concepts=[True, False]))

    assert isinstance(submission, Completed)
    assert submission.images == (RemoteImage(url="https://v3b.fal.media/files/b/two.png"),)
    assert submission.withheld == 1


def test_only_black_pictures_are_a_refusal() -> None:
    submission = _result(_pictures(has_nsfw_concepts=[True, True]))

    assert isinstance(submission, Refused)
    assert submission.stage is Stage.IMAGE


@pytest.mark.parametrize("body", [{"images": []}, {"seed": 7}, {"images": None}])
def test_a_success_without_a_picture_is_a_failure(body: Any) -> None:
    error = error_of(_result(body))

    assert type(error) is ProviderFailedError
    assert "without an image" in str(error)


@pytest.mark.parametrize("read", ["submitted", "result"])
def test_a_violated_policy_is_a_refusal_wherever_it_is_told(read: str) -> None:
    answer = an_answer(fixture_bytes("fal/refused.json"), 422)
    submission = (
        provider.read_submitted(CALL, answer) if read == "submitted" else provider.read_polled(CALL, RESULT, answer)
    )

    assert isinstance(submission, Refused)
    assert "flagged by a content checker" in submission.message
    assert submission.metadata == {"status": 422, "error_type": "content_policy_violation"}


def test_a_refusal_may_be_told_in_the_header_alone() -> None:
    submission = _result(b"<html>", 422, {"x-fal-error-type": "content_policy_violation"})

    assert isinstance(submission, Refused)


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
        (502, ProviderFailedError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (418, ProviderFailedError),
    ],
)
def test_every_status_of_a_submission_is_an_error_of_its_kind(status: int, kind: type[Exception]) -> None:
    submission = provider.read_submitted(CALL, an_answer(fixture_bytes("fal/invalid.json"), status))

    assert type(error_of(submission)) is kind


@pytest.mark.parametrize("error_type", sorted(_ERROR_TYPES))
def test_every_type_of_error_is_an_error_of_its_kind(error_type: str) -> None:
    kinds = {
        400: InvalidRequestError,
        499: ProviderFailedError,
        500: ProviderFailedError,
        502: ProviderFailedError,
        503: ProviderUnavailableError,
        504: ProviderTimeoutError,
    }
    submission = _result({"detail": "so it is", "error_type": error_type}, 500)

    assert type(error_of(submission)) is kinds[_ERROR_TYPES[error_type]]


def test_an_error_of_the_model_is_known_by_the_type_in_its_detail() -> None:
    body = {"detail": [{"loc": ["body"], "msg": "Nothing was made", "type": "no_media_generated"}]}

    assert type(error_of(_result(body, 422))) is ProviderFailedError


def test_a_request_that_found_no_machine_may_be_repeated() -> None:
    error = error_of(_result(fixture_bytes("fal/no_runner.json"), 503))

    assert type(error) is ProviderUnavailableError


def test_a_used_up_balance_is_a_matter_of_quota_although_it_comes_as_403() -> None:
    submission = provider.read_submitted(CALL, an_answer(fixture_bytes("fal/locked.json"), 403))

    assert type(error_of(submission)) is ProviderQuotaError
    assert isinstance(submission, Failed)
    assert submission.metadata["status"] == 403


def test_what_the_caller_must_mend_is_told_in_fals_words() -> None:
    error = error_of(_result(fixture_bytes("fal/invalid.json"), 422))

    assert "body.num_images: Input should be less than or equal to 4" in str(error)


def test_a_throttle_tells_how_long_to_wait_where_fal_does() -> None:
    answer = an_answer({"detail": "Too many requests"}, 429, {"retry-after": "12"})
    error = error_of(provider.read_submitted(CALL, answer))

    assert isinstance(error, ProviderThrottledError)
    assert error.retry_after_seconds == 12


@pytest.mark.parametrize(("body", "status"), [(b"<html>", 502), (b"", 503), (b'{"detail": "slow down"}', 429)])
def test_a_stumble_on_the_way_to_the_result_loses_no_picture(body: bytes, status: int) -> None:
    submission = _result(body, status)

    assert isinstance(submission, Pending)
    assert submission.ref == RESULT


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"<html>", b"\xff\xfe", b'{"status": 1, "images": 1}'])
def test_an_answer_of_another_shape_is_a_failure(body: bytes) -> None:
    for submission in (provider.read_submitted(CALL, an_answer(body)), _status(body), _result(body)):
        error = error_of(submission)
        assert type(error) is ProviderFailedError
        assert "could not be read" in str(error)


def test_a_cancellation_is_put_where_fal_says() -> None:
    request = provider.cancel(CALL, REF)

    assert (request.method, request.url, request.auth) == ("PUT", f"{REQUEST}/cancel", AUTH)


@pytest.mark.parametrize(("status", "canceled"), [(202, True), (400, False), (404, False)])
def test_a_cancellation_is_requested_or_comes_too_late(status: int, canceled: bool) -> None:
    assert provider.read_canceled(an_answer({}, status)) is canceled


@pytest.mark.parametrize(
    ("model", "changes", "amount"),
    [
        ("flux-pro-1.1-ultra", {"count": 2}, "0.12"),
        ("flux-dev", {}, "0.0262144"),
        ("flux-2-pro", {"size": Size(2048, 2048)}, "0.07791456"),
        ("nano-banana-2", {"size": Size(2048, 2048)}, "0.12"),
        ("nano-banana-2", {"inputs": 1}, "0.08"),
        ("nano-banana-pro", {"size": Size(4096, 4096)}, "0.30"),
        ("ideogram-v3", {"quality": Quality.HIGH}, "0.09"),
    ],
)
def test_the_estimate_follows_the_price_rows(model: str, changes: dict[str, Any], amount: str) -> None:
    assert estimate_of(a_call(f"fal/{model}", **changes)).money.amount == Decimal(amount)
