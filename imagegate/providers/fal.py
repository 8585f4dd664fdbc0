"""fal: a queue in front of many models; asynchronous, `Authorization: Key`; status and result have two addresses.

There is no status for a failure: a failed request is COMPLETED as well, and the address of its result tells the error.
https://fal.ai/docs/documentation/model-apis/inference/queue (checked 2026-11-22). Inputs are each model's own.
"""

import json
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from imagegate.domain.callback import Ed25519Signature, Proof
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    InvalidRequestError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, ProviderRef, Refused, Submission
from imagegate.domain.request import JsonValue, Operation, Quality
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.fal_models import INPUTS, Input
from imagegate.reading import Answer, ErrorTable, Options, failed, read_answer, read_options, shorten

_NAME = "fal"
_AUTH = (ApiKeyHeader(prefix="Key "),)
_KEYS = "https://rest.fal.ai"
# What a callback says: a result, or an error.
_ENDED = frozenset({"OK", "ERROR"})
# Files lie at public addresses forever unless each request says otherwise.
_LIFECYCLE = json.dumps({"expiration_duration_seconds": 86_400})


class _Options(Options):
    """The wishes that are one model's own; `safety_tolerance` may be made stricter than fal's default, not laxer.

    `enable_safety_checker` is left out on purpose.
    """

    safety_tolerance: Literal["1", "2"] | None = None
    enhance_prompt: bool | None = None
    enable_prompt_expansion: bool | None = None
    expand_prompt: bool | None = None
    enable_web_search: bool | None = None
    acceleration: Literal["none", "regular", "high"] | None = None
    style: Literal["AUTO", "GENERAL", "REALISTIC", "DESIGN"] | None = None
    raw: bool | None = None
    upscale_factor: Literal[2, 3, 4] | None = None


class _Queued(Answer):
    request_id: str
    status_url: str
    response_url: str
    cancel_url: str


class _Status(Answer):
    status: str
    queue_position: int | None = None
    error: str | None = None
    error_type: str | None = None


class _File(Answer):
    url: str


class _Result(Answer):
    # A list, or one picture, depending on the model.
    images: list[_File] | None = None
    image: _File | None = None
    # Can be larger than 2^53, which Python reads without loss.
    seed: int | None = None
    has_nsfw_concepts: list[bool] | None = None

    @property
    def files(self) -> list[_File]:
        return (self.images or []) if self.image is None else [self.image]


class _Callback(Answer):
    request_id: str
    status: str | None = None


class _Delivery(Answer):
    # None where fal could not put it into the callback.
    payload: _Result | None = None


class _Detail(Answer):
    type: str | None = None
    msg: str = ""
    loc: tuple[str | int, ...] = ()


class _Problem(Answer):
    detail: str | list[_Detail]
    error_type: str | None = None


_QUALITIES: dict[Quality, str] = {Quality.LOW: "TURBO", Quality.MEDIUM: "BALANCED", Quality.HIGH: "QUALITY"}

_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "fal did not accept the request."),
    401: (ProviderCredentialsError, "fal did not accept our key. An operator must set it again."),
    402: (ProviderQuotaError, "Our balance at fal is used up. An operator must top it up."),
    403: (ProviderCredentialsError, "Our key may not run this model at fal. An operator must allow it."),
    404: (ProviderFailedError, "fal does not know this model or request."),
    413: (InvalidRequestError, "The input is too large for fal."),
    422: (InvalidRequestError, "fal did not accept the input."),
    429: (ProviderThrottledError, "fal takes no more requests just now. Repeat the request later."),
    503: (
        ProviderUnavailableError,
        "fal found no machine for the model; nothing was charged. Repeat the request later.",
    ),
    504: (ProviderTimeoutError, "fal gave up waiting for the model."),
}

# What fal says in words of its own, as the HTTP status that it stands for. 5xx are never billed, 4xx may be.
# https://fal.ai/docs/documentation/model-apis/request-errors (checked 2026-11-22)
_ERROR_TYPES: dict[str, int] = {
    "bad_request": 400,
    "client_cancelled": 499,
    "client_disconnected": 499,
    "internal_error": 500,
    "request_timeout": 504,
    "runner_connection_error": 503,
    "runner_connection_refused": 503,
    "runner_connection_timeout": 503,
    "runner_disconnected": 503,
    "runner_incomplete_response": 502,
    "runner_scheduling_failure": 503,
    "runner_server_error": 500,
    "startup_timeout": 504,
    # Those of models, in `detail`: https://fal.ai/docs/model-apis/errors (checked 2026-11-22)
    "downstream_service_error": 500,
    "downstream_service_unavailable": 500,
    "generation_timeout": 504,
    "internal_server_error": 500,
    "no_media_generated": 500,
}
_REFUSAL = "content_policy_violation"

