"""A server of the operator's own that follows OpenAI's Images API: vLLM-Omni, SGLang and others; synchronous.

https://docs.vllm.ai/projects/vllm-omni/en/latest/serving/image_generation_api/ and
https://github.com/sgl-project/sglang/tree/main/python/sglang/multimodal_gen (checked 2026-11-22). An API key is sent if
there is one. What OpenAI does not have (seed, steps, guidance, a negative prompt) has the same names at both servers.
"""

import hashlib
import json
from dataclasses import replace
from typing import Annotated
from urllib.parse import urljoin, urlsplit

from pydantic import Field

from imagegate.domain.errors import (
    InvalidRequestError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage, RemoteImage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Refused, Submission
from imagegate.domain.request import Operation
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

_NAME = "The image server"
# A picture at many steps on a small card, behind whatever else that server has to do.
_READ_TIMEOUT_SECONDS = 280.0
_AUTH = (ApiKeyHeader(prefix="Bearer ", required=False),)


class _Wishes(Options):
    """What only these servers have; SGLang takes no notice of `strength`, so it is not a field of every request."""

    true_cfg_scale: Annotated[float, Field(ge=0, le=20)] | None = None
    strength: Annotated[float, Field(ge=0, le=1)] | None = None


class _Picture(Answer):
    b64_json: PictureBytes | None = None
    url: str | None = None


class _Images(Answer):
    data: list[_Picture] | None = None
    id: str | None = None
    size: str | None = None
    inference_time_s: float | None = None


class _Problem(Answer):
    code: str | int | None = None
    type: str | None = None
    message: str | None = None
    # One entry of FastAPI's list of what is wrong with a request.
    msg: str | None = None


class _ErrorAnswer(Answer):
    # OpenAI's envelope or a bare text.
    error: _Problem | str | None = None
    # FastAPI's own, and vLLM's before it had the envelope.
    detail: list[_Problem] | str | None = None
    message: str | None = None


# The servers themselves refuse nothing; a proxy or a safety checker in front of them may.
_REFUSALS = {"moderation_blocked", "content_policy_violation", "content_filter"}
_BY_STATUS: ErrorTable = {
    400: (InvalidRequestError, "The image server does not accept this request. Change it before you send it again."),
    401: (ProviderCredentialsError, "The image server does not accept the API key. An operator must set another."),
    403: (ProviderCredentialsError, "The image server lets nobody in with this API key. An operator must set another."),
    404: (
        ProviderFailedError,
        "There is no Images API at the configured address. An operator must correct `base_url`.",
    ),
    405: (ProviderFailedError, "The image server does not know this operation. Choose another model."),
    413: (InvalidRequestError, "The input images are too large for the image server. Send smaller ones."),
    422: (InvalidRequestError, "The image server cannot process this request. Change it before you send it again."),
    429: (ProviderThrottledError, "The image server takes no more requests just now. Repeat the request later."),
    500: (ProviderFailedError, "The image server failed. Ask for a smaller picture, or have an operator read its log."),
    502: (ProviderUnavailableError, "The image server is not running. Repeat the request later."),
    503: (ProviderUnavailableError, "The image server is starting, busy or broken. Repeat the request later."),
    504: (ProviderTimeoutError, "The image server took too long. Ask for fewer steps or a smaller picture."),
}


class OpenAICompatibleProvider:
    """Speaks to `/v1/images/generations` and `/v1/images/edits` of one server."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request; an edit is a form."""
        fields = _fields(call, read_options(_Wishes, call))
        if call.request.operation is Operation.EDIT:
            form = [(name, str(value)) for name, value in fields.items()]
            path, (body, content_type) = "edits", encode(form, edit_files(call))
        else:
            path, (body, content_type) = "generations", (json.dumps(fields).encode(), "application/json")
        return HttpRequest(
            method="POST",
            url=f"{_root(call)}/v1/images/{path}",
            headers={"content-type": content_type},
            body=body,
            auth=_AUTH,
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the images; paths on the server's disk, which SGLang tells too, are not taken over."""
        if response.status != 200:
            return _read_error(response)
        answer = read_answer(_Images, response.body)
        if answer is None:
            message = "The image server's answer could not be read. Is it an OpenAI-compatible one?"
            return Failed(error=ProviderFailedError(message))
        images = tuple(image for picture in answer.data or [] if (image := _image(call, picture)) is not None)
        if not images:
            return Failed(error=ProviderFailedError("The image server reported success without an image."))
        return Completed(
            images=images,
            model_version=call.settings.get("model", call.card.version),
            metadata=answer.model_dump(include={"id", "size", "inference_time_s"}, exclude_none=True),
        )


def _root(call: ProviderCall) -> str:
    # The address may be given with or without the version, as people know it from OpenAI's clients.
    return call.base_url.removesuffix("/v1")


def _fields(call: ProviderCall, wishes: _Wishes) -> dict[str, str | int | float]:
    request = call.request
    if wishes.strength is not None and request.operation is not Operation.EDIT:
        message = "A strength says how far an edit may go from its source, and there is no source. Leave it out."
        raise UnsupportedFeatureError(message, param=f"provider_options.{call.card.provider}.strength")
    fields: dict[str, str | int | float | None] = {
        "prompt": request.prompt,
        # A name that differs from the server's own is an error there, so it is sent only if an operator says so.
        "model": call.settings.get("model"),
        "n": request.count,
        # Without a size an edit has that of its source.
        "size": str(request.size) if request.size else None,
        # SGLang's own default is an address, which it then cannot give.
        "response_format": "b64_json",
        "output_format": request.output_format.value if request.output_format else None,
        "output_compression": request.output_compression,
        "negative_prompt": request.negative_prompt,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "seed": _seed(call),
        **wishes.model_dump(),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _seed(call: ProviderCall) -> int | None:
    # Without a seed SGLang always takes the same one, and vLLM-Omni does not tell which it took.
    if call.request.seed is not None or not call.nonce:
        return call.request.seed
    return int.from_bytes(hashlib.sha256(call.nonce.encode()).digest()[:4], "big")


def _image(call: ProviderCall, picture: _Picture) -> InlineImage | RemoteImage | None:
    if picture.b64_json is not None:
        return InlineImage(data=picture.b64_json, seed=_seed(call))
    if not picture.url:
        return None
    url = urljoin(f"{_root(call)}/", picture.url)
    if urlsplit(url)[:2] != urlsplit(call.base_url)[:2]:
        return RemoteImage(url=url, seed=_seed(call))
    return RemoteImage(url=url, seed=_seed(call), is_private=True, auth=_AUTH)


def _read_error(response: HttpResponse) -> Submission:
    answer = read_answer(_ErrorAnswer, response.body) or _ErrorAnswer()
    error = answer.error if isinstance(answer.error, _Problem) else _Problem(message=answer.error)
    metadata = {"status": response.status, "code": error.code, "type": error.type}
    if error.code in _REFUSALS:
        message = "The image server refused this request under its content policy. Change what you ask for."
        return Refused(message=message, metadata=metadata)
    return replace(failed(_NAME, _BY_STATUS, response, error.message or _detail(answer)), metadata=metadata)


def _detail(answer: _ErrorAnswer) -> str | None:
    if isinstance(answer.detail, list):
        return "; ".join(one.msg for one in answer.detail if one.msg)
    return answer.detail or answer.message


provider = OpenAICompatibleProvider()
