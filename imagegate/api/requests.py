"""Request bodies, read strictly: each wrong field ends in one error with a code, the field's name and what to do."""

import json
import math
import re
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from imagegate.api.routing import MODEL_DESCRIPTION, MODEL_SHAPES, ModelField, RouteBody, names_in
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidCountError,
    InvalidJsonError,
    InvalidRequestError,
    InvalidSizeError,
    InvalidTypeError,
    InvalidValueError,
    MissingParameterError,
    PromptTooLongError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.filters import Filters
from imagegate.domain.preference import Preference
from imagegate.domain.request import (
    DEFAULT_MODEL,
    MAX_COUNT,
    MAX_PROMPT_CHARACTERS,
    MAX_SEED,
    Background,
    GenerationRequest,
    JsonValue,
    Operation,
    OutputFormat,
    Quality,
    Size,
)

B = TypeVar("B", bound=BaseModel)

SIZE_PATTERN = r"^(auto|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$"
# At least one character that can be seen.
PROMPT_PATTERN = r"\S"
RATIO_PATTERN = r"^[1-9][0-9]?:[1-9][0-9]?$"
AUTO_SIZE = "auto"
IDEMPOTENCY_KEY_MAX_CHARACTERS = 255
MAX_NAME_CHARACTERS = 256
MAX_OPTION_LEVELS = 10
# With the longest prompts a job must still fit into one DynamoDB item of 400 KB.
MAX_OPTIONS_CHARACTERS = 16_384
MAX_TEXTS = 32
IDEMPOTENCY_KEY_PATTERN = r"^[!-~]+$"
_WAIT = re.compile(r"wait=([0-9]{1,5})")


class Body(BaseModel):
    """Base of every body: unknown fields and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ImageOptions(Body):
    """What every request for pictures may say: OpenAI's fields, then ours."""

    model: ModelField = Field(default=None, description=MODEL_DESCRIPTION)
    route: RouteBody | None = None
    n: int | None = Field(default=None, ge=1, le=MAX_COUNT, description="How many images; 1 by default.")
    size: str | None = Field(default=None, pattern=SIZE_PATTERN, description="`WIDTHxHEIGHT` in pixels, or `auto`.")
    quality: Quality | None = None
    background: Background | None = None
    output_format: OutputFormat | None = None
    output_compression: int | None = Field(default=None, ge=0, le=100, description="Percent, for JPEG and WebP.")
    response_format: Literal["b64_json", "url"] | None = Field(
        default=None, description="`b64_json` by default; too large an answer gets `url` and a warning."
    )
    stream: bool | None = Field(
        default=None,
        description="Only `false`: partial images are not streamed.",
        # Told in the schema, and refused after it, with an error that says more than a list of allowed values.
        json_schema_extra={"enum": [False, None]},
    )
    user: str | None = Field(default=None, max_length=512, description="Older name of `safety_identifier`.")
    safety_identifier: str | None = Field(
        default=None, max_length=512, description="Your own user's id; kept only as a hash."
    )
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    negative_prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARACTERS)
    aspect_ratio: str | None = Field(
        default=None, pattern=RATIO_PATTERN, description="`W:H`, in place of `size`; the model's own pixels are used."
    )
    steps: int | None = Field(default=None, ge=1, le=500)
    guidance: float | None = Field(default=None, ge=0, le=100)
    provider_options: dict[str, dict[str, JsonValue]] | None = Field(
        default=None, description="Options that only one provider understands, by provider id."
    )

    @field_validator("provider_options")
    @classmethod
    def _check_options(cls, options: JsonValue) -> JsonValue:
        if not _is_storable(options, MAX_OPTION_LEVELS):
            message = f"Options should hold finite numbers only, and at most {MAX_OPTION_LEVELS} levels"
            raise PydanticCustomError("options", message)
        if len(json.dumps(options)) > MAX_OPTIONS_CHARACTERS:
            message = f"Options should be at most {MAX_OPTIONS_CHARACTERS} characters of JSON"
            raise PydanticCustomError("options", message)
        return options

    def options_of(
        self, prompt: str, *, operation: Operation = Operation.GENERATE, strength: float | None = None
    ) -> GenerationRequest:
        """Return the request in the domain's terms."""
        if self.stream:
            message = "Streaming of partial images is not supported. Leave `stream` out."
            raise UnsupportedFeatureError(message, param="stream")
        if self.aspect_ratio is not None and self.size not in {None, AUTO_SIZE}:
            raise InvalidValueError("Send `size` or `aspect_ratio`, not both.", param="aspect_ratio")
        return GenerationRequest(
            model=",".join(names_in(self.model)) or DEFAULT_MODEL,
            prompt=prompt,
            operation=operation,
            strength=strength,
            negative_prompt=self.negative_prompt or None,
            count=self.n or 1,
            size=None if self.size in {None, AUTO_SIZE} else Size.parse(self.size or ""),
            quality=self.quality or Quality.AUTO,
            background=self.background or Background.AUTO,
            output_format=self.output_format,
            output_compression=self.output_compression,
            seed=self.seed,
            aspect_ratio=self.aspect_ratio,
            steps=self.steps,
            guidance=self.guidance,
            end_user=self.safety_identifier or self.user or None,
            provider_options=self.provider_options or {},
            filters=self.route.to_filters() if self.route else Filters(),
            has_fallback=self.route is None or self.route.has_fallback,
        )


