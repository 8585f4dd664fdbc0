"""Adobe Firefly: what each endpoint is sent."""

import json
from dataclasses import replace
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import TomlCatalog, find_card
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
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
from imagegate.domain.request import Operation, Size
from imagegate.domain.wire import ClientCredentials
from imagegate.providers.firefly import provider
from tests.fixtures import fixture_json
from tests.imagegate.providers.support import a_call

CATALOG = TomlCatalog(("firefly",))
CARDS = CATALOG.cards()
ACCEPTED = fixture_json("firefly/accepted.json")
REF = {"status_url": ACCEPTED["statusUrl"], "cancel_url": ACCEPTED["cancelUrl"]}
ONE = InputPicture(
    data=b"one", media_type="image/png", width=64, height=48, url="https://bucket.s3.amazonaws.com/one?signed"
)
MASK = replace(ONE, url="https://bucket.s3.amazonaws.com/mask?signed")
SOURCE = {"source": {"url": ONE.url}}


def _call(name: str, *inputs: InputPicture, mask: InputPicture | None = None, **wish: Any) -> ProviderCall:
    call = a_call(f"firefly/{name}", inputs=len(inputs), mask=mask is not None, **({"prompt": "a red circle"} | wish))
    return replace(call, inputs=inputs, mask=mask)


def _body(call: ProviderCall) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(provider.submit(call).body)
    return body


def test_it_is_found_by_its_file_name_and_can_be_polled_and_canceled() -> None:
    assert providers.load("firefly") is provider
    assert isinstance(provider, Pollable)
    assert isinstance(provider, Cancelable)


def test_a_request_to_image_5_is_sent_exactly_so() -> None:
    options = {"prompt_reasoner": "quality", "locale_code": "en-US"}

    request = provider.submit(_call("image5", size=Size(2688, 1512), seed=7, options=options))

    assert (request.method, request.url) == ("POST", "https://firefly-api.adobe.io/v4/images/generate-async")
    assert request.headers == {"content-type": "application/json", "x-model-version": "image5"}
    assert json.loads(request.body) == {
        "prompt": "a red circle",
        "modelId": "firefly_image",
        "aspectRatio": "16:9",
        "resolutionLevel": "4MP",
        "numVariations": 1,
        "seeds": [7],
        "modelSpecificPayload": {"localeCode": "en-US", "prompt_reasoner": "quality"},
    }


def test_every_request_carries_a_token_and_the_client_id() -> None:
    call = _call("image5")
    expected = (
        ClientCredentials(
            token_url="https://ims-na1.adobelogin.com/ims/token/v3",
            scope="openid,AdobeID,session,additional_info,read_organizations,firefly_api,ff_apis",
            id_header="x-api-key",
        ),
    )

    assert provider.submit(call).auth == expected
    assert provider.poll(call, REF).auth == expected
    assert provider.cancel(call, REF).auth == expected


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_has_an_endpoint_and_a_request(card: ModelCard) -> None:
    operation = min(card.operations, key=tuple(Operation).index)
    inputs = () if operation is Operation.GENERATE else (ONE,)
    mask = MASK if card.has_mask else None
    options = {"custom_model_id": "urn:aaid:sc:one"} if card.version == "image4_custom" else {}

    request = provider.submit(_call(card.name, *inputs, mask=mask, operation=operation, options=options))

    assert request.headers.get("x-model-version") == (None if card.name in {"fill", "expand"} else card.version)


def test_sizes_of_image_5_have_the_shape_of_the_ratio_that_is_sent_for_them() -> None:
    for size, label in find_card("firefly/image5").sizes.labels.items():
        width, height = (int(part) for part in label.split()[0].split(":"))

        assert size.width / size.height == pytest.approx(width / height, rel=0.01)


def test_an_edit_with_image_5_refers_to_the_picture_and_keeps_its_shape() -> None:
    body = _body(_call("image5", ONE))

    assert body == {
        "prompt": "a red circle",
        "modelId": "firefly_image",
        "numVariations": 1,
        "referenceBlobs": [{**SOURCE, "usage": "general"}],
    }


def test_a_size_for_an_edit_with_image_5_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        provider.submit(_call("image5", ONE, size=Size(1024, 1024)))

    assert refused.value.param == "size"


def test_a_request_to_image_4_is_sent_exactly_so() -> None:
    options = {
        "content_class": "photo",
        "visual_intensity": 6,
        "style": {"presets": ["bw"], "strength": 50},
        "prompt_biasing_locale_code": "de-DE",
    }

    request = provider.submit(
        _call("image4-ultra", size=Size(1440, 2560), count=3, seed=7, negative_prompt="text", options=options)
    )

    assert request.url == "https://firefly-api.adobe.io/v3/images/generate-async"
    assert request.headers["x-model-version"] == "image4_ultra"
    assert json.loads(request.body) == {
        "prompt": "a red circle",
        "negativePrompt": "text",
        "size": {"width": 1440, "height": 2560},
        "numVariations": 3,
        "seeds": [7, 8, 9],
        "contentClass": "photo",
        "visualIntensity": 6,
        "style": {"presets": ["bw"], "strength": 50},
        "promptBiasingLocaleCode": "de-DE",
    }


def test_without_wishes_only_what_is_needed_is_sent() -> None:
    assert _body(_call("image3")) == {
        "prompt": "a red circle",
        "size": {"width": 2048, "height": 2048},
        "numVariations": 1,
    }


def test_a_custom_model_is_named_in_the_options() -> None:
    body = _body(
        _call("image4-custom", options={"custom_model_id": "urn:aaid:sc:one", "upsampler_type": "low_creativity"})
    )

    assert (body["customModelId"], body["upsamplerType"]) == ("urn:aaid:sc:one", "low_creativity")


