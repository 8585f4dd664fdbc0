"""Replicate: many models behind one asynchronous API; a prediction is created, then polled; `Authorization: Bearer`.

The envelope is the same for every model; the names inside `input` are each model's own and stand in a table elsewhere.
https://replicate.com/docs/reference/http and https://replicate.com/docs/topics/predictions (checked 2026-11-22)

Nothing in the list of predictions says who asked for which, so a seed of our own marks each one that has none.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from pydantic import Field

from imagegate.domain.callback import Proof, StandardWebhooks
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
from imagegate.domain.request import JsonValue, OutputFormat, Size
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
from imagegate.replicate_models import INPUTS, Input, SizeStyle

_NAME = "Replicate"
_AUTH = (ApiKeyHeader(prefix="Bearer "),)
_HIDDEN = "hidden"
_POLL_AGAIN_SECONDS = 3.0
_POLL_AFTER_SECONDS = 1.0
# Clocks differ, and what took long to send was created late.
_EARLIER, _LATER = timedelta(minutes=1), timedelta(minutes=3)


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


class _Listed(Answer):
    id: str
    # Empty from an hour after the end.
    input: dict[str, JsonValue] | None = None


class _Listing(Answer):
    results: list[_Listed]


class _Problem(Answer):
    title: str | None = None
    detail: str | None = None


_FORMATS: dict[OutputFormat, str] = {OutputFormat.PNG: "png", OutputFormat.JPEG: "jpg", OutputFormat.WEBP: "webp"}

# These were over with a result or an error of the model before anything could stop them.
_MADE = frozenset({"succeeded", "failed"})
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
        names = INPUTS[call.card.name]
        for name in options:
            if name not in names.options:
                message = f"{call.card.id} does not know the option {name!r}. Leave it out."
                raise UnsupportedFeatureError(message, param=f"provider_options.replicate.{name}")
        if (call.request.seed or 0) > names.max_seed:
            message = f"{call.card.id} takes a `seed` of at most {names.max_seed}."
            raise InvalidValueError(message, param="seed")
        values = {**_wishes(call, names), **_size(call, names), **options}
        callback = {"webhook": call.callback_url, "webhook_events_filter": ["completed"]} if call.callback_url else {}
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/predictions",
            headers={"content-type": "application/json"},
            body=json.dumps({"version": call.card.version, "input": values, **callback}).encode(),
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
        """Tell whether the prediction stops; Replicate answers with it, and it may have been over already."""
        prediction = read_answer(_Prediction, response.body) if response.status == 200 else None
        return prediction is not None and prediction.status not in _MADE

    def proof(self, base_url: str) -> Proof:
        """Return Standard Webhooks; the secret is at https://api.replicate.com/v1/webhooks/default/secret."""
        return StandardWebhooks()

    def find_ref(self, call: ProviderCall, body: bytes) -> ProviderRef | None:
        """Read which prediction the callback holds."""
        prediction = read_answer(_Prediction, body)
        return _ref(call, prediction.id, prediction.urls) if prediction else None

    def read_callback(self, call: ProviderCall, ref: ProviderRef, body: bytes) -> Submission:
        """Read the prediction, which is the whole body."""
        prediction = read_answer(_Prediction, body)
        if prediction is None or prediction.id != ref.get("id", prediction.id):
            return Pending(ref=ref, poll_after_seconds=0)
        return _read_prediction(call, prediction)

    def find(self, call: ProviderCall, since: datetime) -> HttpRequest | None:
        """Describe the request for the predictions of those minutes; a seed of the caller's own marks nothing."""
        if call.request.seed is not None or _seed(call) is None:
            return None
        begin, end = ((since + shift).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for shift in (-_EARLIER, _LATER))
        query = urlencode({"created_after": begin, "created_before": end})
        return HttpRequest(method="GET", url=f"{call.base_url}/predictions?{query}", auth=_AUTH)

    def read_found(self, call: ProviderCall, response: HttpResponse) -> Submission | None:
        """Read which prediction has the call's seed and prompt, and leave it to be polled."""
        listing = read_answer(_Listing, response.body) if response.status == 200 else None
        for one in listing.results if listing else ():
            told = one.input or {}
            if (told.get("seed"), told.get("prompt")) == (_seed(call), call.request.prompt):
                return Pending(ref=_ref(call, one.id, None), poll_after_seconds=0)
        return None


def _wishes(call: ProviderCall, names: Input) -> dict[str, JsonValue]:
    request = call.request
    output_format = request.output_format or call.card.default_format
    urls = [picture.url for picture in call.inputs]
    mask = grayscale_mask(call)
    found: dict[str | None, JsonValue] = {
        "prompt": request.prompt,
        "seed": _seed(call),
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


def _seed(call: ProviderCall) -> int | None:
    if call.request.seed is not None or not call.card.has_seed or not call.nonce:
        return call.request.seed
    # 31 bits, which every model takes.
    return int.from_bytes(hashlib.sha256(call.nonce.encode()).digest()[:4]) >> 1


def _size(call: ProviderCall, names: Input) -> Mapping[str, JsonValue]:
    size = call.request.size
    if size is None:
        # After fitting, only what is made from an input image is without a size.
        return names.keep_size or {}
    if call.inputs and names.keep_size is None:
        message = f"{call.card.id} keeps the size of the input image. Leave `size` and `aspect_ratio` out."
        raise UnsupportedFeatureError(message, param="size")
    return _named_size(size, call, names.size)


def _named_size(size: Size, call: ProviderCall, style: SizeStyle) -> Mapping[str, JsonValue]:
    if style is SizeStyle.RATIO:
        return {"aspect_ratio": call.card.sizes.labels[size]}
    if style is SizeStyle.RESOLUTION:
        return {"resolution": str(size)}
    sides = {"width": size.width, "height": size.height}
    return {"aspect_ratio": "custom", **sides} if style is SizeStyle.CUSTOM_RATIO else sides


def _read(call: ProviderCall, response: HttpResponse) -> Submission:
    prediction = read_answer(_Prediction, response.body)
    if prediction is None:
        return Failed(error=ProviderFailedError("Replicate's answer could not be read."))
    return _read_prediction(call, prediction)


def _read_prediction(call: ProviderCall, prediction: _Prediction) -> Submission:
    metadata: dict[str, JsonValue] = {"prediction_id": prediction.id, "status": prediction.status}
    if prediction.status == "succeeded":
        return _succeeded(call, prediction, metadata)
    if prediction.status == "failed":
        return _failed(call, prediction, metadata)
    if prediction.status in _ENDED:
        return Failed(error=ProviderFailedError(_ENDED[prediction.status]), metadata=metadata)
    ref = _ref(call, prediction.id, prediction.urls)
    return Pending(ref=ref, poll_after_seconds=_POLL_AFTER_SECONDS, metadata=metadata)


def _ref(call: ProviderCall, prediction_id: str, urls: _Urls | None) -> ProviderRef:
    given, address = urls or _Urls(), f"{call.base_url}/predictions/{quote(prediction_id, safe='')}"
    return {"id": prediction_id, "get": given.get or address, "cancel": given.cancel or f"{address}/cancel"}


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
    # One seed makes the whole list; it brings back only the first picture by itself. Replicate tells no seed, and one
    # that we drew ourselves brings nothing back where the fast mode was left on.
    seed = call.request.seed if INPUTS[call.card.name].fast_mode else _seed(call)
    seeds = [seed, *(None for _ in urls[1:])]
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
