"""Hugging Face: a dedicated endpoint, or the router to other inference providers; synchronous, `Authorization: Bearer`.

An endpoint and the router's own provider answer with the bytes of one picture, others with base64 in JSON.
https://huggingface.co/docs/inference-endpoints/index, https://huggingface.co/docs/inference-providers/index and, for
the shapes, https://github.com/huggingface/huggingface_hub src/huggingface_hub/inference (checked 2026-11-22).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from imagegate.domain.errors import (
    ConfigurationError,
    InvalidRequestError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Submission
from imagegate.domain.request import JsonValue, OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.reading import Answer, ErrorTable, Options, PictureBytes, failed, read_answer, read_options

_NAME = "Hugging Face"
_AUTH = (ApiKeyHeader(prefix="Bearer "),)
# The card of whatever model an operator runs on an endpoint of their own; every other card is one of the router's.
_ENDPOINT_CARD = "endpoint"
_ROUTER = "https://router.huggingface.co"
_DEFAULT_ROUTER_PROVIDER = "hf-inference"
_READ_TIMEOUT_SECONDS = 120.0


class _Options(Options):
    """The name of a diffusers scheduler, where the model behind the address takes one."""

    scheduler: str | None = None


class _Picture(Answer):
    b64_json: PictureBytes


class _Pictures(Answer):
    data: list[_Picture]


class _Message(Answer):
    message: str = ""


class _Problem(Answer):
    """An error in one of the shapes that are in use behind these addresses."""

    error: str | _Message | list[str] | None = None
    message: str | None = None
    detail: str | None = None


# A bare JSON string of base64, which an endpoint sends to whoever does not name a picture's type.
_BARE = TypeAdapter[bytes](PictureBytes)


def _diffusers(call: ProviderCall, size: Size) -> dict[str, JsonValue]:
    request = call.request
    parameters: dict[str, JsonValue] = {
        "negative_prompt": request.negative_prompt,
        "width": size.width,
        "height": size.height,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "seed": request.seed,
        "scheduler": read_options(_Options, call).scheduler,
    }
    return {"inputs": request.prompt, "parameters": _told(parameters)}


# https://docs.together.ai/reference/post-images-generations (checked 2026-11-22)
def _together(call: ProviderCall, size: Size) -> dict[str, JsonValue]:
    request = call.request
    if read_options(_Options, call).scheduler is not None:
        message = "The inference provider together does not take a scheduler. Leave the option out."
        raise UnsupportedFeatureError(message, param="provider_options.huggingface.scheduler")
    if request.output_format is OutputFormat.WEBP:
        message = "The inference provider together makes PNG and JPEG, and no WebP. Choose another `output_format`."
        raise UnsupportedFeatureError(message, param="output_format")
    values: dict[str, JsonValue] = {
        "prompt": request.prompt,
        "model": call.card.version,
        "response_format": "base64",
        "output_format": (request.output_format or call.card.default_format).value,
        "width": size.width,
        "height": size.height,
        "negative_prompt": request.negative_prompt,
        "steps": request.steps,
        "guidance_scale": request.guidance,
        "seed": request.seed,
    }
    return _told(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """Where the router forwards a request to, and in which words; `{model}` is the model's name on the Hub."""

    path: str
    body: Callable[[ProviderCall, Size], dict[str, JsonValue]]


# By the setting `router_provider`. The body is the inference provider's own, the router only forwards and bills it.
_ROUTES: dict[str, _Route] = {
    "hf-inference": _Route(path="/hf-inference/models/{model}", body=_diffusers),
    "together": _Route(path="/together/v1/images/generations", body=_together),
}

# An endpoint refuses a list of types or a quality value: one exact type, and the answer comes in it.
_ACCEPT: dict[OutputFormat, str] = {one: one.media_type for one in OutputFormat}

