"""Black Forest Labs: what each family of endpoints is sent."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import TomlCatalog
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidTypeError,
    InvalidValueError,
    MissingParameterError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.provider import (
    Cancelable,
    InputPicture,
    Pollable,
    ProviderCall,
)
from imagegate.domain.request import Operation, OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader
from imagegate.providers.bfl import provider
from tests.imagegate.providers.support import a_call

CATALOG = TomlCatalog(("bfl",))
CARDS = CATALOG.cards()
ONE = InputPicture(data=b"one", media_type="image/png", width=64, height=48, url="https://bucket.example/one")
TWO = replace(ONE, data=b"two")
THREE = replace(ONE, data=b"three")
B64 = {one.data: b64encode(one.data).decode() for one in (ONE, TWO, THREE)}


def _call(name: str, *inputs: InputPicture, mask: InputPicture | None = None, **wish: Any) -> ProviderCall:
    call = a_call(f"bfl/{name}", inputs=len(inputs), mask=mask is not None, **({"prompt": "a red circle"} | wish))
    return replace(call, inputs=inputs, mask=mask)


def _body(call: ProviderCall) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(provider.submit(call).body)
    return body


def test_it_is_found_by_its_file_name_and_can_be_polled_but_not_canceled() -> None:
    assert providers.load("bfl") is provider
    assert isinstance(provider, Pollable)
    assert not isinstance(provider, Cancelable)


def test_a_flux_2_request_is_sent_exactly_so() -> None:
    call = _call("flux-2-flex", size=Size(1024, 768), seed=7, steps=20, guidance=4.5, output_format=OutputFormat.WEBP)

    request = provider.submit(call)

    assert (request.method, request.url) == ("POST", "https://api.bfl.ai/v1/flux-2-flex")
    assert request.headers == {"content-type": "application/json", "accept": "application/json"}
    assert request.auth == (ApiKeyHeader(header="x-key"),)
    assert json.loads(request.body) == {
        "prompt": "a red circle",
        "width": 1024,
        "height": 768,
        "seed": 7,
        "steps": 20,
        "guidance": 4.5,
        "output_format": "webp",
    }


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_has_an_endpoint_and_a_request(card: ModelCard) -> None:
    inputs = () if Operation.GENERATE in card.operations else (ONE,)

    request = provider.submit(_call(card.name, *inputs))

    assert request.url == f"https://api.bfl.ai/v1/{card.name}"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_sizes_have_the_shape_of_the_ratio_that_is_sent_for_them(card: ModelCard) -> None:
    for size, label in card.sizes.labels.items():
        width, height = (int(part) for part in label.split()[0].split(":"))

        assert size.width / size.height == pytest.approx(width / height, rel=0.02)
        assert card.sizes.of_ratio(f"{width}:{height}") is not None


def test_flux_3_gets_a_ratio_and_a_resolution_and_its_web_search_is_off() -> None:
    assert _body(_call("flux-3-image", size=Size(2736, 1536))) == {
        "prompt": "a red circle",
        "aspect_ratio": "16:9",
        "resolution": "2k",
        "grounding": False,
    }


def test_flux_3_takes_its_own_options() -> None:
    body = _body(_call("flux-3-image", options={"grounding": True, "safety_tolerance": 0, "version": "2026-10-01"}))

    assert body["grounding"] is True
    assert body["safety_tolerance"] == 0
    assert body["version"] == "2026-10-01"


def test_flux_3_gets_its_input_images_in_a_list_and_follows_the_first() -> None:
    assert _body(_call("flux-3-image", ONE, TWO)) == {
        "prompt": "a red circle",
        "images": [B64[b"one"], B64[b"two"]],
        "grounding": False,
    }


@pytest.mark.parametrize("name", ["flux-2-pro", "flux-kontext-pro"])
def test_other_models_get_their_input_images_in_numbered_fields_and_follow_the_first(name: str) -> None:
    body = _body(_call(name, ONE, TWO, THREE, output_format=OutputFormat.PNG))

    assert body == {
        "prompt": "a red circle",
        "input_image": B64[b"one"],
        "input_image_2": B64[b"two"],
        "input_image_3": B64[b"three"],
        "output_format": "png",
    }


def test_an_edit_with_a_size_gets_that_size() -> None:
    body = _body(_call("flux-2-max", ONE, size=Size(512, 256)))

    assert (body["width"], body["height"]) == (512, 256)


def test_kontext_gets_a_ratio() -> None:
    body = _body(_call("flux-kontext-max", aspect_ratio="9:16", options={"prompt_upsampling": True}))

    assert body["aspect_ratio"] == "9:16"
    assert body["prompt_upsampling"] is True
    assert "resolution" not in body


def test_a_variation_gets_the_default_size_of_the_card_and_one_image() -> None:
    body = _body(_call("flux-pro-1.1", ONE, operation=Operation.VARIATION))

    assert body == {
        "prompt": "a red circle",
        "width": 1024,
        "height": 1024,
        "image_prompt": B64[b"one"],
        "output_format": "jpeg",
    }


def test_ultra_takes_its_own_options() -> None:
    options = {"raw": True, "image_prompt_strength": 0.5, "safety_tolerance": 6}

    body = _body(_call("flux-pro-1.1-ultra", ONE, operation=Operation.VARIATION, options=options))

    assert body["aspect_ratio"] == "1:1"
    assert {name: body[name] for name in options} == options


def test_fill_gets_a_mask_that_is_white_where_it_paints() -> None:
    body = _body(_call("flux-pro-1.0-fill", ONE, mask=TWO, steps=15, guidance=60.0))

    assert body == {
        "prompt": "a red circle",
        "image": B64[b"one"],
        "mask": B64[b"two"],
        "steps": 15,
        "guidance": 60.0,
        "output_format": "jpeg",
    }


def test_a_mask_whose_holes_would_not_be_seen_is_refused() -> None:
    transparent = replace(ONE, data=b"\x89PNG" + bytes(21) + b"\x06")

    with pytest.raises(InvalidValueError, match="white where the picture is to change"):
        provider.submit(_call("flux-pro-1.0-fill", ONE, mask=transparent))


def test_expand_gets_the_pixels_to_add() -> None:
    body = _body(_call("flux-pro-1.0-expand", ONE, options={"top": 0, "left": 2048}))

    assert (body["top"], body["left"]) == (0, 2048)
    assert "bottom" not in body


@pytest.mark.parametrize("name", ["flux-pro-1.0-fill", "flux-pro-1.0-expand"])
def test_a_tool_without_an_image_is_refused(name: str) -> None:
    call = _call(name, ONE)

    with pytest.raises(MissingParameterError) as refused:
        provider.submit(replace(call, inputs=()))

    assert refused.value.param == "image"


@pytest.mark.parametrize("name", ["flux-3-image", "flux-2-pro", "flux-kontext-pro"])
def test_an_edit_without_a_prompt_is_refused(name: str) -> None:
    with pytest.raises(EmptyPromptError):
        provider.submit(_call(name, ONE, prompt=" "))


@pytest.mark.parametrize("name", ["flux-pro-1.1", "flux-pro-1.1-ultra"])
def test_a_variation_needs_no_prompt(name: str) -> None:
    assert _body(_call(name, ONE, operation=Operation.VARIATION, prompt=""))["prompt"] == ""


def test_a_size_for_a_tool_that_follows_its_input_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        provider.submit(_call("flux-pro-1.0-fill", ONE, size=Size(1024, 1024)))

    assert refused.value.param == "size"


@pytest.mark.parametrize(
    ("name", "options", "param", "kind"),
    [
        ("flux-2-pro", {"brush": "wide"}, "brush", UnknownParameterError),
        ("flux-2-pro", {"grounding": True}, "grounding", UnknownParameterError),
        ("flux-2-pro", {"prompt_upsampling": True}, "prompt_upsampling", UnknownParameterError),
        ("flux-2-pro", {"webhook_url": "https://example.com"}, "webhook_url", UnknownParameterError),
        ("flux-2-pro", {"safety_tolerance": 6}, "safety_tolerance", InvalidValueError),
        ("flux-3-image", {"safety_tolerance": 5}, "safety_tolerance", InvalidValueError),
        ("flux-3-image", {"safety_tolerance": -1}, "safety_tolerance", InvalidValueError),
        ("flux-kontext-pro", {"safety_tolerance": 7}, "safety_tolerance", InvalidValueError),
        ("flux-kontext-pro", {"safety_tolerance": "2"}, "safety_tolerance", InvalidTypeError),
        ("flux-pro-1.1-ultra", {"image_prompt_strength": 1.1}, "image_prompt_strength", InvalidValueError),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    name: str, options: dict[str, object], param: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as refused:
        provider.submit(_call(name, options=options))

    assert refused.value.param == f"provider_options.bfl.{param}"  # type: ignore[attr-defined]
