"""AUTOMATIC1111: what the operator's own server is asked to draw, and all that it may answer."""

import json
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.errors import (
    InvalidRequestError,
    InvalidValueError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.provider import Completed, Failed, InputPicture, Pollable, ProviderCall, Submission
from imagegate.domain.request import Operation, Quality, Size
from imagegate.domain.warning import WarningType
from imagegate.domain.wire import HttpBasic
from imagegate.providers.automatic1111 import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import a_call, an_answer, body_of, error_of, estimate_of

URL = "http://webui.internal:7860"
ONLY_PICTURES = {"return_grid": False, "return_mask": False, "return_mask_composite": False}


def _call(model: str = "checkpoint", **changes: Any) -> ProviderCall:
    return a_call(f"automatic1111/{model}", base_url=URL, **changes)


def _upscale_call(**changes: Any) -> ProviderCall:
    return _call("upscaler", inputs=1, operation=Operation.UPSCALE, **{"prompt": "", **changes})


def _edit_of(width: int, height: int) -> ProviderCall:
    call = _call(inputs=1)
    picture = InputPicture(data=b"one", media_type="image/png", width=width, height=height, url="")
    return ProviderCall(request=call.request, card=call.card, base_url=URL, inputs=(picture,))


def _read(body: Any, status: int = 200, **changes: Any) -> Submission:
    return provider.read_submitted(_call(**{"count": 2, **changes}), an_answer(body, status))


def _with_info(**info: Any) -> Any:
    return fixture_json("automatic1111/succeeded.json") | {"info": json.dumps(info)}


def test_it_is_found_by_its_file_name_and_answers_at_once() -> None:
    assert providers.load("automatic1111") is provider
    assert not isinstance(provider, Pollable)


def test_it_needs_an_address_and_may_have_a_password() -> None:
    card = read_file("automatic1111")[0]

    assert card.base_url is None
    assert card.secret_fields == (("username", "password"), ())
    assert provider.submit(_call()).auth == (HttpBasic(),)


def test_a_picture_is_asked_for_exactly_so() -> None:
    request = provider.submit(
        _call(
            size=Size(768, 512),
            negative_prompt="a square",
            count=2,
            seed=7,
            steps=20,
            guidance=6.5,
            options={"sampler_name": "Euler a", "scheduler": "karras", "tiling": True},
            settings={"checkpoint": "sd_xl_base_1.0.safetensors [31e35c80fc]"},
        )
    )

    assert (request.method, request.url) == ("POST", f"{URL}/sdapi/v1/txt2img")
    assert request.headers == {"content-type": "application/json"}
    assert request.read_timeout_seconds == 300
    assert body_of(request) == {
        "prompt": "a red circle on a blue square",
        "negative_prompt": "a square",
        "width": 768,
        "height": 512,
        "batch_size": 2,
        "seed": 7,
        "steps": 20,
        "cfg_scale": 6.5,
        "override_settings": {**ONLY_PICTURES, "sd_model_checkpoint": "sd_xl_base_1.0.safetensors [31e35c80fc]"},
        "send_images": True,
        "save_images": False,
        "sampler_name": "Euler a",
        "scheduler": "karras",
        "tiling": True,
    }


def test_without_wishes_the_server_draws_with_its_own_checkpoint_and_a_seed_of_its_own() -> None:
    body = body_of(provider.submit(_call()))

    assert body["override_settings"] == ONLY_PICTURES
    assert (body["seed"], body["width"], body["height"], body["batch_size"]) == (-1, 1024, 1024, 1)
    assert {"negative_prompt", "cfg_scale", "sampler_name"} & body.keys() == set()


@pytest.mark.parametrize(
    ("quality", "steps"), [(Quality.AUTO, 25), (Quality.LOW, 12), (Quality.MEDIUM, 25), (Quality.HIGH, 50)]
)
def test_quality_buys_steps(quality: Quality, steps: int) -> None:
    assert body_of(provider.submit(_call(quality=quality)))["steps"] == steps


def test_an_edit_carries_the_picture_and_keeps_its_size() -> None:
    request = provider.submit(_call(inputs=1, strength=0.6))
    body = body_of(request)

    assert request.url == f"{URL}/sdapi/v1/img2img"
    assert (body["init_images"], body["denoising_strength"]) == (["b25l"], 0.6)
    assert (body["width"], body["height"], body["resize_mode"]) == (64, 64, 1)
    assert "mask" not in body


def test_a_mask_is_white_where_the_picture_changes() -> None:
    body = body_of(provider.submit(_call(inputs=1, mask=True, size=Size(512, 512), options={"mask_blur": 8})))

    assert (body["mask"], body["inpainting_fill"], body["mask_blur"]) == ("b25l", 1, 8)


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(512, 768, (512, 768)), (4096, 2048, (2048, 1024)), (1023, 769, (1016, 768)), (3000, 40, (2048, 64))],
)
def test_a_size_that_cannot_be_kept_comes_close_and_is_told(width: int, height: int, size: tuple[int, int]) -> None:
    call = _edit_of(width, height)
    body = body_of(provider.submit(call))
    submission = provider.read_submitted(call, an_answer(fixture_bytes("automatic1111/succeeded.json")))

    assert (body["width"], body["height"]) == size
    assert isinstance(submission, Completed)
    told = [(one.type, one.param) for one in submission.warnings]
    assert told == ([] if size == (width, height) else [(WarningType.ADJUSTED, "size")])


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, {"resize_mode": 0, "upscaling_resize": 2.0, "upscaler_1": "R-ESRGAN 4x+"}),
        (
            {"options": {"upscaler": "Lanczos", "upscale_factor": 4.0}},
            {"resize_mode": 0, "upscaling_resize": 4.0, "upscaler_1": "Lanczos"},
        ),
        (
            {"size": Size(3000, 2000)},
            {
                "resize_mode": 1,
                "upscaling_resize_w": 3000,
                "upscaling_resize_h": 2000,
                "upscaler_1": "R-ESRGAN 4x+",
            },
        ),
    ],
)
def test_an_upscale_is_by_a_factor_or_to_a_size(changes: dict[str, Any], sent: dict[str, Any]) -> None:
    request = provider.submit(_upscale_call(**changes))

    assert request.url == f"{URL}/sdapi/v1/extra-single-image"
    assert body_of(request) == {"image": "b25l", **sent}


