"""The stability provider: every form it sends; what Stability may answer is tested beside it."""

from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    InvalidSizeError,
    InvalidValueError,
    MissingParameterError,
    ModelRetiredError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.provider import InputPicture, Pollable, ProviderCall
from imagegate.domain.request import Operation, OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader
from imagegate.providers.stability import provider
from tests.imagegate.providers.support import PICTURE, a_call, the_card
from tests.pictures import picture

BASE = "https://api.stability.ai"
ID = "a6dc6c6e20acda010fe14d71f180658f2896ed9b4ec25aa99a6ff06c796987c4"


def _an_input(kind: str = "png") -> InputPicture:
    return replace(PICTURE, data=picture(kind), media_type=f"image/{kind}")


def _call(
    model: str, inputs: Sequence[InputPicture] = (), mask: InputPicture | None = None, **changes: Any
) -> ProviderCall:
    name = f"stability/{model}"
    operation = min(the_card(name).operations, key=lambda one: (one is Operation.EDIT) is not bool(inputs))
    wishes = {"prompt": "a red circle", "operation": operation, **changes}
    call = a_call(name, inputs=len(inputs), mask=mask is not None, **wishes)
    return replace(call, inputs=tuple(inputs), mask=mask, end_user=call.request.end_user)


def _form(model: str, inputs: Sequence[InputPicture] = (), **changes: Any) -> dict[str, str]:
    request = provider.submit(_call(model, inputs, **changes))
    raw = b"content-type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
    parts: list[Any] = list(message_from_bytes(raw).walk())[1:]
    return {str(part.get_param("name", header="content-disposition")): _value(part) for part in parts}


def _value(part: Any) -> str:
    assert isinstance(part, Message)
    if part.get_filename():
        return f"<{part.get_content_type()}>"
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def _options(**options: object) -> dict[str, Any]:
    return {"options": options}


def test_it_is_found_by_its_file_name_and_can_be_polled() -> None:
    assert providers.load("stability") is provider
    assert isinstance(provider, Pollable)


