"""Replicate: many models behind one asynchronous API; a prediction is created, then polled; `Authorization: Bearer`.

The envelope is the same for every model and the names inside `input` are each model's own, so they stand in a table.
https://replicate.com/docs/reference/http and https://replicate.com/docs/topics/predictions (checked 2026-11-22)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

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
    UnsupportedFeatureError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, ProviderRef, Refused, Submission
from imagegate.domain.request import MAX_SEED, JsonValue, OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.reading import (
    Answer,
    ErrorTable,
    Options,
    ask_again,
    failed,
    grayscale_mask,
    read_answer,
    read_options,
    shorten,
)

_NAME = "Replicate"
_AUTH = (ApiKeyHeader(prefix="Bearer "),)
_HIDDEN = "hidden"
_POLL_AGAIN_SECONDS = 3.0
_POLL_AFTER_SECONDS = 1.0


class _Options(Options):
    """The wishes that are one model's own; `safety_tolerance` may be made stricter than Replicate's default, not laxer.

    `disable_safety_checker` is left out on purpose.
    """

    safety_tolerance: Annotated[int, Field(ge=1, le=2)] | None = None
    prompt_upsampling: bool | None = None
    go_fast: bool | None = None
    magic_prompt_option: Literal["Auto", "On", "Off"] | None = None
    style_type: Literal["None", "Auto", "General", "Realistic", "Design"] | None = None


class _Urls(Answer):
    get: str | None = None
    cancel: str | None = None


class _Metrics(Answer):
    predict_time: Decimal | None = None


class _Prediction(Answer):
    id: str
    status: str
    version: str | None = None
    # An address or a list of them, depending on the model.
    output: str | list[str] | None = None
    error: str | None = None
    data_removed: bool | None = None
    metrics: _Metrics | None = None
    urls: _Urls | None = None


class _Problem(Answer):
    title: str | None = None
    detail: str | None = None


class _SizeStyle(StrEnum):
    SIDES = "width and height"
    CUSTOM_RATIO = "aspect_ratio is the word custom, and width and height count"
    RATIO = "aspect_ratio"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """How one model names what we call otherwise; None where it has no such input."""

    size: _SizeStyle
    count: str | None = None
    steps: str | None = None
    guidance: str | None = None
    strength: str | None = None
    negative_prompt: str | None = None
    image: str | None = None
    images: str | None = None
    mask: str | None = None
    output_format: str | None = "output_format"
    options: frozenset[str] = frozenset()
    # What must be said when the size of the input image is kept.
    keep_size: Mapping[str, str] | None = None
    # A fast mode without reproducible seeds, which is on unless we turn it off.
    fast_mode: str | None = None
    max_seed: int = MAX_SEED


# By the model's name on its card; from each model's published input schema, https://replicate.com/OWNER/NAME/api/schema
_INPUTS: dict[str, _Input] = {
    "flux-2-pro": _Input(
        size=_SizeStyle.CUSTOM_RATIO,
        images="input_images",
        options=frozenset({"safety_tolerance"}),
        keep_size={"aspect_ratio": "match_input_image", "resolution": "match_input_image"},
    ),
    "flux-2-dev": _Input(
        size=_SizeStyle.CUSTOM_RATIO,
        images="input_images",
        options=frozenset({"go_fast"}),
        keep_size={"aspect_ratio": "match_input_image"},
        fast_mode="go_fast",
    ),
    "flux-1.1-pro": _Input(size=_SizeStyle.CUSTOM_RATIO, options=frozenset({"safety_tolerance", "prompt_upsampling"})),
    "flux-kontext-pro": _Input(
        size=_SizeStyle.RATIO,
        image="input_image",
        options=frozenset({"safety_tolerance", "prompt_upsampling"}),
        keep_size={"aspect_ratio": "match_input_image"},
    ),
    "flux-dev": _Input(
        size=_SizeStyle.RATIO,
        count="num_outputs",
        steps="num_inference_steps",
        guidance="guidance",
        strength="prompt_strength",
        image="image",
        options=frozenset({"go_fast"}),
        fast_mode="go_fast",
    ),
    "flux-schnell": _Input(
        size=_SizeStyle.RATIO,
        count="num_outputs",
        steps="num_inference_steps",
        options=frozenset({"go_fast"}),
        fast_mode="go_fast",
    ),
    "ideogram-v3-quality": _Input(
        size=_SizeStyle.RESOLUTION,
        output_format=None,
        options=frozenset({"magic_prompt_option", "style_type"}),
        max_seed=2**31 - 1,
    ),
    "sdxl": _Input(
        size=_SizeStyle.SIDES,
        count="num_outputs",
        steps="num_inference_steps",
        guidance="guidance_scale",
        strength="prompt_strength",
        negative_prompt="negative_prompt",
        image="image",
        mask="mask",
        output_format=None,
    ),
}

_FORMATS: dict[OutputFormat, str] = {OutputFormat.PNG: "png", OutputFormat.JPEG: "jpg", OutputFormat.WEBP: "webp"}

# `aborted` is a prediction whose deadline passed before it began; the prose of the documentation lists only the others.
# A status that is not here is a new one, and still running as far as we know.
_ENDED: dict[str, str] = {
    "canceled": "Replicate says that the prediction was canceled.",
    "aborted": "Replicate gave up before the prediction began. Repeat the request.",
}

# Replicate has no code for a refusal, only text, so this is the one place where text is searched. Both the words and
# the code E005 were seen on the wire; https://github.com/replicate/replicate-python/issues/397 (checked 2026-11-22).
_REFUSALS = ("nsfw", "flagged as sensitive", "e005")

_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "Replicate did not accept the request."),
    401: (ProviderCredentialsError, "Replicate did not accept our API token. An operator must set it again."),
    402: (ProviderQuotaError, "Our credit at Replicate is used up. An operator must add some."),
    403: (ProviderCredentialsError, "Our API token may not run this model at Replicate. An operator must allow it."),
    404: (ProviderFailedError, "Replicate does not know this model version or prediction."),
    413: (InvalidRequestError, "The input is too large for Replicate."),
    422: (InvalidRequestError, "Replicate did not accept the input."),
    429: (ProviderThrottledError, "Replicate takes no more requests just now. Repeat the request later."),
    503: (ProviderUnavailableError, "Replicate is not available. Repeat the request later."),
    504: (ProviderTimeoutError, "Replicate gave up waiting for the model."),
}


class ReplicateProvider:
    """Creates predictions by `version`, which takes an official model's name as well as a pinned version's id."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the creation of a prediction; it never waits for the result, which could take a minute."""
        options = read_options(_Options, call).model_dump(exclude_none=True)
        names = _INPUTS[call.card.name]
        for name in options:
            if name not in names.options:
                message = f"{call.card.id} does not know the option {name!r}. Leave it out."
                raise UnsupportedFeatureError(message, param=f"provider_options.replicate.{name}")
        if (call.request.seed or 0) > names.max_seed:
            message = f"{call.card.id} takes a `seed` of at most {names.max_seed}."
            raise InvalidValueError(message, param="seed")
        values = {**_wishes(call, names), **_size(call, names), **options}
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/predictions",
            headers={"content-type": "application/json"},
            body=json.dumps({"version": call.card.version, "input": values}).encode(),
            auth=_AUTH,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the new prediction: 201 when it is already over, 202 when it is not."""
        if response.status not in {200, 201, 202}:
            return failed(_NAME, _ERRORS, response, _detail(response))
        return _read(call, response)

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request for the prediction."""
        return HttpRequest(method="GET", url=ref["get"], auth=_AUTH)

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read the prediction; an answer that tells nothing of it is no end of it."""
        if again := ask_again(ref, response, _POLL_AGAIN_SECONDS):
            return again
        if response.status != 200:
            return failed(_NAME, _ERRORS, response, _detail(response))
        return _read(call, response)

    def cancel(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request that stops the prediction."""
        return HttpRequest(method="POST", url=ref["cancel"], auth=_AUTH)

    def read_canceled(self, response: HttpResponse) -> bool:
        """Tell whether the prediction is canceled, which Replicate answers with the prediction itself."""
        return response.status == 200