class ImageGenerationBody(ImageOptions):
    """`POST /v1/images/generations`."""

    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_CHARACTERS, pattern=PROMPT_PATTERN)

    def to_domain(self) -> GenerationRequest:
        """Return the request in the domain's terms."""
        return self.options_of(self.prompt)


class FileBody(Body):
    """`POST /v1/files` as JSON: asks for a place to upload one picture to, or a batch of up to 200 MB."""

    purpose: Literal["image", "batch"] = "image"
    content_type: str = Field(description="The picture's type, or `application/jsonl` for a batch.")
    filename: str | None = Field(default=None, max_length=255)


def _is_storable(value: JsonValue, levels: int) -> bool:
    """Tell whether a value can be stored as JSON and read back: the parser takes NaN, and more levels than it reads."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return levels > 0 and all(_is_storable(part, levels - 1) for part in parts)
    return not isinstance(value, float) or math.isfinite(value)


_Text = Annotated[str, Field(max_length=MAX_PROMPT_CHARACTERS)]
_SOME = Field(min_length=1, max_length=MAX_TEXTS)


class ModerationInput(Body):
    """One part of a mixed moderation input."""

    type: Literal["text"]
    text: _Text


class ModerationBody(Body):
    """`POST /v1/moderations`: OpenAI's shape; text only so far."""

    model: str | None = None
    input: _Text | Annotated[list[_Text], _SOME] | Annotated[list[ModerationInput], _SOME]

    def texts(self) -> tuple[str, ...]:
        """Return the texts to judge, one result each; the parts of a mixed input are one text together."""
        if isinstance(self.input, str):
            return (self.input,)
        parts = [part for part in self.input if isinstance(part, ModerationInput)]
        if parts:
            return ("\n".join(part.text for part in parts),)
        return tuple(text for text in self.input if isinstance(text, str))


# Three shapes are possible, so pydantic has three complaints, none of which says it all.
_INPUT_SHAPES = (
    f"Input should be a text of at most {MAX_PROMPT_CHARACTERS} characters, a list of at most {MAX_TEXTS} such texts, "
    'or a list of parts like {"type": "text", "text": "…"}'
)

# Fields that take more than one shape, of which pydantic would complain one by one.
_SHAPES = {"input": _INPUT_SHAPES, "model": MODEL_SHAPES}

# Fields whose range has an error of its own, whatever bound was broken.
_FIELD_ERRORS: dict[str, type[InvalidRequestError]] = {"n": InvalidCountError, "size": InvalidSizeError}


def read_body(kind: type[B], body: str | bytes) -> B:
    """Parse and check a JSON body.

    Raises:
        InvalidRequestError: the first thing that is wrong with it.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise _first_error(error) from error


def read_idempotency_key(value: str | None) -> str | None:
    """Check the `Idempotency-Key` header; None where the client sent none."""
    if value is None:
        return None
    if len(value) > IDEMPOTENCY_KEY_MAX_CHARACTERS or not re.fullmatch(IDEMPOTENCY_KEY_PATTERN, value):
        message = f"Idempotency-Key must be 1 to {IDEMPOTENCY_KEY_MAX_CHARACTERS} visible ASCII characters."
        raise InvalidValueError(message, param="Idempotency-Key")
    return value


def read_preference(value: str | None) -> Preference:
    """Read the `Prefer` header; what it does not know of it is ignored, as RFC 7240 wants."""
    wishes = [wish.strip().lower() for wish in (value or "").split(",")]
    waits = [match for wish in wishes if (match := _WAIT.fullmatch(wish))]
    wait = timedelta(seconds=int(waits[0][1])) if waits else None
    return Preference(wait=wait, is_async="respond-async" in wishes)


def read_configured(value: str | None) -> bool:
    """Check the query parameter `configured`; true where the whole catalog is wanted."""
    if value not in {None, "yes", "any"}:
        raise InvalidValueError("`configured` is `yes` or `any`.", param="configured")
    return value == "any"


def _first_error(error: ValidationError) -> InvalidRequestError:
    details = error.errors(include_url=False, include_input=False)[0]
    field = str(details["loc"][0]) if details["loc"] else ""
    # The caller's own text may be in the path, of any length.
    path = (field,) if field in _SHAPES else details["loc"]
    kind, param = details["type"], ".".join(str(part) for part in path)[:MAX_NAME_CHARACTERS]
    complaint = _SHAPES.get(field, details["msg"])
    if kind == "json_invalid" or not details["loc"]:
        return InvalidJsonError("The body must be one JSON object. Send `Content-Type: application/json` and check it.")
    if kind == "extra_forbidden":
        message = f"Unknown parameter {param!r}. Remove it, or put a provider's own options into `provider_options`."
        return UnknownParameterError(message, param=param)
    if kind == "missing":
        return MissingParameterError(f"Missing required parameter {param!r}. Add it.", param=param)
    if kind.endswith("_type"):
        return InvalidTypeError(f"{param!r} has the wrong type: {complaint}.", param=param)
    if field == "prompt":
        return _prompt_error(kind)
    return _FIELD_ERRORS.get(field, InvalidValueError)(f"{param!r} is not valid: {complaint}.", param=param)


def _prompt_error(kind: str) -> InvalidRequestError:
    if kind == "string_too_long":
        message = f"The prompt is longer than {MAX_PROMPT_CHARACTERS} characters. Shorten it."
        return PromptTooLongError(message, param="prompt")
    return EmptyPromptError("The prompt is empty. Say what to draw.", param="prompt")