def test_a_generation_is_sent_exactly_so() -> None:
    call = _call(
        "core",
        prompt="a lake",
        negative_prompt="fog",
        size=Size(1536, 1024),
        seed=7,
        output_format=OutputFormat.WEBP,
        end_user="5f1c",
        **_options(style_preset="cinematic"),
    )

    request = provider.submit(call)

    assert (request.method, request.url) == ("POST", f"{BASE}/v2beta/stable-image/generate/core")
    assert request.auth == (ApiKeyHeader(prefix="Bearer "),)
    boundary = request.headers["content-type"].removeprefix("multipart/form-data; boundary=")
    assert request.headers == {
        "content-type": f"multipart/form-data; boundary={boundary}",
        "accept": "image/*",
        "stability-client-id": "imagegate",
        "stability-client-user-id": "5f1c",
    }
    fields = {
        "prompt": "a lake",
        "negative_prompt": "fog",
        "aspect_ratio": "3:2",
        "seed": "7",
        "output_format": "webp",
        "style_preset": "cinematic",
    }
    parts = [f'--{boundary}\r\ncontent-disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    assert request.body.decode() == "".join(parts) + f"--{boundary}--\r\n"


def test_without_an_end_user_none_is_named() -> None:
    assert "stability-client-user-id" not in provider.submit(_call("core")).headers


def test_the_same_call_is_the_same_bytes() -> None:
    assert provider.submit(_call("core")) == provider.submit(_call("core"))


@pytest.mark.parametrize("version", ["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash"])
def test_stable_diffusion_models_share_an_endpoint_and_are_named_in_the_form(version: str) -> None:
    request = provider.submit(_call(version))

    assert request.url == f"{BASE}/v2beta/stable-image/generate/sd3"
    assert _form(version, guidance=4.5) == {
        "model": version,
        "prompt": "a red circle",
        "aspect_ratio": "1:1",
        "cfg_scale": "4.5",
        "output_format": "png",
    }


def test_an_image_to_image_edit_names_its_mode_and_strength_and_no_shape() -> None:
    assert _form("sd3.5-large", (_an_input("jpeg"),), strength=0.4) == {
        "model": "sd3.5-large",
        "mode": "image-to-image",
        "prompt": "a red circle",
        "strength": "0.4",
        "output_format": "png",
        "image": "<image/jpeg>",
    }


@pytest.mark.parametrize(("model", "strength"), [("sd3.5-large", "0.7"), ("sd3.5-flash", "0.95"), ("ultra", "0.7")])
def test_an_edit_without_a_strength_gets_the_endpoints(model: str, strength: str) -> None:
    assert _form(model, (_an_input(),))["strength"] == strength


def test_a_strength_of_zero_is_sent() -> None:
    assert _form("ultra", (_an_input(),), strength=0.0)["strength"] == "0.0"


@pytest.mark.parametrize(
    ("model", "path", "changes", "fields"),
    [
        ("ultra", "generate/ultra", {}, {"prompt": "a red circle", "strength": "0.7"}),
        ("inpaint", "edit/inpaint", _options(grow_mask=9), {"prompt": "a red circle", "grow_mask": "9"}),
        ("erase", "edit/erase", {"seed": 3, "prompt": ""}, {"seed": "3"}),
        (
            "outpaint",
            "edit/outpaint",
            {"prompt": "", **_options(left=200, down=0, creativity=0.3)},
            {"left": "200", "down": "0", "creativity": "0.3"},
        ),
        (
            "search-and-replace",
            "edit/search-and-replace",
            _options(search_prompt="dog"),
            {"prompt": "a red circle", "search_prompt": "dog"},
        ),
        (
            "search-and-recolor",
            "edit/search-and-recolor",
            _options(select_prompt="coat", grow_mask=0),
            {"prompt": "a red circle", "select_prompt": "coat", "grow_mask": "0"},
        ),
        ("remove-background", "edit/remove-background", {"prompt": ""}, {}),
        (
            "replace-background-and-relight",
            "edit/replace-background-and-relight",
            _options(
                foreground_prompt="a vase",
                preserve_original_subject=0.5,
                original_background_depth=0.4,
                keep_original_background="true",
                light_source_direction="left",
                light_source_strength=1,
            ),
            {
                "background_prompt": "a red circle",
                "foreground_prompt": "a vase",
                "preserve_original_subject": "0.5",
                "original_background_depth": "0.4",
                "keep_original_background": "true",
                "light_source_direction": "left",
                "light_source_strength": "1.0",
            },
        ),
        ("upscale-fast", "upscale/fast", {"prompt": ""}, {}),
        (
            "upscale-conservative",
            "upscale/conservative",
            {"negative_prompt": "noise", **_options(creativity=0.25)},
            {"prompt": "a red circle", "negative_prompt": "noise", "creativity": "0.25"},
        ),
        ("upscale-creative", "upscale/creative", _options(creativity=0.1), {"creativity": "0.1"}),
        ("sketch", "control/sketch", _options(control_strength=0.6), {"control_strength": "0.6"}),
        ("structure", "control/structure", _options(control_strength=0.6), {"control_strength": "0.6"}),
        (
            "style",
            "control/style",
            {"size": Size(1920, 1080), **_options(fidelity=0.9)},
            {"aspect_ratio": "16:9", "fidelity": "0.9"},
        ),
    ],
)
def test_every_edit_has_its_own_endpoint_and_fields(
    model: str, path: str, changes: dict[str, Any], fields: dict[str, str]
) -> None:
    request = provider.submit(_call(model, inputs=(_an_input(),), **changes))
    form = _form(model, (_an_input(),), **changes)

    assert request.url == f"{BASE}/v2beta/stable-image/{path}"
    picture_part = "subject_image" if "relight" in model else "image"
    asked = {"prompt": "a red circle"} if "prompt" not in changes and "relight" not in model else {}
    assert form == {picture_part: "<image/png>", "output_format": "png", **asked, **fields}


def test_a_style_transfer_sends_two_pictures_in_their_order() -> None:
    options = _options(style_strength=0.5, composition_fidelity=0.8, change_strength=0.7)

    form = _form("style-transfer", (_an_input("png"), _an_input("jpeg")), prompt="", **options)

    assert form == {
        "output_format": "png",
        "style_strength": "0.5",
        "composition_fidelity": "0.8",
        "change_strength": "0.7",
        "init_image": "<image/png>",
        "style_image": "<image/jpeg>",
    }


def test_relighting_may_have_a_background_and_a_light_to_follow() -> None:
    form = _form("replace-background-and-relight", (_an_input(), _an_input("jpeg"), _an_input("webp")))

    assert (form["background_reference"], form["light_reference"]) == ("<image/jpeg>", "<image/webp>")


def test_a_black_and_white_mask_is_sent() -> None:
    assert _form("inpaint", (_an_input("jpeg"),), mask=_an_input())["mask"] == "<image/png>"


@pytest.mark.parametrize("color_type", [4, 6])
def test_a_mask_with_an_alpha_channel_is_refused_as_its_holes_would_not_be_seen(color_type: int) -> None:
    data = picture("png")
    mask = InputPicture(
        data=data[:25] + bytes([color_type]) + data[26:], media_type="image/png", width=64, height=48, url=""
    )

    with pytest.raises(InvalidValueError, match="alpha") as refused:
        _form("inpaint", (_an_input(),), mask=mask)

    assert refused.value.param == "mask"


@pytest.mark.parametrize(("seed", "sent"), [(0, "2147483647"), (4_294_967_295, "2147483646"), (1, "1")])
def test_a_seed_that_stability_would_take_as_random_is_replaced(seed: int, sent: str) -> None:
    assert _form("core", seed=seed)["seed"] == sent


def test_an_upscale_that_is_polled_asks_for_json() -> None:
    request = provider.submit(_call("upscale-creative", inputs=(_an_input(),)))

    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("model", "changes", "kind", "param"),
    [
        ("inpaint", {}, MissingParameterError, "image"),
        ("style-transfer", {"inputs": (_an_input(),)}, MissingParameterError, "image"),
        ("inpaint", {"inputs": (_an_input(),), "prompt": " "}, EmptyPromptError, "prompt"),
        ("sd3.5-large", {"inputs": (_an_input(),), "size": Size(1024, 1024)}, UnsupportedFeatureError, "size"),
        ("inpaint", {"inputs": (_an_input(),), "size": Size(1024, 1024)}, InvalidSizeError, "size"),
        ("ultra", {"strength": 0.5}, UnsupportedFeatureError, "strength"),
        ("core", _options(brush="wide"), UnknownParameterError, "provider_options.stability.brush"),
        ("core", _options(style_preset="baroque"), InvalidValueError, "provider_options.stability.style_preset"),
        ("core", _options(grow_mask=3), UnsupportedFeatureError, "provider_options.stability.grow_mask"),
        ("ultra", _options(style_preset="anime"), UnsupportedFeatureError, "provider_options.stability.style_preset"),
        ("outpaint", {"inputs": (_an_input(),)}, MissingParameterError, "provider_options.stability.left"),
        (
            "outpaint",
            {"inputs": (_an_input(),), **_options(left=0)},
            MissingParameterError,
            "provider_options.stability.left",
        ),
        (
            "search-and-replace",
            {"inputs": (_an_input(),)},
            MissingParameterError,
            "provider_options.stability.search_prompt",
        ),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(
    model: str, changes: dict[str, Any], kind: type[Exception], param: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        _form(model, **changes)

    assert type(refused.value) is kind
    assert refused.value.param == param


def test_a_model_of_the_past_names_what_took_its_place() -> None:
    with pytest.raises(ModelRetiredError, match=r"stability/sd3\.5-large"):
        provider.submit(_call("sd3-large"))


def test_every_current_model_has_an_endpoint() -> None:
    current = [card for card in read_file("stability")[1] if card.lifecycle.shutdown_on is None]

    for card in current:
        inputs = tuple(_an_input() for _ in range(card.max_input_images))
        options = {
            "outpaint": _options(left=1),
            "search-and-replace": _options(search_prompt="dog"),
            "search-and-recolor": _options(select_prompt="coat"),
        }
        assert provider.submit(_call(card.name, inputs=inputs, **options.get(card.name, {}))).method == "POST"


def test_a_poll_is_sent_exactly_so() -> None:
    call = _call("upscale-creative", inputs=(_an_input(),), end_user="5f1c")

    request = provider.poll(call, {"id": ID})

    assert (request.method, request.url) == ("GET", f"{BASE}/v2beta/results/{ID}")
    assert request.headers == {
        "accept": "*/*",
        "stability-client-id": "imagegate",
        "stability-client-user-id": "5f1c",
    }
    assert request.auth == (ApiKeyHeader(prefix="Bearer "),)


def test_an_id_cannot_lead_to_another_address() -> None:
    call = _call("upscale-creative", inputs=(_an_input(),))

    assert provider.poll(call, {"id": "../x?y"}).url == f"{BASE}/v2beta/results/..%2Fx%3Fy"


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "3:2", "2:3", "5:4", "4:5", "21:9", "9:21"])
@pytest.mark.parametrize("model", ["core", "ultra", "sd3.5-medium"])
def test_every_aspect_ratio_of_stability_can_be_asked_for(model: str, ratio: str) -> None:
    assert _form(model, aspect_ratio=ratio)["aspect_ratio"] == ratio
