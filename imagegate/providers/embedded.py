"""The embedded demo model: a small diffusion model of ours in a Lambda function of ours; synchronous, SigV4.

The call is Lambda's own Invoke API, so the status codes are Lambda's:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (checked 2026-11-22).
"""

import json
from typing import Literal

from imagegate.domain.errors import (
    ProviderError,
    ProviderFailedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Submission
from imagegate.domain.request import OutputFormat, Quality
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import HttpRequest, HttpResponse, SigV4
from imagegate.reading import Answer, NoOptions, PictureBytes, read_answer, read_options

# The function itself stops after 28 seconds.
_READ_TIMEOUT_SECONDS = 28.5


class _Picture(Answer):
    b64_json: PictureBytes
    seed: int


class _Succeeded(Answer):
    status: Literal["succeeded"]
    model_version: str
    images: list[_Picture]
    unknown_words: tuple[str, ...] = ()
    seconds: float | None = None


# Steps by quality; None is the model's own default.
_STEPS: dict[Quality, int | None] = {
    Quality.AUTO: None,
    Quality.LOW: 8,
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
        """Describe the invocation; a number of steps wins over the quality, which stands for one."""
        request = call.request
        read_options(NoOptions, call)
        size = request.size or call.card.sizes.default
        payload = {
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "width": size.width,
            "height": size.height,
            "count": request.count,
            "seed": request.seed,
            "steps": _STEPS[request.quality] if request.steps is None else request.steps,
            "guidance": request.guidance,
            "output_format": (request.output_format or OutputFormat.PNG).value,
            "output_compression": request.output_compression,
        }
        return HttpRequest(
            method="POST",
            url=call.base_url,
            headers={"content-type": "application/json"},
            body=json.dumps(payload).encode(),
            auth=(SigV4(service="lambda"),),
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
        answer = read_answer(_Succeeded, response.body)
        if answer is None:
            return _failed("The embedded model's answer could not be read. Repeat the request.")
        return Completed(
            images=tuple(InlineImage(data=image.b64_json, seed=image.seed) for image in answer.images),
            model_version=answer.model_version,
            warnings=_unknown_words(answer.unknown_words),
            metadata={"seconds": answer.seconds, "unknown_words": list(answer.unknown_words)},
        )


def _failed(message: str) -> Failed:
    return Failed(error=ProviderFailedError(message))


def _unknown_words(words: tuple[str, ...]) -> tuple[RequestWarning, ...]:
    if not words:
        return ()
    message = f"The demo model does not know these words and drew without them: {', '.join(words[:20])}."
    return (RequestWarning(type=WarningType.OTHER, message=message, param="prompt"),)


provider = EmbeddedProvider()
