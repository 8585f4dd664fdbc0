"""The embedded demo model: a small diffusion model of ours in a Lambda function of ours; synchronous, SigV4.

The call is Lambda's own Invoke API, so the status codes are Lambda's:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (checked 2026-11-22).
"""

import base64
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imagegate.domain.errors import (
    InvalidValueError,
    ProviderError,
    ProviderFailedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Submission
from imagegate.domain.request import Quality
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import HttpRequest, HttpResponse, SigV4

# The function itself stops after 28 seconds.
_READ_TIMEOUT_SECONDS = 28.5


class EmbeddedOptions(BaseModel):
    """What only this provider understands; both win over `quality`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    steps: int | None = Field(default=None, ge=1, le=50)
    guidance: float | None = Field(default=None, ge=0, le=10)


class _Picture(BaseModel):
    b64_json: str
    seed: int


class _Succeeded(BaseModel):
    status: Literal["succeeded"]
    model_version: str
    images: list[_Picture]
    unknown_words: list[str] = []
    seconds: float | None = None


# Steps by quality; None is the model's own default.
_STEPS: dict[Quality, int | None] = {
    Quality.AUTO: None,
    Quality.LOW: 6,
    Quality.MEDIUM: 12,
    Quality.HIGH: 24,
}

# Lambda answers 200 even when the handler raised; these are its own refusals, before the handler ran.
_ERRORS: dict[int, tuple[type[ProviderError], str]] = {
    403: (ProviderFailedError, "The gateway may not invoke the embedded model's function. Deploy the stack again."),
    404: (ProviderFailedError, "The embedded model's function does not exist. Deploy the stack again."),
    429: (ProviderUnavailableError, "The embedded model is busy. Repeat the request in a moment."),
    502: (ProviderUnavailableError, "The embedded model could not start. Repeat the request in a moment."),
    503: (ProviderUnavailableError, "AWS Lambda is not available. Repeat the request in a moment."),
    504: (ProviderTimeoutError, "The embedded model took too long. Ask for a smaller picture."),
}


class EmbeddedProvider:
    """Speaks to the `embedded` function."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the invocation.

        Raises:
            InvalidValueError: an option in `provider_options["embedded"]` is unknown or out of range.
        """
        request = call.request
        options = _options(call)
        size = request.size or call.card.sizes.default
        steps = options.steps if options.steps is not None else _STEPS[request.quality]
        payload = {
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "width": size.width,
            "height": size.height,
            "count": request.count,
            "seed": request.seed,
            "steps": steps,
            "guidance": options.guidance,
            "output_format": request.output_format.value,
            "output_compression": request.output_compression,
        }
        return HttpRequest(
            method="POST",
            url=call.base_url,
            headers={"content-type": "application/json"},
            body=json.dumps(payload).encode(),
            auth=SigV4(service="lambda"),
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the function's answer; a crash of the function is a failure like any other."""
        if response.status != 200:
            kind, message = _ERRORS.get(
                response.status, (ProviderFailedError, f"AWS Lambda answered with status {response.status}.")
            )
            return Failed(error=kind(message), metadata={"status": response.status})
        if "x-amz-function-error" in response.headers:
            return _failed("The embedded model crashed. Repeat the request; if it happens again, report it.")
        try:
            answer = _Succeeded.model_validate_json(response.body)
            images = tuple(InlineImage(data=_decode(image.b64_json), seed=image.seed) for image in answer.images)
        except ValueError:  # of pydantic or of base64
            return _failed("The embedded model's answer could not be read. Repeat the request.")
        return Completed(
            images=images,
            model_version=answer.model_version,
            warnings=_unknown_words(answer.unknown_words),
            metadata={"seconds": answer.seconds, "unknown_words": list(answer.unknown_words)},
        )


def _options(call: ProviderCall) -> EmbeddedOptions:
    try:
        return EmbeddedOptions.model_validate(dict(call.request.provider_options.get("embedded", {})))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = f"provider_options.embedded.{name}: {first['msg']}. Known options: steps (1-50), guidance (0-10)."
        raise InvalidValueError(message, param=f"provider_options.embedded.{name}") from error


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _failed(message: str) -> Failed:
    return Failed(error=ProviderFailedError(message))


def _unknown_words(words: list[str]) -> tuple[RequestWarning, ...]:
    if not words:
        return ()
    message = f"The demo model does not know these words and drew without them: {', '.join(words[:20])}."
    return (RequestWarning(type=WarningType.OTHER, message=message, param="prompt"),)


provider = EmbeddedProvider()
