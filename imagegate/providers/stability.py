"""Stability AI, Stable Image v2beta: multipart calls that answer with the picture itself, two of them to be polled.

An API key as bearer token. https://platform.stability.ai/docs/api-reference (checked 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    BodyTooLargeError,
    InvalidRequestError,
    ModelNotFoundError,
    ModelRetiredError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, ProviderRef, Refused, Submission
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.multipart import encode
from imagegate.reading import Answer, ErrorTable, ask_again, failed, grayscale_mask, read_answer, read_options
from imagegate.stable_image import SIDES, Needs, StableImageOptions, Text, ZeroToOne, check_needs

_AUTH = (ApiKeyHeader(prefix="Bearer "),)
_READ_TIMEOUT_SECONDS = 120.0
# "Poll no more than once every 10 seconds"; a key that is over its limit is shut out for 60, which no header says.
_POLL_SECONDS = 10.0
_THROTTLED_SECONDS = 60
# 0 means "random" there, and 4294967295 is one too many; these stand for them.
_SEEDS = {0: 2_147_483_647, 4_294_967_295: 2_147_483_646}


class StabilityOptions(StableImageOptions):
    """What a caller may put into `provider_options.stability`; which of it a model takes stands with its endpoint."""

    foreground_prompt: Text | None = None
    preserve_original_subject: ZeroToOne | None = None
    original_background_depth: ZeroToOne | None = None
    keep_original_background: Literal["true", "false"] | None = None
    light_source_direction: Literal["left", "right", "above", "below"] | None = None
    light_source_strength: ZeroToOne | None = None


class _Started(Answer):
    id: str = Field(min_length=1)


class _Problem(Answer):
    name: str | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint(Needs):
    """One operation: the parts of its form, and the options it takes, of which one of some may be required."""

    path: str
    # The part that the prompt goes to; None where there is none.
    prompt: str | None = "prompt"
    is_async: bool = False


_SD3 = _Endpoint(path="generate/sd3", options=("style_preset",), needs_pictures=0, strength=0.7)

# By the version in the model card.
_ENDPOINTS: Mapping[str, _Endpoint] = {
    "core": _Endpoint(path="generate/core", options=("style_preset",), pictures=(), needs_pictures=0),
    "ultra": _Endpoint(path="generate/ultra", needs_pictures=0, strength=0.7),
    "sd3.5-large": _SD3,
    "sd3.5-large-turbo": _SD3,
    "sd3.5-medium": _SD3,
    # Stability recommends 0.94 to 0.97 for this one.
    "sd3.5-flash": replace(_SD3, strength=0.95),
    "inpaint": _Endpoint(path="edit/inpaint", options=("grow_mask",)),
    "erase": _Endpoint(path="edit/erase", prompt=None, options=("grow_mask",)),
    "outpaint": _Endpoint(path="edit/outpaint", needs_prompt=False, options=(*SIDES, "creativity"), needs_one_of=SIDES),
    "search-and-replace": _Endpoint(
        path="edit/search-and-replace", options=("search_prompt", "grow_mask"), needs_one_of=("search_prompt",)
    ),
    "search-and-recolor": _Endpoint(
        path="edit/search-and-recolor", options=("select_prompt", "grow_mask"), needs_one_of=("select_prompt",)
    ),
    "remove-background": _Endpoint(path="edit/remove-background", prompt=None),
    "replace-background-and-relight": _Endpoint(
        path="edit/replace-background-and-relight",
        prompt="background_prompt",
        needs_prompt=False,
        pictures=("subject_image", "background_reference", "light_reference"),
        options=(
            "foreground_prompt",
            "preserve_original_subject",
            "original_background_depth",
            "keep_original_background",
            "light_source_direction",
            "light_source_strength",
        ),
        is_async=True,
    ),
    "upscale-fast": _Endpoint(path="upscale/fast", prompt=None),
    "upscale-conservative": _Endpoint(path="upscale/conservative", options=("creativity",)),
    "upscale-creative": _Endpoint(path="upscale/creative", options=("creativity",), is_async=True),
    "sketch": _Endpoint(path="control/sketch", options=("control_strength",)),
    "structure": _Endpoint(path="control/structure", options=("control_strength",)),
    "style": _Endpoint(path="control/style", options=("fidelity",), has_ratio_with_pictures=True),
    "style-transfer": _Endpoint(
        path="control/style-transfer",
        needs_prompt=False,
        pictures=("init_image", "style_image"),
        needs_pictures=2,
        options=("style_strength", "composition_fidelity", "change_strength"),
    ),
}

# A 403 or 422 whose `name` is one of these is the moderation's word; the vendor states that none of them is billed.
_REFUSALS: Mapping[str, tuple[Stage, str]] = {
    "content_moderation": (Stage.PROVIDER, "The prompt or an input image was flagged. Change it."),
    "public_figure": (Stage.IMAGE, "An input image shows a public figure. Send another image."),
    "invalid_language": (Stage.PROMPT, "Prompts must be in English. Translate the prompt."),
}

_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "Stability did not accept the request. Change what it names."),
    401: (ProviderCredentialsError, "Stability did not accept the API key. Run `imagegate secrets set stability`."),
    402: (ProviderQuotaError, "The account at Stability has no credits left. Buy credits there."),
    403: (ProviderCredentialsError, "Stability does not let this API key do that. Check the key's account there."),
    404: (ModelNotFoundError, "Stability does not know this model any more. Choose another from GET /v1/models."),
    408: (ProviderTimeoutError, "Stability gave up waiting. Repeat the request."),
    413: (BodyTooLargeError, "Stability takes at most 10 MiB of pictures in one request. Send smaller ones."),
    422: (InvalidRequestError, "Stability could not process the request. Change what it names."),
    429: (ProviderThrottledError, "Stability takes at most 150 requests in 10 seconds. Repeat in a minute."),
    500: (ProviderFailedError, "Stability failed. It may have charged; look there before you repeat the request."),
    503: (ProviderUnavailableError, "Stability is not available. Repeat the request in a moment."),
    504: (ProviderTimeoutError, "Stability gave up waiting for its model. Repeat the request."),
}


class StabilityProvider:
    """Speaks to the v2beta endpoints; the answer is bytes, as base64 would have to be decoded again."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the form; every call is multipart, with pictures or without."""
        endpoint = _endpoint(call)
        options = read_options(StabilityOptions, call).model_dump(exclude_none=True)
        check_needs(call, endpoint, options, has_prompt=endpoint.prompt is not None)
        files = [
            (name, name, picture.media_type, picture.data)
            for name, picture in zip(endpoint.pictures, call.inputs, strict=False)
        ]
        mask = grayscale_mask(call)
        if mask is not None:
            files.append(("mask", "mask", mask.media_type, mask.data))
        accept = "application/json" if endpoint.is_async else "image/*"
        body, content_type = encode(_fields(call, endpoint, options), files)
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/v2beta/stable-image/{endpoint.path}",
            headers={"content-type": content_type, "accept": accept, **_client(call)},
            body=body,
            auth=_AUTH,
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the picture, or the id under which it will be found."""
        if response.status != 200:
            return _failure(response)
        endpoint = _endpoint(call)
        if not endpoint.is_async:
            return _picture(call, endpoint, response)
        started = read_answer(_Started, response.body)
        if started is None:
            return _unreadable("Stability took the request and gave no id for it. It may have charged.")
        return Pending(ref={"id": started.id}, poll_after_seconds=_POLL_SECONDS)

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request for the result, which only the same key may read."""
        return HttpRequest(
            method="GET",
            url=f"{call.base_url}/v2beta/results/{quote(ref['id'], safe='')}",
            headers={"accept": "*/*", **_client(call)},
            auth=_AUTH,
        )

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read the result; a failure to tell it is none of the work itself, so it is asked for again."""
        if response.status == 200:
            return _picture(call, _endpoint(call), response)
        if response.status == 202:
            return Pending(ref=ref, poll_after_seconds=_POLL_SECONDS)
        if again := ask_again(ref, response, _THROTTLED_SECONDS if response.status == 429 else _POLL_SECONDS):
            return again
        if response.status == 404:
            return _unreadable("Stability no longer has the result: it keeps one for 24 hours, for the same key only.")
        return _failure(response)


def _endpoint(call: ProviderCall) -> _Endpoint:
    endpoint = _ENDPOINTS.get(call.card.version)
    if endpoint is None:
        message = f"{call.card.id} was shut down. Use {call.card.lifecycle.replacement} in its place."
        raise ModelRetiredError(message, param="model")
    return endpoint


def _fields(call: ProviderCall, endpoint: _Endpoint, options: Mapping[str, object]) -> list[tuple[str, str]]:
    request, is_sd3 = call.request, endpoint.path == _SD3.path
    strength = request.strength if request.strength is not None else endpoint.strength
    values: dict[str, object] = {
        "model": call.card.version if is_sd3 else None,
        "mode": "image-to-image" if is_sd3 and call.inputs else None,
        endpoint.prompt or "prompt": (request.prompt or None) if endpoint.prompt else None,
        "negative_prompt": request.negative_prompt,
        "aspect_ratio": call.card.sizes.labels.get(request.size) if request.size else None,
        "seed": None if request.seed is None else _SEEDS.get(request.seed, request.seed),
        "strength": strength if call.inputs else None,
        "cfg_scale": request.guidance,
        "output_format": request.output_format.value if request.output_format else None,
        **options,
    }
    return [(name, str(value)) for name, value in values.items() if value is not None]


def _client(call: ProviderCall) -> dict[str, str]:
    # Stability asks a gateway to name itself and, opaquely, its user, to have whom to tell about abuse.
    user = {"stability-client-user-id": call.end_user} if call.end_user else {}
    return {"stability-client-id": "imagegate", **user}


def _picture(call: ProviderCall, endpoint: _Endpoint, response: HttpResponse) -> Submission:
    headers = response.headers
    reason = headers.get("finish-reason", "SUCCESS")
    metadata = {"request_id": headers.get("x-request-id"), "finish_reason": reason}
    if reason == "CONTENT_FILTERED":
        # A blurred picture came with it. Only failed generations are free, and the vendor counts this as a success.
        billed = Usage(quantities={PriceUnit.IMAGE: Decimal(1)})
        message = "The picture it made was flagged. Change the prompt."
        return Refused(message=message, stage=Stage.IMAGE, usage=billed, metadata=metadata)
    if reason != "SUCCESS":
        return _unreadable(f"Stability ended with the unknown reason {reason[:40]!r}. Repeat the request.")
    if not headers.get("content-type", "").startswith("image/") or not response.body:
        return _unreadable("Stability reported success without a picture. It may have charged; look there.")
    seed = headers.get("seed", "")
    return Completed(
        images=(InlineImage(data=response.body, seed=int(seed) if seed.isdecimal() else None),),
        warnings=_warnings(call, endpoint),
        metadata=metadata,
    )


def _warnings(call: ProviderCall, endpoint: _Endpoint) -> tuple[RequestWarning, ...]:
    found = []
    if endpoint.prompt is None and call.request.prompt.strip():
        message = f"{call.card.id} takes no prompt; it was not used."
        found.append(RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="prompt"))
    if call.request.seed in _SEEDS:
        message = f"Stability does not take the seed {call.request.seed}; {_SEEDS[call.request.seed]} was sent."
        found.append(RequestWarning(type=WarningType.ADJUSTED, message=message, param="seed"))
    return tuple(found)


def _failure(response: HttpResponse) -> Submission:
    problem = read_answer(_Problem, response.body) or _Problem()
    if problem.name is not None and problem.name in _REFUSALS:
        stage, message = _REFUSALS[problem.name]
        return Refused(message=message, stage=stage, metadata={"status": response.status, "name": problem.name})
    if response.status == 429:
        response = replace(response, headers={"retry-after": str(_THROTTLED_SECONDS), **response.headers})
    return failed("Stability", _ERRORS, response, " ".join(problem.errors))


def _unreadable(message: str) -> Failed:
    return Failed(error=ProviderFailedError(message))


provider = StabilityProvider()
