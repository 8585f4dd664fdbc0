"""Ideogram, second generation of its API (/v2/image): asynchronous on our request, `Api-Key` header.

https://developer.ideogram.ai/api-reference/images/generate/ideogram-4-6 and
https://developer.ideogram.ai/ideogram-api/responses-and-metadata (checked 2026-11-22). The endpoints answer with the
pictures unless `async` is sent. It is sent: a picture can take a minute, which is longer than the gateway can wait for
one answer, and a generation whose id is known is never lost. An answer that has pictures all the same is read too.

Precise edit takes a mask that is black where the picture changes, where ours is white or transparent there; turning one
into the other needs pixels, so its card has no mask. Values are lower case here and upper case in the first generation.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from urllib.parse import quote

from imagegate.domain.callback import Ed25519Signature, Proof
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    InvalidValueError,
    MissingParameterError,
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
from imagegate.domain.request import JsonValue, Quality
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.multipart import File, encode
from imagegate.reading import (
    Answer,
    ErrorTable,
    NoOptions,
    Options,
    ask_again,
    failed,
    read_answer,
    read_options,
    shorten,
)

_AUTH = (ApiKeyHeader(header="Api-Key"),)
_MAX_SEED = 2**31 - 1
# The limit of polls is generous: 1,000 in ten seconds.
_POLL_SECONDS = 2.0
_POLL_AGAIN_SECONDS = 5.0


class _EditOptions(Options):
    enable_copyright_detection: bool | None = None


class _PromptOptions(_EditOptions):
    magic_prompt: Literal["auto", "on", "off"] | None = None


class _StyleOptions(_PromptOptions):
    style_type: Literal["auto", "general", "realistic", "design", "fiction"] | None = None
    style_preset: str | None = None
    # A preset's name or members with weights; the provider checks it.
    color_palette: dict[str, JsonValue] | None = None


class _Picture(Answer):
    url: str | None = None
    seed: int | None = None
    is_image_safe: bool = True


class _Generation(Answer):
    generation_id: str
    # Absent from the answer to a submission.
    status: str | None = None
    failure_reason: str | None = None
    usage_cost_usd_micros: int | None = None
    data: list[_Picture] | None = None


class _Problem(Answer):
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """How the endpoints differ."""

    options: type[Options] = _PromptOptions
    # The field for the size, None where the input image gives it.
    size: str | None = None
    # The field for the quality and its words.
    quality: str | None = None
    words: dict[Quality, str] | None = None
    # The fields for the first input image and for the others.
    image: str = "images"
    others: str = "images"
    needs_image: bool = False
    has_prompt: bool = True


_QUALITIES = {Quality.LOW: "low", Quality.MEDIUM: "medium", Quality.HIGH: "high"}
_SPEEDS = {Quality.LOW: "turbo", Quality.MEDIUM: "default", Quality.HIGH: "quality"}
_LATEST = _Shape(size="size", quality="quality", words=_QUALITIES)
# By the last two parts of the endpoint's path, which are the version on the card.
_SHAPES: dict[str, _Shape] = {
    "generate/ideogram-4-6": _LATEST,
    "generate/ideogram-4-5": _LATEST,
    "generate/ideogram-4": _Shape(size="resolution", quality="rendering_speed", words=_SPEEDS),
    "generate/ideogram-3": _Shape(options=_StyleOptions, size="resolution", quality="rendering_speed", words=_SPEEDS),
    "precise-edit/ideogram-4-5": _Shape(
        options=_EditOptions,
        quality="quality",
        words=_QUALITIES,
        image="image",
        others="reference_images",
        needs_image=True,
    ),
    "remove-background/ideogram-1": _Shape(options=NoOptions, image="image", needs_image=True, has_prompt=False),
}

# Every other status, known (pending) or not, is work in progress.
_COMPLETED = "completed"
_FAILED = "failed"
# Failures that are refusals; they are not billed.
_REFUSAL_REASONS = frozenset({"content_policy_violation"})

_REFUSED = 422
_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "Ideogram did not accept the request."),
    401: (ProviderCredentialsError, "Ideogram does not accept the key. An operator must set it again."),
    # Not a rate limit: the account's funds or its daily limit are used up.
    402: (ProviderQuotaError, "The account with Ideogram is out of funds or over its daily limit."),
    403: (ProviderCredentialsError, "The key for Ideogram may not use this model."),
    404: (ProviderFailedError, "Ideogram does not know this model or generation."),
    408: (ProviderTimeoutError, "Ideogram gave up waiting."),
    413: (InvalidRequestError, "The input images are too large for Ideogram."),
    # The limit is of images in progress, ten for an organization, and not of requests.
    429: (ProviderThrottledError, "Too many images are in progress at Ideogram. Repeat the request in a moment."),
    500: (ProviderFailedError, "Ideogram failed. The request may have been charged."),
    503: (ProviderUnavailableError, "Ideogram is busy. Repeat the request in a moment."),
    504: (ProviderTimeoutError, "Ideogram gave up waiting."),
}


class IdeogramProvider:
    """Speaks to the /v2/image endpoints."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request: JSON, or a form where there are pictures to send."""
        shape = _SHAPES[call.card.version]
        fields = _fields(shape, call)
        if call.inputs:
            form = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in fields.items()]
            body, content_type = encode(form, _files(shape, call))
        else:
            body, content_type = json.dumps(fields).encode(), "application/json"
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/v2/image/{call.card.version}",
            headers={"content-type": content_type, "accept": "application/json"},
            body=body,
            auth=_AUTH,
            read_timeout_seconds=25.0,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the id of the generation, or the pictures where they came at once."""
        if response.status == _REFUSED:
            return Refused(
                message=shorten(_words(response) or "The prompt or an input image was refused."),
                stage=Stage.PROVIDER if call.inputs else Stage.PROMPT,
                metadata={"status": _REFUSED},
            )
        if response.status not in {200, 202}:
            return failed("Ideogram", _ERRORS, response, _words(response))
        generation = read_answer(_Generation, response.body)
        if generation is None:
            return _unreadable()
        if generation.data is not None:
            return _read_pictures(call, generation)
        return Pending(ref={"generation_id": generation.generation_id}, poll_after_seconds=_POLL_SECONDS)

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the question how far the generation is."""
        return HttpRequest(
            method="GET",
            url=f"{call.base_url}/v2/generations/{quote(ref['generation_id'], safe='')}",
            headers={"accept": "application/json"},
            auth=_AUTH,
            read_timeout_seconds=10.0,
        )

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read how far the generation is; a poll that was shed says nothing about it."""
        again = ask_again(ref, response, _POLL_AGAIN_SECONDS)
        if again is not None:
            return again
        if response.status != 200:
            return failed("Ideogram", _ERRORS, response, _words(response))
        generation = read_answer(_Generation, response.body)
        if generation is None:
            return _unreadable()
        return _read_generation(call, ref, generation)

    def proof(self, base_url: str) -> Proof:
        """Return Ideogram's signature; its keys are published by the API itself."""
        return Ed25519Signature(
            jwks_url=f"{base_url}/v1/.well-known/jwks.json",
            id_header="x-ideogram-webhook-generation-id",
            user_header="x-ideogram-webhook-user-id",
            timestamp_header="x-ideogram-webhook-timestamp",
            signature_header="x-ideogram-webhook-signature",
        )

    def find_ref(self, call: ProviderCall, body: bytes) -> ProviderRef | None:
        """Read which generation the callback is about."""
        generation = read_answer(_Generation, body)
        return {"generation_id": generation.generation_id} if generation else None

    def read_callback(self, call: ProviderCall, ref: ProviderRef, body: bytes) -> Submission:
        """Read the generation: as a poll would tell it, or as one that is answered at once, which has no status."""
        generation = read_answer(_Generation, body)
        if generation is None or generation.generation_id != ref.get("generation_id", generation.generation_id):
            return Pending(ref=ref, poll_after_seconds=0)
        if generation.status is None and generation.data:
            return _read_pictures(call, generation)
        return _read_generation(call, {"generation_id": generation.generation_id}, generation)