@pytest.mark.parametrize(
    ("options", "kind", "param"),
    [
        ({"script_name": "x/y/z plot"}, UnknownParameterError, "script_name"),
        ({"override_settings": {}}, UnknownParameterError, "override_settings"),
        ({"mask_blur": 65}, InvalidValueError, "mask_blur"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], kind: type[Exception], param: str) -> None:
    with pytest.raises(kind) as refused:
        provider.submit(_call(options=options))

    assert getattr(refused.value, "param", None) == f"provider_options.automatic1111.{param}"


def test_a_success_holds_pictures_their_seeds_and_the_hash_of_the_checkpoint() -> None:
    submission = _read(fixture_bytes("automatic1111/succeeded.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"one", seed=7), InlineImage(data=b"two", seed=8))
    assert submission.model_version == "31e35c80fc"
    assert submission.metadata == {"checkpoint": "sd_xl_base_1.0"}
    assert submission.warnings == ()


def test_a_grid_that_comes_all_the_same_is_left_out() -> None:
    submission = _read(fixture_bytes("automatic1111/with_grid.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"one", seed=7), InlineImage(data=b"two", seed=8))
    assert submission.model_version == "sd_xl_base_1.0"


def test_a_mask_that_comes_all_the_same_is_left_out() -> None:
    submission = _read(_with_info(all_seeds=[7]), count=1)

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"one", seed=7),)


def test_without_seeds_the_pictures_have_none() -> None:
    submission = _read(_with_info())

    assert isinstance(submission, Completed)
    assert [image.seed for image in submission.images] == [None, None]


@pytest.mark.parametrize("images", [[], None])
def test_a_success_without_a_picture_is_a_failure(images: list[str] | None) -> None:
    error = error_of(_read(fixture_json("automatic1111/succeeded.json") | {"images": images}))

    assert type(error) is ProviderFailedError
    assert "without an image" in str(error)


def test_an_upscale_is_one_picture() -> None:
    answer = an_answer({"html_info": "", "image": "b25l"})

    without = provider.read_submitted(_upscale_call(), answer)
    with_prompt = provider.read_submitted(_upscale_call(prompt="sharper"), answer)

    assert isinstance(without, Completed)
    assert isinstance(with_prompt, Completed)
    assert without.images == (InlineImage(data=b"one"),)
    assert without.warnings == ()
    assert [(one.type, one.param) for one in with_prompt.warnings] == [(WarningType.UNSUPPORTED, "prompt")]


@pytest.mark.parametrize(
    ("body", "words"),
    [({"image": None}, "without an image"), ({}, "without an image"), (b"<html>", "could not be read")],
)
def test_an_upscale_without_a_picture_is_a_failure(body: Any, words: str) -> None:
    error = error_of(provider.read_submitted(_upscale_call(), an_answer(body)))

    assert type(error) is ProviderFailedError
    assert words in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"<html>",
        b"\xff\xfe",
        b'{"images": ["not base64!"]}',
        b'{"images": [], "info": 1}',
        b'{"images": [], "info": "{"}',
    ],
)
def test_an_answer_of_another_shape_is_a_failure(body: bytes) -> None:
    error = error_of(_read(body))

    assert type(error) is ProviderFailedError
    assert "could not be read" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (403, ProviderCredentialsError),
        (404, ProviderFailedError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (502, ProviderUnavailableError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (418, ProviderFailedError),
    ],
)
def test_every_status_is_an_error_of_its_kind(status: int, kind: type[Exception]) -> None:
    submission = _read(fixture_bytes("automatic1111/invalid.json"), status)

    assert type(error_of(submission)) is kind
    assert isinstance(submission, Failed)
    assert submission.metadata == {"status": status}


def test_what_the_caller_must_mend_is_told_in_the_servers_words() -> None:
    assert "not a valid integer" in str(error_of(_read(fixture_bytes("automatic1111/invalid.json"), 422)))
    assert "bad seed" in str(error_of(_read({"error": "ValueError", "errors": "bad seed"}, 400)))


def test_a_sampler_that_does_not_exist_is_the_callers_to_mend() -> None:
    error = error_of(_read(fixture_bytes("automatic1111/sampler.json"), 404))

    assert type(error) is InvalidRequestError
    assert "Sampler not found" in str(error)


def test_too_little_memory_is_told_as_such() -> None:
    error = error_of(_read(fixture_bytes("automatic1111/out_of_memory.json"), 500))

    assert type(error) is ProviderFailedError
    assert "GPU memory" in str(error)


@pytest.mark.parametrize("model", ["checkpoint", "upscaler"])
def test_the_operators_own_hardware_costs_nothing_here(model: str) -> None:
    call = _call() if model == "checkpoint" else _upscale_call()

    assert estimate_of(call).money.amount == 0