_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "Hugging Face did not accept the request."),
    401: (ProviderCredentialsError, "Hugging Face did not accept our token. An operator must set it again."),
    402: (ProviderQuotaError, "Our credit at Hugging Face is used up. An operator must add some."),
    403: (ProviderCredentialsError, "Our token may not call this model at Hugging Face. An operator must allow it."),
    404: (ProviderFailedError, "There is no such endpoint or model at Hugging Face, or it is paused."),
    413: (InvalidRequestError, "The input is too large for Hugging Face."),
    422: (InvalidRequestError, "Hugging Face did not accept the input."),
    429: (ProviderThrottledError, "Hugging Face takes no more requests just now. Repeat the request later."),
    503: (
        ProviderUnavailableError,
        "The endpoint is starting, which takes minutes after it was idle; nothing was made. Repeat the request later.",
    ),
    504: (ProviderTimeoutError, "Hugging Face gave up waiting for the model."),
}

# A dedicated endpoint answers every error of its handler with 400, those of its own GPU too, and has no code to tell
# them apart, so this text is searched for.
# https://github.com/huggingface/huggingface-inference-toolkit at 833b5a2 (checked 2026-11-22)
_OUT_OF_MEMORY = "out of memory"


class HuggingFaceProvider:
    """One picture for each call: the default handler of an endpoint drops any number of images."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request to the operator's endpoint, or to the router.

        Raises:
            ConfigurationError: a setting is missing or has a value that we do not know.
        """
        size = call.request.size or call.card.sizes.default
        url, body = _address(call, size)
        bill_to = call.settings.get("bill_to")
        return HttpRequest(
            method="POST",
            url=url,
            headers={
                "accept": _ACCEPT[call.request.output_format or call.card.default_format],
                "content-type": "application/json",
                **({"x-hf-bill-to": bill_to} if bill_to else {}),
            },
            body=json.dumps(body).encode(),
            auth=_AUTH,
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the picture in whichever of the shapes it comes.

        Neither product tells of moderation: an older pipeline with a safety checker answers with a black picture,
        which nothing marks as one.
        """
        if response.status != 200:
            return _failure(response)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type.startswith("image/"):
            data = response.body
        elif media_type == "application/json":
            data = _from_json(response.body)
        else:
            return _unreadable(f"It is of the type {media_type[:80]!r} and no picture.")
        if not data:
            return _unreadable("It holds no picture.")
        return Completed(images=(InlineImage(data=data, seed=call.request.seed),))


def _address(call: ProviderCall, size: Size) -> tuple[str, dict[str, JsonValue]]:
    if call.card.name == _ENDPOINT_CARD:
        url = call.settings.get("endpoint_url", call.base_url)
        if url == _ROUTER:
            message = (
                "Your endpoint's address is not set: `imagegate providers set huggingface endpoint_url=https://...`"
            )
            raise ConfigurationError(message)
        return f"{url.rstrip('/')}/", _diffusers(call, size)
    name = call.settings.get("router_provider", _DEFAULT_ROUTER_PROVIDER)
    if name not in _ROUTES:
        message = f"The setting router_provider of huggingface is {name!r}; known are {', '.join(sorted(_ROUTES))}."
        raise ConfigurationError(message)
    route = _ROUTES[name]
    return call.base_url + route.path.format(model=call.card.version), route.body(call, size)


def _told(values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in values.items() if value is not None}


def _from_json(body: bytes) -> bytes:
    pictures = read_answer(_Pictures, body)
    if pictures is not None:
        return pictures.data[0].b64_json if pictures.data else b""
    try:
        return _BARE.validate_json(body)
    except ValidationError:
        return b""


def _failure(response: HttpResponse) -> Failed:
    problem = read_answer(_Problem, response.body) or _Problem()
    told = problem.error.message if isinstance(problem.error, _Message) else problem.error
    text = "; ".join(told) if isinstance(told, list) else told or problem.message or problem.detail or ""
    if response.status == 400 and _OUT_OF_MEMORY in text.lower():
        message = "The endpoint ran out of GPU memory. Ask for a smaller picture, or give the endpoint a larger GPU."
        return Failed(error=ProviderFailedError(message), metadata={"status": response.status})
    return failed(_NAME, _ERRORS, response, text)


def _unreadable(reason: str) -> Failed:
    return Failed(error=ProviderFailedError(f"The answer of Hugging Face could not be read. {reason}"))


provider = HuggingFaceProvider()