# A used-up balance has no status or code of its own: it is a 403 with these words (seen 2026-08).
_LOCKED = "user is locked"

# Asking how far a request is costs nothing and changes nothing, so it is asked again.
_ASK_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


class FalProvider:
    """Speaks to the queue; the synchronous host has no memory of what was paid for."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the entry into the queue."""
        options = read_options(_Options, call).model_dump(exclude_none=True)
        names = INPUTS[call.card.name]
        for name in options:
            if name not in names.options:
                message = f"{call.card.id} does not know the option {name!r}. Leave it out."
                raise UnsupportedFeatureError(message, param=f"provider_options.fal.{name}")
        values = {**_wishes(call, names), **_size(call, names), **options}
        query = f"?{urlencode({'fal_webhook': call.callback_url})}" if call.callback_url else ""
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/{_path(call)}{query}",
            headers={"content-type": "application/json", "x-fal-object-lifecycle-preference": _LIFECYCLE},
            body=json.dumps(values).encode(),
            auth=_AUTH,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the place in the queue; its addresses are kept as given, since they leave the model's path out."""
        if response.status not in {200, 201, 202}:
            return _problem(response)
        queued = read_answer(_Queued, response.body)
        if queued is None:
            return _unreadable()
        addresses = {"status": queued.status_url, "result": queued.response_url, "cancel": queued.cancel_url}
        ref = {"stage": "status", "id": queued.request_id, **addresses}
        return Pending(ref=ref, metadata={"request_id": queued.request_id})

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request for the status, and for the result once there is one."""
        return HttpRequest(method="GET", url=ref[ref["stage"]], auth=_AUTH)

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read the status or the result, whichever was asked for."""
        return (_read_result if ref["stage"] == "result" else _read_status)(ref, response)

    def cancel(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request that stops the work."""
        return HttpRequest(method="PUT", url=ref["cancel"], auth=_AUTH)

    def read_canceled(self, response: HttpResponse) -> bool:
        """Tell whether fal will stop: 202 says so, 400 that the work was over, 404 that there is none."""
        return response.status == 202

    def proof(self, base_url: str) -> Proof:
        """Return fal's signature; its keys have a host of their own, except where another server stands in for fal."""
        is_fal = (urlsplit(base_url).hostname or "").endswith((".fal.run", ".falrun.com"))
        return Ed25519Signature(
            jwks_url=f"{_KEYS if is_fal else base_url}/.well-known/jwks.json",
            id_header="x-fal-webhook-request-id",
            user_header="x-fal-webhook-user-id",
            timestamp_header="x-fal-webhook-timestamp",
            signature_header="x-fal-webhook-signature",
        )

    def find_ref(self, call: ProviderCall, body: bytes) -> ProviderRef | None:
        """Read which request the callback is about; it has no addresses, so they are built as fal's own clients do."""
        told = read_answer(_Callback, body)
        if told is None:
            return None
        app = "/".join(_path(call).split("/")[:2])
        address = f"{call.base_url}/{app}/requests/{quote(told.request_id, safe='')}"
        addresses = {"status": f"{address}/status", "result": address, "cancel": f"{address}/cancel"}
        return {"stage": "status", "id": told.request_id, **addresses}

    def read_callback(self, call: ProviderCall, ref: ProviderRef, body: bytes) -> Submission:
        """Read the result; what went wrong is asked for, as the callback leaves out the status that tells its kind."""
        told = read_answer(_Callback, body)
        if told is None or told.request_id != ref.get("id", told.request_id):
            return Pending(ref=ref, poll_after_seconds=0)
        known = ref or self.find_ref(call, body) or {}
        delivery = read_answer(_Delivery, body)
        if told.status == "OK" and delivery and delivery.payload and delivery.payload.files:
            return _read_pictures(delivery.payload)
        return Pending(ref={**known, "stage": "result" if told.status in _ENDED else "status"}, poll_after_seconds=0)


def _path(call: ProviderCall) -> str:
    edit_path = INPUTS[call.card.name].edit_path
    return edit_path if edit_path and call.request.operation is Operation.EDIT else call.card.version


def _wishes(call: ProviderCall, names: Input) -> dict[str, JsonValue]:
    request = call.request
    output_format = request.output_format or call.card.default_format
    urls = [picture.url for picture in call.inputs]
    found: dict[str | None, JsonValue] = {
        "prompt": request.prompt or None,
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "strength": request.strength,
        names.count: request.count,
        names.image: urls[0] if urls else None,
        names.images: urls or None,
        "output_format": output_format.value if names.has_format else None,
        names.quality: _QUALITIES.get(request.quality),
    }
    return {name: value for name, value in found.items() if name is not None and value is not None}


def _size(call: ProviderCall, names: Input) -> dict[str, JsonValue]:
    size = call.request.size
    if size is None:
        # After fitting, only what is made from an input image is without a size; fal's default is to keep the shape.
        return {}
    if names.size == "input" or (call.inputs and names.edits_keep_size):
        message = f"{call.card.id} keeps the shape of the input image. Leave `size` and `aspect_ratio` out."
        raise UnsupportedFeatureError(message, param="size")
    if names.size == "sides":
        return {"image_size": {"width": size.width, "height": size.height}}
    ratio, _, tier = call.card.sizes.labels[size].partition(" ")
    return {"aspect_ratio": ratio, "resolution": tier} if tier else {"aspect_ratio": ratio}


def _read_status(ref: ProviderRef, response: HttpResponse) -> Submission:
    if response.status in _ASK_AGAIN:
        return Pending(ref=ref, poll_after_seconds=3.0, metadata={"http_status": response.status})
    if response.status not in {200, 202}:
        return _problem(response)
    status = read_answer(_Status, response.body)
    if status is None:
        return _unreadable()
    if status.status != "COMPLETED":
        # IN_QUEUE, IN_PROGRESS, or a word that is new to us.
        return Pending(ref=ref, metadata={"status": status.status, "queue_position": status.queue_position})
    if status.error_type in _ERROR_TYPES:
        return _error(response, _ERROR_TYPES[status.error_type], status.error, status.error_type)
    # The result says it better where it is an error of the model, a refusal among them.
    return Pending(ref={**ref, "stage": "result"}, poll_after_seconds=0)


def _read_result(ref: ProviderRef, response: HttpResponse) -> Submission:
    if response.status != 200:
        # An error of the model is JSON. Anything else is a stumble on the way, and the picture may be paid for.
        is_stumble = response.status in _ASK_AGAIN and read_answer(_Problem, response.body) is None
        if response.status == 429 or is_stumble:
            return Pending(ref=ref, poll_after_seconds=3.0, metadata={"http_status": response.status})
        return _problem(response)
    result = read_answer(_Result, response.body)
    if result is None:
        return _unreadable()
    if not result.files:
        return Failed(error=ProviderFailedError("fal reported success without an image. Repeat the request."))
    return _read_pictures(result)


def _read_pictures(result: _Result) -> Submission:
    files = result.files
    # What the safety checker finds is painted black, and not left out.
    flags = result.has_nsfw_concepts or []
    seeds = [result.seed, *(None for _ in files[1:])]
    images = tuple(
        RemoteImage(url=file.url, seed=seed)
        for index, (file, seed) in enumerate(zip(files, seeds, strict=True))
        if not any(flags[index : index + 1])
    )
    if not images:
        return Refused(message="fal's safety checker painted every picture black.", stage=Stage.IMAGE)
    return Completed(images=images, withheld=len(files) - len(images), metadata={"seed": result.seed})


def _problem(response: HttpResponse) -> Failed | Refused:
    problem = read_answer(_Problem, response.body) or _Problem(detail="")
    details = [_Detail(msg=problem.detail)] if isinstance(problem.detail, str) else problem.detail
    text = "; ".join(".".join(map(str, one.loc)) + f": {one.msg}" if one.loc else one.msg for one in details)
    if response.status == 403 and _LOCKED in text.lower():
        return _error(response, 402, text, None)
    for error_type in (problem.error_type, *(one.type for one in details), response.headers.get("x-fal-error-type")):
        if error_type == _REFUSAL:
            return Refused(message=shorten(text), metadata={"status": response.status, "error_type": error_type})
        if error_type in _ERROR_TYPES:
            return _error(response, _ERROR_TYPES[error_type], text, error_type)
    return _error(response, response.status, text, None)


def _error(response: HttpResponse, status: int, text: str | None, error_type: str | None) -> Failed:
    meant = HttpResponse(status=status, headers=response.headers, body=b"")
    error = failed(_NAME, _ERRORS, meant, text).error
    return Failed(error=error, metadata={"status": response.status, "error_type": error_type})


def _unreadable() -> Failed:
    return Failed(error=ProviderFailedError("fal's answer could not be read."))


provider = FalProvider()