def _read_generation(call: ProviderCall, ref: ProviderRef, generation: _Generation) -> Submission:
    if generation.status == _COMPLETED:
        return _read_pictures(call, generation)
    if generation.status == _FAILED:
        return _read_failure(generation)
    return Pending(ref=ref, poll_after_seconds=_POLL_SECONDS, metadata={"status": generation.status})


def _fields(shape: _Shape, call: ProviderCall) -> dict[str, JsonValue]:
    request = call.request
    if request.seed is not None and request.seed > _MAX_SEED:
        message = f"{call.card.id} takes seeds up to {_MAX_SEED}."
        raise InvalidValueError(message, param="seed")
    if request.size is not None and shape.size is None:
        message = f"{call.card.id} makes the size that the input image has. Leave `size` out."
        raise UnsupportedFeatureError(message, param="size")
    if shape.needs_image and not call.inputs:
        message = f"{call.card.id} changes a picture. Send one as `image`."
        raise MissingParameterError(message, param="image")
    if shape.has_prompt and not request.prompt.strip():
        raise EmptyPromptError(f"{call.card.id} needs a prompt. Say what to draw.", param="prompt")
    wishes: dict[str, JsonValue] = {
        "prompt": request.prompt if shape.has_prompt else None,
        "num_images": request.count if shape.has_prompt else None,
        "negative_prompt": request.negative_prompt,
        "seed": request.seed,
        **({shape.size: str(request.size)} if shape.size and request.size else {}),
        **({shape.quality: shape.words[request.quality]} if shape.quality and shape.words else {}),
        **read_options(shape.options, call).model_dump(),
        "async": True,
        "webhook_url": call.callback_url,
    }
    return {name: wish for name, wish in wishes.items() if wish is not None}


