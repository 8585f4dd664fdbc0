"""Fit a request to a model card: every field is applied, adapted with a warning, or refused; no field is forgotten."""

from dataclasses import dataclass, replace

from imagegate.domain.card import ModelCard
from imagegate.domain.errors import (
    InvalidCountError,
    InvalidSizeError,
    PromptTooLongError,
    UnsupportedFeatureError,
)
from imagegate.domain.request import Background, GenerationRequest, OutputFormat, Quality
from imagegate.domain.warning import RequestWarning, WarningType


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRequest:
    """A request that the card's model can take as it is, and what had to be said about it."""

    request: GenerationRequest
    warnings: tuple[RequestWarning, ...]


def fit(request: GenerationRequest, card: ModelCard) -> FittedRequest:
    """Resolve the request's open choices with the card's defaults and check the rest against it.

    Raises:
        UnsupportedFeatureError: the card's model cannot express a wish that changes the picture.
        InvalidSizeError, InvalidCountError, PromptTooLongError: the value is outside the card's range.
    """
    _check_features(request, card)
    _check_ranges(request, card)
    quality, quality_warnings = _fit_quality(request.quality, card)
    compression, compression_warnings = _fit_compression(request)
    fitted = replace(
        request, model=card.id, size=request.size or card.sizes.default, quality=quality, output_compression=compression
    )
    return FittedRequest(
        request=fitted,
        warnings=(*_notice(card), *quality_warnings, *compression_warnings, *_foreign_options(request, card)),
    )


def _check_features(request: GenerationRequest, card: ModelCard) -> None:
    if request.operation not in card.operations:
        raise _unsupported(card, f"the operation {request.operation.value!r}", "model")
    if request.seed is not None and not card.has_seed:
        raise _unsupported(card, "a seed", "seed")
    if request.negative_prompt is not None and not card.has_negative_prompt:
        raise _unsupported(card, "a negative prompt", "negative_prompt")
    if request.background is not Background.AUTO and request.background not in card.backgrounds:
        raise _unsupported(card, f"a background that is {request.background.value!r}", "background")
    if request.output_format not in card.output_formats:
        raise _unsupported(card, f"the output format {request.output_format.value!r}", "output_format")


def _check_ranges(request: GenerationRequest, card: ModelCard) -> None:
    if request.size is not None and not card.sizes.allows(request.size):
        message = f"{card.id} cannot make {request.size}. Ask for {card.sizes.describe()}, or leave `size` out."
        raise InvalidSizeError(message, param="size")
    if request.count > card.max_count:
        message = (
            f"{card.id} makes at most {card.max_count} images in one request. Send `n` of {card.max_count} or less."
        )
        raise InvalidCountError(message, param="n")
    if len(request.prompt) > card.max_prompt_characters:
        message = f"{card.id} takes prompts of at most {card.max_prompt_characters} characters. Shorten the prompt."
        raise PromptTooLongError(message, param="prompt")


def _unsupported(card: ModelCard, what: str, param: str) -> UnsupportedFeatureError:
    message = f"{card.id} does not support {what}. Leave `{param}` out or choose another model."
    return UnsupportedFeatureError(message, param=param)


def _notice(card: ModelCard) -> tuple[RequestWarning, ...]:
    if card.notice is None:
        return ()
    return (RequestWarning(type=WarningType.OTHER, message=card.notice, param="model"),)


def _fit_quality(quality: Quality, card: ModelCard) -> tuple[Quality, tuple[RequestWarning, ...]]:
    # Quality is a hint: a model without it still makes the picture that was asked for.
    if quality is Quality.AUTO or quality in card.qualities:
        return quality, ()
    message = f"{card.id} does not know the quality {quality.value!r}; its default was used."
    return Quality.AUTO, (RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="quality"),)


def _fit_compression(request: GenerationRequest) -> tuple[int | None, tuple[RequestWarning, ...]]:
    if request.output_compression is None or request.output_format is not OutputFormat.PNG:
        return request.output_compression, ()
    message = "PNG is always lossless; `output_compression` was not used."
    return None, (RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="output_compression"),)


def _foreign_options(request: GenerationRequest, card: ModelCard) -> tuple[RequestWarning, ...]:
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
