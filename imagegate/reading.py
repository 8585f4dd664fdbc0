"""What every adapter needs: to read a caller's options strictly, a provider's answer leniently, and base64 once."""

import base64
import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from imagegate.domain.errors import (
    CallerError,
    InvalidTypeError,
    InvalidValueError,
    ProviderError,
    ProviderFailedError,
    UnknownParameterError,
)
from imagegate.domain.provider import Failed, InputPicture, Pending, ProviderCall, ProviderRef
from imagegate.domain.wire import HttpResponse

_MOST_MESSAGE_CHARACTERS = 300
_NUMBER = re.compile(r"[0-9]{1,9}")
# What a question may be answered with while the work that it is about goes on undisturbed.
_ASK_AGAIN = frozenset({408, 429, 500, 502, 503, 504})

Opt = TypeVar("Opt", bound="Options")
Ans = TypeVar("Ans", bound="Answer")


def _decode(text: object) -> bytes:
    if not isinstance(text, str):
        message = "base64 comes as text"
        raise ValueError(message)
    if text.startswith("data:"):
        text = text.partition(",")[2]
    return base64.b64decode(text, validate=True)


ErrorTable = Mapping[int, tuple[type[ProviderError] | type[CallerError], str]]
"""What each HTTP status of a provider means, and what to tell about it."""

PictureBytes = Annotated[bytes, BeforeValidator(_decode)]
"""A field that holds base64, with or without a `data:` prefix; it is decoded once, when the answer is read."""


class Options(BaseModel):
    """Base of what a caller may put into `provider_options[provider]`: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NoOptions(Options):
    """For a provider without options of its own."""


class Answer(BaseModel):
    """Base of what a provider answers: only the fields we use are declared, and others are let through."""

    model_config = ConfigDict(extra="ignore")


def read_options(kind: type[Opt], call: ProviderCall) -> Opt:
    """Read the options meant for the call's own provider.

    Raises:
        UnknownParameterError, InvalidTypeError, InvalidValueError: the first thing that is wrong with them.
    """
    provider = call.card.provider
    try:
        return kind.model_validate(dict(call.request.provider_options.get(provider, {})))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        param = ".".join(("provider_options", provider, *(str(part) for part in first["loc"])))
        known = ", ".join(sorted(kind.model_fields)) or "none"
        if first["type"] == "extra_forbidden":
            raise UnknownParameterError(f"Unknown option {param!r}. Known options: {known}.", param=param) from error
        wrong = InvalidTypeError if first["type"].endswith("_type") else InvalidValueError
        raise wrong(f"{param!r} is not valid: {first['msg']}. Known options: {known}.", param=param) from error


def read_answer(kind: type[Ans], body: bytes) -> Ans | None:
    """Read a JSON answer; None where it is no JSON or not of this shape, which an adapter tells as a failure."""
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        return None


def grayscale_mask(call: ProviderCall) -> InputPicture | None:
    """Return the mask for a provider that takes it black and white, where white is what changes.

    Raises:
        InvalidValueError: it is a PNG with an alpha channel, whose holes such a provider would not see.
    """
    # Byte 25 of a PNG is its color type; 4 and 6 have an alpha channel (https://www.w3.org/TR/png-3/#11IHDR).
    if call.mask is not None and call.mask.media_type == "image/png" and call.mask.data[25:26] in {b"\x04", b"\x06"}:
        message = (
            f"{call.card.id} reads a mask as black and white, and this one has an alpha channel. Send a mask without "
            "alpha that is white where the picture is to change and black elsewhere."
        )
        raise InvalidValueError(message, param="mask")
    return call.mask


def alpha_mask(call: ProviderCall) -> InputPicture | None:
    """Return the mask for a provider that takes it as OpenAI does: a PNG whose transparent pixels are what changes.

    Raises:
        InvalidValueError: it is no such PNG, or not of the size of the first input image.
    """
    mask = call.mask
    if mask is None:
        return None
    # Byte 25 as in `grayscale_mask`.
    has_alpha = mask.media_type == "image/png" and mask.data[25:26] in {b"\x04", b"\x06"}
    image = call.inputs[0]
    if not has_alpha or (mask.width, mask.height) != (image.width, image.height):
        message = (
            f"{call.card.id} takes a mask as PNG with an alpha channel, transparent where the picture is to change, of "
            f"the size of the first input image, {image.width}x{image.height}. Send such a mask."
        )
        raise InvalidValueError(message, param="mask")
    return mask


def edit_files(call: ProviderCall) -> list[tuple[str, str, str, bytes]]:
    """Return the input images and the mask as the files of a form, named as OpenAI and those who follow it do.

    Raises:
        InvalidValueError: the mask is not what `alpha_mask` says.
    """
    name = "image" if len(call.inputs) == 1 else "image[]"
    pictures = [(name, f"image-{index}", picture) for index, picture in enumerate(call.inputs)]
    mask = alpha_mask(call)
    if mask is not None:
        pictures.append(("mask", "mask", mask))
    return [
        (name, f"{stem}.{picture.media_type.removeprefix('image/')}", picture.media_type, picture.data)
        for name, stem, picture in pictures
    ]


def shorten(text: str) -> str:
    """Return a provider's own words on one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _MOST_MESSAGE_CHARACTERS else f"{line[:_MOST_MESSAGE_CHARACTERS]}..."


def retry_after_seconds(response: HttpResponse) -> int | None:
    """Return how long the provider asks us to wait; a date is left out, as an adapter has no clock.

    OpenAI and Azure also send milliseconds, which are the more exact of the two.
    """
    milliseconds = response.headers.get("retry-after-ms", "")
    if _NUMBER.fullmatch(milliseconds):
        return -(-int(milliseconds) // 1000)
    text = response.headers.get("retry-after", "")
    return int(text) if _NUMBER.fullmatch(text) else None


def ask_again(ref: ProviderRef, response: HttpResponse, seconds: float) -> Pending | None:
    """Return that the work goes on where a poll was shed, which says nothing of the work; None for other answers."""
    if response.status not in _ASK_AGAIN:
        return None
    wait = retry_after_seconds(response) or seconds
    return Pending(ref=ref, poll_after_seconds=wait, metadata={"status": response.status})


def failed(provider_name: str, errors: ErrorTable, response: HttpResponse, detail: str | None = None) -> Failed:
    """Tell a failure by its HTTP status; the provider's own words are added where the caller has to mend something."""
    unknown = (ProviderFailedError, f"{provider_name} answered with status {response.status}.")
    kind, message = errors.get(response.status, unknown)
    if detail and issubclass(kind, CallerError):
        message = f"{message} {provider_name} says: {shorten(detail)}"
    return Failed(
        error=kind(message, retry_after_seconds=retry_after_seconds(response)), metadata={"status": response.status}
    )
