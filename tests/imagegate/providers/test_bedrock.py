"""The bedrock provider: every body it sends, and everything that Amazon Bedrock may answer."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    InvalidSizeError,
    InvalidValueError,
    MissingParameterError,
    ModelNotFoundError,
    ModelRetiredError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderNotConfiguredError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.money import usage_of
from imagegate.domain.provider import Completed, Failed, InputPicture, Pollable, ProviderCall, Refused, Submission
from imagegate.domain.request import Operation, OutputFormat, Size
from imagegate.domain.warning import WarningType
from imagegate.domain.wire import ApiKeyHeader, HttpResponse, SigV4
from imagegate.providers.bedrock import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import PICTURE, a_call, cost_of_usage, the_card
from tests.pictures import picture

BASE = "https://bedrock-runtime.us-west-2.amazonaws.com"
JPEG = replace(PICTURE, data=picture("jpeg"), media_type="image/jpeg")
IMAGE = base64.b64encode(PICTURE.data).decode()


def _call(
    model: str, inputs: Sequence[InputPicture] = (), mask: InputPicture | None = None, **changes: Any
) -> ProviderCall:
    name = f"bedrock/{model}"
    operation = min(the_card(name).operations, key=lambda one: (one is Operation.EDIT) is not bool(inputs))
    wishes = {"prompt": "a red circle", "operation": operation, **changes}
    call = a_call(name, inputs=len(inputs), mask=mask is not None, **wishes)
    return replace(call, inputs=tuple(inputs), mask=mask)


def _body(model: str, inputs: Sequence[InputPicture] = (), **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(provider.submit(_call(model, inputs, **changes)).body)
    return body


def _options(**options: object) -> dict[str, Any]:
    return {"options": options}


def _read(
    body: bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    call: ProviderCall | None = None,
) -> Submission:
    response = HttpResponse(status=status, headers=headers or {"content-type": "application/json"}, body=body)
    return provider.read_submitted(call or _call("stable-image-core"), response)


def _changed(**changes: object) -> Submission:
    return _read(json.dumps(fixture_json("bedrock/made.json") | changes).encode())


def test_it_is_found_by_its_file_name_and_answers_at_once() -> None:
    assert providers.load("bedrock") is provider
    assert not isinstance(provider, Pollable)


def test_a_generation_is_sent_exactly_so() -> None:
    request = provider.submit(
        _call(
            "stable-image-core",
            prompt="a lake",
            negative_prompt="fog",
            size=Size(1920, 1080),
            seed=7,
            output_format=OutputFormat.JPEG,
        )
    )

    assert (request.method, request.url) == ("POST", f"{BASE}/model/stability.stable-image-core-v1%3A1/invoke")
    assert request.headers == {"content-type": "application/json", "accept": "application/json"}
    assert request.body == (
        b'{"prompt": "a lake", "negative_prompt": "fog", "aspect_ratio": "16:9", "seed": 7, "output_format": "jpeg"}'
    )


def test_a_key_is_used_where_there_is_one_and_otherwise_the_role() -> None:
    request = provider.submit(_call("stable-image-core"))

    assert request.auth == (ApiKeyHeader(prefix="Bearer "), SigV4(service="bedrock", region="us-west-2"))


def test_another_region_has_its_own_address_and_signature() -> None:
    request = provider.submit(_call("inpaint", (PICTURE,), settings={"region": "us-east-1"}))

    assert request.url.startswith("https://bedrock-runtime.us-east-1.amazonaws.com/model/us.stability.")
    assert request.auth[1] == SigV4(service="bedrock", region="us-east-1")


def test_a_private_address_is_kept_whatever_the_region() -> None:
    call = _call("stable-image-core", base_url="http://127.0.0.1:4010", settings={"region": "us-east-1"})

    assert provider.submit(call).url == "http://127.0.0.1:4010/model/stability.stable-image-core-v1%3A1/invoke"


@pytest.mark.parametrize("region", ["", "evil.example/", "us_west_2", "us-west-2.evil"])
def test_what_is_no_region_never_becomes_part_of_an_address(region: str) -> None:
    with pytest.raises(ProviderNotConfiguredError, match="imagegate providers set bedrock"):
        provider.submit(_call("stable-image-core", settings={"region": region}))


@pytest.mark.parametrize("model", ["stable-image-ultra", "sd3-5-large"])
def test_an_image_to_image_edit_names_its_mode_and_strength_and_no_shape(model: str) -> None:
    assert _body(model, (PICTURE,), strength=0.4, seed=4_294_967_295) == {
        "prompt": "a red circle",
        "mode": "image-to-image",
        "seed": 4_294_967_295,
        "strength": 0.4,
        "output_format": "png",
        "image": IMAGE,
    }
    assert _body(model, (PICTURE,))["strength"] == 0.7
    assert _body(model, (PICTURE,), strength=0.0)["strength"] == 0.0


def test_a_text_to_image_call_has_neither_mode_nor_strength() -> None:
    assert _body("sd3-5-large") == {"prompt": "a red circle", "aspect_ratio": "1:1", "output_format": "png"}


@pytest.mark.parametrize(
    ("model", "path", "changes", "fields"),
    [
        ("inpaint", "stable-image-inpaint", _options(grow_mask=9, style_preset="anime"), {}),
        ("erase-object", "stable-image-erase-object", {"prompt": "", "seed": 3, **_options(grow_mask=1)}, {"seed": 3}),
        (
            "outpaint",
            "stable-outpaint",
            {"prompt": "", **_options(left=9, right=0, up=8, down=7, creativity=0.5, style_preset="anime")},
            {},
        ),
        ("search-replace", "stable-image-search-replace", _options(search_prompt="dog", grow_mask=0), {}),
        ("search-recolor", "stable-image-search-recolor", _options(select_prompt="coat", grow_mask=0), {}),
        ("remove-background", "stable-image-remove-background", {"prompt": ""}, {}),
        ("control-sketch", "stable-image-control-sketch", _options(control_strength=0.6), {}),
        ("control-structure", "stable-image-control-structure", _options(control_strength=0.6), {}),
        (
            "style-guide",
            "stable-image-style-guide",
            {"aspect_ratio": "9:21", **_options(fidelity=0.9)},
            {"aspect_ratio": "9:21"},
        ),
        ("upscale-fast", "stable-fast-upscale", {"prompt": ""}, {}),
        (
            "upscale-conservative",
            "stable-conservative-upscale",
            {"negative_prompt": "noise", **_options(creativity=0.25)},
            {"negative_prompt": "noise"},
        ),
        ("upscale-creative", "stable-creative-upscale", _options(creativity=0.1, style_preset="origami"), {}),
    ],
)
def test_every_edit_is_a_model_of_its_own_with_its_own_keys(
    model: str, path: str, changes: dict[str, Any], fields: dict[str, Any]
) -> None:
    request = provider.submit(_call(model, (PICTURE,), **changes))

    asked = {} if changes.get("prompt") == "" else {"prompt": "a red circle"}
    assert request.url == f"{BASE}/model/us.stability.{path}-v1%3A0/invoke"
    assert json.loads(request.body) == {
        "image": IMAGE,
        "output_format": "png",
        **asked,
        **fields,
        **changes.get("options", {}),
    }


def test_a_style_transfer_sends_two_pictures_in_their_order() -> None:
    options = {"style_strength": 0.5, "composition_fidelity": 0.8, "change_strength": 0.7}

    assert _body("style-transfer", (PICTURE, JPEG), prompt="", **_options(**options)) == {
        "output_format": "png",
        "init_image": IMAGE,
        "style_image": base64.b64encode(JPEG.data).decode(),
        **options,
    }


def test_a_black_and_white_mask_is_sent() -> None:
    mask = replace(PICTURE, data=picture())

    assert _body("inpaint", (JPEG,), mask=mask)["mask"] == base64.b64encode(picture()).decode()


def test_a_mask_with_an_alpha_channel_is_refused_as_its_holes_would_not_be_seen() -> None:
    mask = replace(PICTURE, data=picture()[:25] + b"\x06" + picture()[26:])

    with pytest.raises(InvalidValueError, match="alpha"):
        _body("inpaint", (JPEG,), mask=mask)


@pytest.mark.parametrize(
    ("model", "inputs", "changes", "kind", "param"),
    [
        ("inpaint", 0, {}, MissingParameterError, "image"),
        ("style-transfer", 1, {}, MissingParameterError, "image"),
        ("inpaint", 1, {"prompt": " "}, EmptyPromptError, "prompt"),
        ("sd3-5-large", 1, {"size": Size(1024, 1024)}, UnsupportedFeatureError, "size"),
        ("inpaint", 1, {"size": Size(1024, 1024)}, InvalidSizeError, "size"),
        ("stable-image-ultra", 0, {"strength": 0.5}, UnsupportedFeatureError, "strength"),
        ("stable-image-core", 0, _options(brush=1), UnknownParameterError, "provider_options.bedrock.brush"),
        ("inpaint", 1, _options(style_preset="x"), InvalidValueError, "provider_options.bedrock.style_preset"),
        ("stable-image-core", 0, _options(left=3), UnsupportedFeatureError, "provider_options.bedrock.left"),
        ("inpaint", 1, _options(left=3), UnsupportedFeatureError, "provider_options.bedrock.left"),
        ("outpaint", 1, _options(left=0), MissingParameterError, "provider_options.bedrock.left"),
        ("search-replace", 1, {}, MissingParameterError, "provider_options.bedrock.search_prompt"),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(
    model: str, inputs: int, changes: dict[str, Any], kind: type[Exception], param: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        _body(model, (PICTURE,) * inputs, **changes)

    assert type(refused.value) is kind
    assert refused.value.param == param


@pytest.mark.parametrize("model", ["nova-canvas", "titan-image-generator-v2"])
def test_amazons_own_models_are_gone_and_name_what_took_their_place(model: str) -> None:
    with pytest.raises(ModelRetiredError, match="bedrock/stable-image-core"):
        provider.submit(_call(model))


def test_every_current_model_has_a_body() -> None:
    options = {
        "outpaint": _options(left=1),
        "search-replace": _options(search_prompt="dog"),
        "search-recolor": _options(select_prompt="coat"),
    }

    for card in read_file("bedrock")[1]:
        if card.lifecycle.shutdown_on is None:
            inputs = (PICTURE,) * card.max_input_images
            assert provider.submit(_call(card.name, inputs, **options.get(card.name, {}))).method == "POST"


def test_a_picture_comes_with_its_seed() -> None:
    submission = _read(fixture_bytes("bedrock/made.json"), headers={"x-amzn-requestid": "req-1"})

    assert submission == Completed(
        images=(InlineImage(data=b"iVBORw0KGgo", seed=2130420379),), metadata={"request_id": "req-1"}
    )


def test_a_picture_without_a_seed_is_still_a_picture() -> None:
    submission = _changed(seeds=[])

    assert isinstance(submission, Completed)
    assert submission.images == (InlineImage(data=b"iVBORw0KGgo", seed=None),)


def test_a_prompt_and_a_seed_that_have_no_place_are_told_in_warnings() -> None:
    call = _call("erase-object", (PICTURE,), seed=0)

    submission = _read(fixture_bytes("bedrock/made.json"), call=call)

    assert json.loads(provider.submit(call).body)["seed"] == 2_147_483_647
    assert isinstance(submission, Completed)
    assert [(one.type, one.param) for one in submission.warnings] == [
        (WarningType.UNSUPPORTED, "prompt"),
        (WarningType.ADJUSTED, "seed"),
    ]


@pytest.mark.parametrize(("name", "stage"), [("prompt", Stage.PROMPT), ("input", Stage.IMAGE), ("output", Stage.IMAGE)])
def test_a_refusal_comes_with_status_200(name: str, stage: Stage) -> None:
    submission = _read(fixture_bytes(f"bedrock/{name}_filtered.json"))

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes, submission.usage) == (stage, ("other",), None)
    assert str(submission.metadata["finish_reason"]).startswith("Filter reason: ")


@pytest.mark.parametrize("reason", ["Inference error", "Something new"])
def test_any_other_reason_is_a_failure_that_names_it(reason: str) -> None:
    submission = _changed(finish_reasons=[None, reason])

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert reason in submission.error.message


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"<html>", b"\xff\xfe", b"{}"])
def test_broken_json_is_a_failure(body: bytes) -> None:
    submission = _read(body, headers={"content-type": "text/html"})

    assert isinstance(submission, Failed)
    assert "without a picture" in submission.error.message


@pytest.mark.parametrize("changes", [{"images": []}, {"images": None}, {"images": ["not base64!"]}, {"seeds": "x"}])
def test_a_success_without_a_usable_picture_is_a_failure(changes: dict[str, Any]) -> None:
    submission = _changed(**changes)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


@pytest.mark.parametrize(
    ("status", "type_", "kind"),
    [
        (400, "ValidationException", InvalidRequestError),
        (400, "ServiceQuotaExceededException", ProviderQuotaError),
        (403, "AccessDeniedException", ProviderCredentialsError),
        (404, "ResourceNotFoundException", ModelNotFoundError),
        (408, "ModelTimeoutException", ProviderTimeoutError),
        (424, "ModelErrorException", ProviderFailedError),
        (429, "ThrottlingException", ProviderThrottledError),
        (429, "ModelNotReadyException", ProviderUnavailableError),
        (500, "InternalServerException", ProviderFailedError),
        (503, "ServiceUnavailableException", ProviderUnavailableError),
        (400, "ThrottlingException:http://internal.amazon.com/coral/", ProviderThrottledError),
        (400, "", InvalidRequestError),
        (401, "", ProviderCredentialsError),
        (403, "UnrecognizedClientException", ProviderCredentialsError),
        (404, "", ModelNotFoundError),
        (408, "", ProviderTimeoutError),
        (424, "", ProviderFailedError),
        (429, "", ProviderThrottledError),
        (500, "", ProviderFailedError),
        (502, "", ProviderFailedError),
        (503, "", ProviderUnavailableError),
        (504, "", ProviderTimeoutError),
        (418, "TeapotException", ProviderFailedError),
    ],
)
@pytest.mark.parametrize("body", [fixture_bytes("bedrock/access_denied.json"), b"", b"<html>", b'{"message": 1}'])
def test_every_error_type_and_status_is_an_error_of_its_kind(
    status: int, type_: str, kind: type[Exception], body: bytes
) -> None:
    submission = _read(body, status, {"x-amzn-errortype": type_} if type_ else {})

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status, "type": type_.partition(":")[0] or None}


def test_a_bad_request_carries_what_aws_says() -> None:
    submission = _read(fixture_bytes("bedrock/validation.json"), 400, {"x-amzn-errortype": "ValidationException"})

    assert isinstance(submission, Failed)
    assert "extraneous key [steps]" in submission.error.message


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_other_errors_do_not_carry_the_names_of_the_account(status: int) -> None:
    submission = _read(fixture_bytes("bedrock/access_denied.json"), status)

    assert isinstance(submission, Failed)
    assert "123456789012" not in submission.error.message


@pytest.mark.parametrize(("headers", "seconds"), [({}, None), ({"retry-after": "3"}, 3)])
def test_a_throttled_call_may_be_repeated_later(headers: dict[str, str], seconds: int | None) -> None:
    submission = _read(b"", 429, {"x-amzn-errortype": "ThrottlingException", **headers})

    assert isinstance(submission, Failed)
    assert submission.error.retryable
    assert submission.error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("model", "dollars", "is_estimate"),
    [("stable-image-core", "0.04", False), ("stable-image-ultra", "0.14", True), ("inpaint", "0.07", False)],
)
def test_a_picture_costs_what_the_price_list_says(model: str, dollars: str, is_estimate: bool) -> None:
    call = _call(model, (PICTURE,) if model == "inpaint" else ())

    cost = cost_of_usage(call, usage_of(images=1, pixels_per_image=1_048_576))

    assert (cost.money.amount, cost.is_estimate) == (Decimal(dollars), is_estimate)


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "3:2", "2:3", "5:4", "4:5", "21:9", "9:21"])
def test_every_aspect_ratio_can_be_asked_for(ratio: str) -> None:
    assert _body("sd3-5-large", aspect_ratio=ratio)["aspect_ratio"] == ratio