def test_a_variation_sends_the_picture_and_no_prompt() -> None:
    request = provider.submit(_call("image4-standard", ONE, operation=Operation.VARIATION, count=2, seed=1))

    assert request.url == "https://firefly-api.adobe.io/v3/images/generate-similar-async"
    assert json.loads(request.body) == {
        "image": SOURCE,
        "size": {"width": 2048, "height": 2048},
        "numVariations": 2,
        "seeds": [1, 2],
    }


def test_a_variation_with_a_negative_prompt_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        provider.submit(_call("image3", ONE, operation=Operation.VARIATION, negative_prompt="text"))

    assert refused.value.param == "negative_prompt"


def test_a_fill_sends_the_picture_and_a_mask_that_is_white_where_it_paints() -> None:
    request = provider.submit(_call("fill", ONE, mask=MASK, negative_prompt="text", seed=3))

    assert request.url == "https://firefly-api.adobe.io/v3/images/fill-async"
    assert request.headers == {"content-type": "application/json"}
    assert json.loads(request.body) == {
        "prompt": "a red circle",
        "negativePrompt": "text",
        "image": SOURCE,
        "mask": {"source": {"url": MASK.url}},
        "size": {"width": 2048, "height": 2048},
        "numVariations": 1,
        "seeds": [3],
    }


def test_a_mask_whose_holes_would_not_be_seen_is_refused() -> None:
    transparent = replace(MASK, data=b"\x89PNG" + bytes(21) + b"\x06")

    with pytest.raises(InvalidValueError, match="white where the picture is to change"):
        provider.submit(_call("fill", ONE, mask=transparent))


def test_a_fill_without_a_mask_is_refused() -> None:
    with pytest.raises(MissingParameterError) as refused:
        provider.submit(_call("fill", ONE))

    assert refused.value.param == "mask"


def test_an_expansion_needs_no_prompt_and_takes_a_placement() -> None:
    options = {"placement": {"alignment": {"horizontal": "left"}}}

    body = _body(_call("expand", ONE, prompt="", size=Size(3000, 2000), options=options))

    assert body == {
        "image": SOURCE,
        "size": {"width": 3000, "height": 2000},
        "numVariations": 1,
        "placement": {"alignment": {"horizontal": "left"}},
    }


def test_an_expansion_sends_a_prompt_where_there_is_one() -> None:
    assert _body(_call("expand", ONE))["prompt"] == "a red circle"


@pytest.mark.parametrize(("size", "factor"), [(None, 2), (Size(192, 144), 3), (Size(384, 288), 6)])
def test_upscaling_takes_its_factor_from_the_size(size: Size | None, factor: int) -> None:
    wish: dict[str, Any] = {} if size is None else {"size": size}

    request = provider.submit(_call("precise-upsampler", ONE, operation=Operation.UPSCALE, prompt="", **wish))

    assert request.url == "https://firefly-api.adobe.io/v3/images/upscale"
    assert request.headers["x-model-version"] == "precise_upsampler_v1"
    assert json.loads(request.body) == {"image": SOURCE, "seeds": [0], "upscaleFactor": factor}


def test_upscaling_takes_a_seed() -> None:
    assert _body(_call("precise-upsampler", ONE, operation=Operation.UPSCALE, seed=5))["seeds"] == [5]


@pytest.mark.parametrize("size", [Size(320, 240), Size(128, 144)])
def test_upscaling_to_a_size_that_is_no_such_multiple_is_refused(size: Size) -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        provider.submit(_call("precise-upsampler", ONE, operation=Operation.UPSCALE, size=size))

    assert refused.value.param == "size"


@pytest.mark.parametrize(("name", "operation"), [("expand", Operation.EDIT), ("precise-upsampler", Operation.UPSCALE)])
def test_a_tool_without_an_image_is_refused(name: str, operation: Operation) -> None:
    call = _call(name, ONE, operation=operation)

    with pytest.raises(MissingParameterError) as refused:
        provider.submit(replace(call, inputs=()))

    assert refused.value.param == "image"


@pytest.mark.parametrize(("name", "mask"), [("image5", None), ("fill", MASK)])
def test_an_edit_without_a_prompt_is_refused(name: str, mask: InputPicture | None) -> None:
    with pytest.raises(EmptyPromptError):
        provider.submit(_call(name, ONE, mask=mask, prompt=" "))


@pytest.mark.parametrize(
    ("name", "options", "param", "kind"),
    [
        ("image5", {"brush": "wide"}, "brush", UnknownParameterError),
        ("image5", {"content_class": "art"}, "content_class", UnknownParameterError),
        ("image5", {"prompt_reasoner": "slow"}, "prompt_reasoner", InvalidValueError),
        ("image3", {"contentClass": "art"}, "contentClass", UnknownParameterError),
        ("image3", {"visual_intensity": 11}, "visual_intensity", InvalidValueError),
        ("image3", {"visual_intensity": "6"}, "visual_intensity", InvalidTypeError),
        ("image4-custom", {}, "custom_model_id", InvalidValueError),
        ("image4-custom", {"custom_model_id": "urn", "content_class": "art"}, "content_class", UnknownParameterError),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    name: str, options: dict[str, object], param: str, kind: type[InvalidRequestError]
) -> None:
    with pytest.raises(kind) as refused:
        provider.submit(_call(name, options=options))

    assert refused.value.param == f"provider_options.firefly.{param}"


def test_tools_without_options_refuse_them() -> None:
    with pytest.raises(UnknownParameterError):
        provider.submit(_call("image3", ONE, operation=Operation.VARIATION, options={"content_class": "art"}))

    with pytest.raises(UnknownParameterError):
        provider.submit(_call("precise-upsampler", ONE, operation=Operation.UPSCALE, options={"factor": 2}))