def _files(shape: _Shape, call: ProviderCall) -> list[File]:
    names = [shape.image, *(shape.others for _ in call.inputs[1:])]
    return [
        (name, f"{number}.{one.media_type.removeprefix('image/')}", one.media_type, one.data)
        for number, (name, one) in enumerate(zip(names, call.inputs, strict=True), start=1)
    ]


def _read_pictures(call: ProviderCall, generation: _Generation) -> Submission:
    pictures = generation.data or []
    safe = [one for one in pictures if one.is_image_safe]
    images = tuple(RemoteImage(url=one.url, seed=one.seed) for one in safe if one.url)
    withheld = len(pictures) - len(safe)
    # A picture that was withheld is billed like the others:
    # https://developer.ideogram.ai/ideogram-api/responses-and-metadata (2026-11-22)
    usage = Usage(quantities={PriceUnit.IMAGE: Decimal(len(pictures))})
    metadata: dict[str, JsonValue] = {
        "generation_id": generation.generation_id,
        "usage_cost_usd_micros": generation.usage_cost_usd_micros,
    }
    if images:
        return Completed(
            images=images, withheld=withheld, usage=usage, metadata=metadata, warnings=_unused_prompt(call)
        )
    if withheld:
        message = "The pictures that were made were withheld."
        return Refused(message=message, stage=Stage.IMAGE, usage=usage, metadata=metadata)
    message = "Ideogram reported success without an image. It may have been charged."
    return Failed(error=ProviderFailedError(message), metadata=metadata)


def _unused_prompt(call: ProviderCall) -> tuple[RequestWarning, ...]:
    if _SHAPES[call.card.version].has_prompt or not call.request.prompt.strip():
        return ()
    message = f"{call.card.id} takes no prompt; it was not used."
    return (RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="prompt"),)


def _read_failure(generation: _Generation) -> Submission:
    reason = generation.failure_reason
    metadata: dict[str, JsonValue] = {"generation_id": generation.generation_id, "failure_reason": reason}
    if reason in _REFUSAL_REASONS:
        return Refused(message="The content was refused.", metadata=metadata)
    return Failed(error=ProviderFailedError("Ideogram could not make the picture."), metadata=metadata)


def _words(response: HttpResponse) -> str | None:
    problem = read_answer(_Problem, response.body)
    return problem.error if problem else None


def _unreadable() -> Failed:
    return Failed(error=ProviderFailedError("Ideogram's answer could not be read. The request may have been charged."))


provider = IdeogramProvider()