def _wishes(call: ProviderCall, names: _Input) -> dict[str, JsonValue]:
    request = call.request
    output_format = request.output_format or call.card.default_format
    urls = [picture.url for picture in call.inputs]
    mask = grayscale_mask(call)
    found: dict[str | None, JsonValue] = {
        "prompt": request.prompt,
        "seed": request.seed,
        "output_quality": request.output_compression,
        names.fast_mode: False if request.seed is not None else None,
        names.count: request.count,
        names.steps: request.steps,
        names.guidance: request.guidance,
        names.strength: request.strength,
        names.negative_prompt: request.negative_prompt,
        names.image: urls[0] if urls else None,
        names.images: urls or None,
        names.mask: mask.url if mask else None,
        names.output_format: _FORMATS[output_format],
    }
    return {name: value for name, value in found.items() if name is not None and value is not None}


def _size(call: ProviderCall, names: _Input) -> Mapping[str, JsonValue]:
    size = call.request.size
    if size is None:
        # After fitting, only what is made from an input image is without a size.
        return names.keep_size or {}
    if call.inputs and names.keep_size is None:
        message = f"{call.card.id} keeps the size of the input image. Leave `size` and `aspect_ratio` out."
        raise UnsupportedFeatureError(message, param="size")
    return _named_size(size, call, names.size)


