"""OpenAI's Images API and its GPT Image models: synchronous, with an API key; a lost answer is a lost picture.

https://developers.openai.com/api/docs/guides/image-generation (checked 2026-11-22). There is no job to poll, no seed,
no negative prompt and no idempotency key, so a request is never sent twice.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from imagegate import openai_batch
from imagegate.domain.errors import (
    InvalidRequestError,
    ModelNotFoundError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage, RemoteImage
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Refused, Submission
from imagegate.domain.request import Background, Operation, OutputFormat
from imagegate.domain.vendor_batch import BatchWish, VendorBatch, VendorLine
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.multipart import encode
from imagegate.reading import (
    Answer,
    ErrorTable,
    Options,
    PictureBytes,
    edit_files,
    failed,
    read_answer,
    read_options,
)

_NAME = "OpenAI"
# The vendor's SDK waits 600 seconds; a function of ours lives for less. High quality was seen to take over 150.
_READ_TIMEOUT_SECONDS = 280.0
# Four pictures of 3840x2160 as PNG in base64.
_MAX_RESPONSE_BYTES = 96 * 1024 * 1024

Fields = Mapping[str, str | int]


class _Wishes(Options):
    """What only OpenAI has: how strictly it moderates, how much it plans, how close an edit stays to its source."""

    moderation: Literal["auto", "low"] | None = None
    complexity: Literal["low", "medium", "high"] | None = None
    input_fidelity: Literal["low", "high"] | None = None


class _Picture(Answer):
    b64_json: PictureBytes | None = None
    url: str | None = None


class _Tokens(Answer):
    text_tokens: int | None = None
    image_tokens: int | None = None


class _Usage(Answer):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Tokens | None = None
    output_tokens_details: _Tokens | None = None


class _Images(Answer):
    data: list[_Picture] | None = None
    created: int | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    output_format: str | None = None
    usage: _Usage | None = None


class _Error(Answer):
    code: str | None = None
    type: str | None = None
    message: str | None = None
    param: str | None = None


class _ErrorAnswer(Answer):
    error: _Error = _Error()


# The operation that an option belongs to, and the beginnings of the names of the models that know it.
_OPTION_OPERATIONS: dict[str, Operation] = {
    # The multipart form of an edit has no such field in the vendor's SDK.
    "moderation": Operation.GENERATE,
    "input_fidelity": Operation.EDIT,
}
_OPTION_MODELS: dict[str, tuple[str, ...]] = {
    "complexity": ("gpt-image-2.6-",),
    # gpt-image-2 always works at high fidelity and refuses the field.
    "input_fidelity": ("gpt-image-1", "chatgpt-image-", "gpt-image-2.5-", "gpt-image-2.6-"),
}

_REFUSALS = {"moderation_blocked", "content_policy_violation"}
# The categories are told in the message only, as `safety_violations=[violence, sexual]`; so this once text is read.
_VIOLATIONS = re.compile(r"safety_violations=\[([^\]]*)\]")
_CATEGORIES: dict[str, str] = {
    "sexual": "sexual.explicit",
    "sexual/minors": "child_safety",
    "minors": "child_safety",
    "violence": "violence.graphic",
    "violence/graphic": "violence.graphic",
    "self-harm": "self_harm",
    "self_harm": "self_harm",
    "hate": "hate",
    "harassment": "harassment",
    "illicit": "illicit",
    "extremism": "extremism",
}

_QUOTA = (
    ProviderQuotaError,
    "OpenAI's quota or credit for this account is used up. An operator must raise the limit; repeating does not help.",
)
# What `error.code` or `error.type` means, whatever the status beside it.
_BY_CODE: dict[str, tuple[type[ProviderQuotaError] | type[ModelNotFoundError], str]] = {
    "insufficient_quota": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "model_not_found": (
        ModelNotFoundError,
        "OpenAI does not offer this model, or not to this account. Choose another model.",
    ),
}
_BY_STATUS: ErrorTable = {
    400: (InvalidRequestError, "OpenAI does not accept this request. Change it before you send it again."),
    401: (ProviderCredentialsError, "OpenAI does not accept the API key. An operator must set another."),
    403: (
        ProviderCredentialsError,
        "OpenAI does not let this account make images. An operator must verify the organization or allow the model.",
    ),
    404: (ProviderFailedError, "There is no OpenAI API at the configured address. An operator must correct it."),
    408: (ProviderFailedError, "OpenAI broke the request off; it may have been charged."),
    409: (ProviderFailedError, "OpenAI met a conflict; the request may have been charged."),
    413: (InvalidRequestError, "The input images are too large for OpenAI. Send smaller ones."),
    422: (InvalidRequestError, "OpenAI cannot process this request. Change it before you send it again."),
    429: (ProviderThrottledError, "OpenAI takes no more requests just now. Repeat the request later."),
    500: (ProviderFailedError, "OpenAI failed; the request may have been charged."),
    502: (ProviderFailedError, "OpenAI failed; the request may have been charged."),
    503: (ProviderUnavailableError, "OpenAI is overloaded. Repeat the request in a moment."),
    504: (ProviderTimeoutError, "OpenAI took too long. Ask for a lower quality or a smaller size."),
}


class OpenAIProvider:
    """Speaks to `/images/generations` and `/images/edits`."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request; an edit is a form, as its pictures are."""
        wishes = _read_wishes(call)
        _check_background(call)
        fields = _fields(call, wishes)
        if call.request.operation is Operation.EDIT:
            form = [(name, str(value)) for name, value in fields.items()]
            path, (body, content_type) = "edits", encode(form, edit_files(call))
        else:
            path, (body, content_type) = "generations", (json.dumps(fields).encode(), "application/json")
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/images/{path}",
            headers={"content-type": content_type},
            body=body,
            auth=(ApiKeyHeader(prefix="Bearer "),),
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
            max_response_bytes=_MAX_RESPONSE_BYTES,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the images and what they cost in tokens."""
        if response.status != 200:
            return _read_error(response)
        answer = read_answer(_Images, response.body)
        if answer is None:
            return Failed(error=ProviderFailedError("OpenAI's answer could not be read; it may have been charged."))
        images = tuple(image for picture in answer.data or [] if (image := _image(picture)) is not None)
        if not images:
            return Failed(error=ProviderFailedError("OpenAI reported success without an image."))
        told = answer.model_dump(include={"created", "size", "quality", "background", "output_format"})
        return Completed(
            images=images,
            model_version=call.card.version,
            usage=_usage(answer.usage),
            metadata={**told, **_request_id(response)},
        )

    def batch_line(self, call: ProviderCall, custom_id: str) -> bytes:
        """Return the line that asks for the same as `submit` does."""
        return openai_batch.line_of(custom_id, self.submit(call).body)

    def ask_batches(self, base_url: str, wish: BatchWish) -> HttpRequest:
        """Describe a request about batches."""
        return openai_batch.ask(base_url, wish)

    def read_batches(self, response: HttpResponse) -> tuple[VendorBatch, ...] | Failed | None:
        """Read what came of it; after an answer that tells of a broken server nobody knows."""
        if response.status == 200:
            return openai_batch.read(response)
        read = _read_error(response)
        return read if isinstance(read, Failed) and 400 <= response.status < 500 and response.status != 408 else None

    def read_batch_line(self, line: bytes) -> VendorLine | None:
        """Read one line of the results, whose answer `read_submitted` reads."""
        return openai_batch.read_line(line)


def _read_wishes(call: ProviderCall) -> Mapping[str, str]:
    wishes: dict[str, str] = read_options(_Wishes, call).model_dump(exclude_none=True)
    for name in wishes:
        operation = _OPTION_OPERATIONS.get(name, call.request.operation)
        if operation is not call.request.operation or not call.card.name.startswith(_OPTION_MODELS.get(name, "")):
            message = f"{call.card.id} does not take `{name}` for the operation {call.request.operation.value!r}."
            raise UnsupportedFeatureError(f"{message} Leave it out.", param=f"provider_options.openai.{name}")
    return wishes


def _check_background(call: ProviderCall) -> None:
    if call.request.background is Background.TRANSPARENT and call.request.output_format is OutputFormat.JPEG:
        message = "JPEG has no transparency. Ask for the output format 'png' or 'webp', or for an opaque background."
        raise UnsupportedFeatureError(message, param="output_format")


def _fields(call: ProviderCall, wishes: Mapping[str, str]) -> Fields:
    request = call.request
    fields: dict[str, str | int | None] = {
        "model": call.card.version,
        "prompt": request.prompt,
        "n": request.count,
        "size": "auto" if request.size is None else str(request.size),
        "quality": request.quality.value,
        "background": request.background.value,
        "output_format": request.output_format.value if request.output_format else None,
        "output_compression": request.output_compression,
        # A hash already, as OpenAI asks for.
        "safety_identifier": call.end_user,
    }
    return {name: value for name, value in {**fields, **wishes}.items() if value is not None}


def _image(picture: _Picture) -> InlineImage | RemoteImage | None:
    if picture.b64_json is not None:
        return InlineImage(data=picture.b64_json)
    # OpenAI itself always sends base64; a proxy at the configured address may not.
    return RemoteImage(url=picture.url) if picture.url else None


def _usage(usage: _Usage | None) -> Usage | None:
    if usage is None:
        return None
    taken, made = usage.input_tokens_details or _Tokens(), usage.output_tokens_details or _Tokens()
    tokens = {
        PriceUnit.INPUT_TEXT_TOKEN: usage.input_tokens if taken.text_tokens is None else taken.text_tokens,
        PriceUnit.INPUT_IMAGE_TOKEN: taken.image_tokens,
        PriceUnit.OUTPUT_TEXT_TOKEN: made.text_tokens,
        PriceUnit.OUTPUT_IMAGE_TOKEN: usage.output_tokens if made.image_tokens is None else made.image_tokens,
    }
    quantities = {unit: Decimal(count) for unit, count in tokens.items() if count is not None}
    return Usage(quantities=quantities) if quantities else None


def _read_error(response: HttpResponse) -> Submission:
    error = (read_answer(_ErrorAnswer, response.body) or _ErrorAnswer()).error
    metadata = {"status": response.status, "code": error.code, "type": error.type, **_request_id(response)}
    if error.code in _REFUSALS:
        codes = _categories(error.message or "")
        message = f"OpenAI refused this request under its content policy ({', '.join(codes)}). Change what you ask for."
        return Refused(message=message, codes=codes, metadata=metadata)
    by_code = _BY_CODE.get(error.code or "") or _BY_CODE.get(error.type or "")
    table: ErrorTable = _BY_STATUS if by_code is None else {response.status: by_code}
    return replace(failed(_NAME, table, response, error.message), metadata=metadata)


def _categories(message: str) -> tuple[str, ...]:
    found = _VIOLATIONS.search(message)
    names = [name.strip().lower() for name in found[1].split(",")] if found else []
    return tuple(dict.fromkeys(_CATEGORIES.get(name, "other") for name in names)) or ("other",)


def _request_id(response: HttpResponse) -> dict[str, str]:
    return {"request_id": response.headers["x-request-id"]} if "x-request-id" in response.headers else {}


provider = OpenAIProvider()
