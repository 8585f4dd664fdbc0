"""Fit a request to a model card: every field is applied, adapted with a warning, or refused; no field is forgotten."""

from dataclasses import dataclass, replace

from imagegate.domain.card import ModelCard, Range
from imagegate.domain.errors import (
    InvalidCountError,
    InvalidSizeError,
    InvalidValueError,
    PromptTooLongError,
    UnsupportedFeatureError,
)
from imagegate.domain.money import Billed
from imagegate.domain.request import Background, GenerationRequest, OutputFormat, Quality, Size
from imagegate.domain.warning import RequestWarning, WarningType

Warnings = tuple[RequestWarning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRequest:
    """A request that the card's model can take as it is, and what had to be said about it."""

    request: GenerationRequest
    warnings: Warnings


def fit(request: GenerationRequest, card: ModelCard) -> FittedRequest:
    """Resolve the request's open choices with the card's defaults and check the rest against it.

    Raises:
        UnsupportedFeatureError: the card's model cannot express a wish that changes the picture.
        InvalidSizeError, InvalidCountError, InvalidValueError, PromptTooLongError: outside the card's range.
    """
    _check_features(request, card)
    _check_ranges(request, card)
    size, size_warnings = _fit_size(request, card)
    quality, quality_warnings = _fit_quality(request.quality, card)
    output_format = request.output_format or card.default_format
    compression, compression_warnings = _fit_compression(request.output_compression, output_format, card)
    fitted = replace(
        request,
        model=card.id,
        size=size,
        aspect_ratio=None,
        quality=quality,
        output_format=output_format,
        output_compression=compression,
    )
    return FittedRequest(
        request=fitted,
        warnings=(
            *_notice(card),
            *size_warnings,
            *quality_warnings,
            *compression_warnings,
            *_foreign_options(request, card),
        ),
    )


def billed_facts(request: GenerationRequest, card: ModelCard) -> Billed:
    """Return what a price can depend on, settled and checked as `fit` does, without the rest of its work.

    An edit without a size has the source's, which is billed like the default.

    Raises:
        UnsupportedFeatureError, InvalidSizeError, InvalidCountError, InvalidValueError, PromptTooLongError: as `fit`.
    """
    _check_features(request, card)
    _check_ranges(request, card)
    size, _ = _fit_size(request, card)
    quality, _ = _fit_quality(request.quality, card)
    return Billed(operation=request.operation, quality=quality, size=size or card.sizes.default)


def _check_features(request: GenerationRequest, card: ModelCard) -> None:
    wishes = (
        (request.operation in card.operations, "operation", "model"),
        (request.seed is None or card.has_seed, "seed", "seed"),
        (request.negative_prompt is None or card.has_negative_prompt, "negative_prompt", "negative_prompt"),
        (request.mask is None or card.has_mask, "mask", "mask"),
        (request.steps is None or card.steps is not None, "steps", "steps"),
        (request.guidance is None or card.guidance is not None, "guidance", "guidance"),
        (request.strength is None or card.strength is not None, "strength", "strength"),
        (request.strength is None or bool(request.input_images), "bare_strength", "strength"),
        (request.background is Background.AUTO or request.background in card.backgrounds, "background", "background"),
        (
            request.output_format is None or request.output_format in card.output_formats,
            "output_format",
            "output_format",
        ),
    )
    for is_possible, what, param in wishes:
        if not is_possible:
            message = (
                f"{card.id} does not support {_describe(what, request)}. Leave `{param}` out or choose another model."
            )
            raise UnsupportedFeatureError(message, param=param)


def _describe(what: str, request: GenerationRequest) -> str:
    """Name what a card cannot do; only where it cannot, as a plan looks at every card there is."""
    return {
        "operation": f"the operation {request.operation.value!r}",
        "seed": "a seed",
        "negative_prompt": "a negative prompt",
        "mask": "a mask",
        "steps": "a number of steps",
        "guidance": "guidance",
        "strength": "a strength",
        "bare_strength": "a strength without an input image",
        "background": f"a background that is {request.background.value!r}",
        "output_format": f"the output format {request.output_format!s}",
    }[what]


def _check_ranges(request: GenerationRequest, card: ModelCard) -> None:
    if request.count > card.max_count:
        message = (
            f"{card.id} makes at most {card.max_count} images in one request. Send `n` of {card.max_count} or less."
        )
        raise InvalidCountError(message, param="n")
    if len(request.prompt) > card.max_prompt_characters:
        message = f"{card.id} takes prompts of at most {card.max_prompt_characters} characters. Shorten the prompt."
        raise PromptTooLongError(message, param="prompt")
    if len(request.input_images) > card.max_input_images:
        message = f"{card.id} takes at most {card.max_input_images} input images. Send fewer."
        raise InvalidValueError(message, param="image")
    _check_number(card, "steps", request.steps, card.steps)
    _check_number(card, "guidance", request.guidance, card.guidance)
    _check_number(card, "strength", request.strength, card.strength)


def _check_number(card: ModelCard, param: str, value: float | None, allowed: Range | None) -> None:
    if value is not None and allowed is not None and not allowed.holds(value):
        message = f"{card.id} takes `{param}` from {allowed.minimum:g} to {allowed.maximum:g}."
        raise InvalidValueError(message, param=param)


def _fit_size(request: GenerationRequest, card: ModelCard) -> tuple[Size | None, Warnings]:
    if request.aspect_ratio is not None:
        size = card.sizes.of_ratio(request.aspect_ratio)
        if size is None:
            raise _wrong_size(card, f"the aspect ratio {request.aspect_ratio}", "aspect_ratio")
        return size, ()
    if request.size is None:
        # What is made from an input image has that image's size unless the caller says otherwise.
        return (None if request.input_images else card.sizes.default), ()
    if card.sizes.allows(request.size):
        return request.size, ()
    nearest = card.sizes.nearest(request.size)
    if nearest is None:
        raise _wrong_size(card, str(request.size), "size")
    message = f"{card.id} does not make {request.size}; {nearest}, of the same shape, was asked for."
    return nearest, (RequestWarning(type=WarningType.ADJUSTED, message=message, param="size"),)


def _wrong_size(card: ModelCard, what: str, param: str) -> InvalidSizeError:
    message = f"{card.id} cannot make {what}. Ask for {card.sizes.describe()}, or leave `{param}` out."
    return InvalidSizeError(message, param=param)


def _notice(card: ModelCard) -> Warnings:
    if card.notice is None:
        return ()
    return (RequestWarning(type=WarningType.OTHER, message=card.notice, param="model"),)


def _fit_quality(quality: Quality, card: ModelCard) -> tuple[Quality, Warnings]:
    # Quality is a hint: a model without it still makes the picture that was asked for.
    if quality is Quality.AUTO:
        return card.default_quality, ()
    if quality in card.qualities:
        return quality, ()
    message = f"{card.id} does not know the quality {quality.value!r}; its default was used."
    return card.default_quality, (RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="quality"),)


def _fit_compression(
    compression: int | None, output_format: OutputFormat, card: ModelCard
) -> tuple[int | None, Warnings]:
    if compression is None or (card.has_compression and output_format is not OutputFormat.PNG):
        return compression, ()
    reason = "PNG is always lossless" if output_format is OutputFormat.PNG else f"{card.id} has no such setting"
    message = f"{reason}; `output_compression` was not used."
    return None, (RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="output_compression"),)


def _foreign_options(request: GenerationRequest, card: ModelCard) -> Warnings:
    # Options of other providers are meant for fallback targets, so they are no error; they are not used either.
    return tuple(
        RequestWarning(
            type=WarningType.OTHER,
            message=f"The options for {provider!r} were not used: {card.provider!r} made this picture.",
            param="provider_options",
        )
        for provider in sorted(request.provider_options)
        if provider != card.provider
    )