def _named_size(size: Size, call: ProviderCall, style: _SizeStyle) -> Mapping[str, JsonValue]:
    if style is _SizeStyle.RATIO:
        return {"aspect_ratio": call.card.sizes.labels[size]}
    if style is _SizeStyle.RESOLUTION:
        return {"resolution": str(size)}
    sides = {"width": size.width, "height": size.height}
    return {"aspect_ratio": "custom", **sides} if style is _SizeStyle.CUSTOM_RATIO else sides


def _read(call: ProviderCall, response: HttpResponse) -> Submission:
    prediction = read_answer(_Prediction, response.body)
    if prediction is None:
        return Failed(error=ProviderFailedError("Replicate's answer could not be read."))
    metadata: dict[str, JsonValue] = {"prediction_id": prediction.id, "status": prediction.status}
    if prediction.status == "succeeded":
        return _succeeded(call, prediction, metadata)
    if prediction.status == "failed":
        return _failed(call, prediction, metadata)
    if prediction.status in _ENDED:
        return Failed(error=ProviderFailedError(_ENDED[prediction.status]), metadata=metadata)
    urls = prediction.urls or _Urls()
    address = f"{call.base_url}/predictions/{prediction.id}"
    ref = {"get": urls.get or address, "cancel": urls.cancel or f"{address}/cancel"}
    return Pending(ref=ref, poll_after_seconds=_POLL_AFTER_SECONDS, metadata=metadata)


def _succeeded(call: ProviderCall, prediction: _Prediction, metadata: Mapping[str, JsonValue]) -> Submission:
    if prediction.output is None or prediction.output == "":
        # Inputs and outputs are deleted an hour after the end: https://replicate.com/docs/topics/predictions/data-retention
        reason = "deleted it before it was fetched" if prediction.data_removed else "gave no image"
        return Failed(error=ProviderFailedError(f"Replicate made the picture, and {reason}."), metadata=metadata)
    urls = prediction.output if isinstance(prediction.output, list) else [prediction.output]
    usage = _usage(call, prediction)
    if not urls:
        # Some models leave unsafe pictures out of the list, so an empty list is a refusal and not an accident.
        message = "Replicate withheld every picture as unsafe."
        return Refused(message=message, stage=Stage.IMAGE, usage=usage, metadata=metadata)
    # One seed makes the whole list; it brings back only the first picture by itself. Replicate tells no seed.
    seeds = [call.request.seed, *(None for _ in urls[1:])]
    return Completed(
        images=tuple(RemoteImage(url=url, seed=seed) for url, seed in zip(urls, seeds, strict=True)),
        model_version=None if prediction.version == _HIDDEN else prediction.version,
        withheld=max(call.request.count - len(urls), 0),
        usage=usage,
        metadata=metadata,
    )


def _failed(call: ProviderCall, prediction: _Prediction, metadata: Mapping[str, JsonValue]) -> Submission:
    text = shorten(prediction.error or "it gave no reason")
    if any(pattern in text.lower() for pattern in _REFUSALS):
        return Refused(message=text, usage=_usage(call, prediction), metadata=metadata)
    return Failed(error=ProviderFailedError(f"The model at Replicate failed: {text}"), metadata=metadata)


def _usage(call: ProviderCall, prediction: _Prediction) -> Usage | None:
    """Return the billed seconds where the card has a price for them; other models are billed by the picture."""
    seconds = prediction.metrics.predict_time if prediction.metrics else None
    if seconds is None or all(row.unit is not PriceUnit.SECOND for row in call.card.prices):
        return None
    return Usage(quantities={PriceUnit.SECOND: seconds})


def _detail(response: HttpResponse) -> str | None:
    problem = read_answer(_Problem, response.body)
    return (problem.detail or problem.title) if problem else None


provider = ReplicateProvider()
