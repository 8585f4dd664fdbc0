"""Black Forest Labs: the FLUX models; always asynchronous, one picture for each task, `x-key` header.

https://docs.bfl.ai and https://api.bfl.ai/openapi.json (checked 2026-11-22). A task is asked for at the address that
its submission gave, verbatim: another cluster does not know it. Where a callback is wanted no address is given, and the
base address, best that of a region, must do. A callback is but a hint: its signature is undocumented. Nothing cancels.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from imagegate.domain.callback import Proof, Unproven
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    MissingParameterError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, ProviderRef, Refused, Submission
from imagegate.domain.request import JsonValue
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.reading import (
    Answer,
    ErrorTable,
    Options,
    ask_again,
    failed,
    grayscale_mask,
    read_answer,
    read_options,
    shorten,
)

_AUTH = (ApiKeyHeader(header="x-key"),)
# A status takes one second or less; the interval after a poll that was shed is longer.
_POLL_SECONDS = 1.0
_POLL_AGAIN_SECONDS = 3.0
# Marks a ref whose address we built: a cluster that does not know the task is no sign that nobody does.
_IS_BUILT = "is_built"

_Pixels = Annotated[int, Field(ge=0, le=2048)]
_UpToFour = Annotated[int, Field(ge=0, le=4)]
_UpToFive = Annotated[int, Field(ge=0, le=5)]
_UpToSix = Annotated[int, Field(ge=0, le=6)]


class _Flux3Options(Options):
    safety_tolerance: _UpToFour | None = None
    version: str | None = None
    # The provider's default is true, which sends prompts to a web and image search: only who asks for it gets it.
    grounding: bool = False


class _Flux2Options(Options):
    safety_tolerance: _UpToFive | None = None


class _FlexOptions(_Flux2Options):
    prompt_upsampling: bool | None = None


class _Flux1Options(Options):
    safety_tolerance: _UpToSix | None = None
    prompt_upsampling: bool | None = None


class _UltraOptions(_Flux1Options):
    raw: bool | None = None
    image_prompt_strength: Annotated[float, Field(ge=0, le=1)] | None = None


class _ExpandOptions(_Flux1Options):
    top: _Pixels | None = None
    bottom: _Pixels | None = None
    left: _Pixels | None = None
    right: _Pixels | None = None


class _Accepted(Answer):
    id: str
    polling_url: str | None = None
    cost: Decimal | None = None


class _Task(Answer):
    status: str
    cost: Decimal | None = None
    # Its shape is undocumented; it holds the reasons of a refusal.
    details: object = None


class _Sample(Answer):
    sample: str = Field(min_length=1)
    seed: int | None = None


class _Ready(Answer):
    result: _Sample


class _Problem(Answer):
    detail: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """How the endpoints of one family differ: the options, and the names of the fields."""

    options: type[Options]
    # One of: pixels (width and height), ratio (aspect_ratio), tier (ratio and resolution), input (no choice).
    size: str
    # The field of the first input image; the others are numbered fields, or all are in a list.
    image: str
    many: str = "none"
    needs_image: bool = False
    needs_prompt: bool = True
    has_format: bool = True


_FLUX_2 = _Shape(options=_Flux2Options, size="pixels", image="input_image", many="numbered")
_FLEX = _Shape(options=_FlexOptions, size="pixels", image="input_image", many="numbered")
_KONTEXT = _Shape(options=_Flux1Options, size="ratio", image="input_image", many="numbered")
_FLUX_1 = _Shape(options=_Flux1Options, size="pixels", image="image_prompt", needs_prompt=False)
# By the last part of the endpoint's path, which is the version on the card.
_SHAPES: dict[str, _Shape] = {
    "flux-3-image": _Shape(options=_Flux3Options, size="tier", image="images", many="list", has_format=False),
    "flux-2-max": _FLUX_2,
    "flux-2-pro": _FLUX_2,
    "flux-2-pro-preview": _FLUX_2,
    "flux-2-flex": _FLEX,
    "flux-2-klein-9b": _FLUX_2,
    "flux-2-klein-9b-preview": _FLUX_2,
    "flux-2-klein-4b": _FLUX_2,
    "flux-kontext-max": _KONTEXT,
    "flux-kontext-pro": _KONTEXT,
    "flux-pro-1.1-ultra": _Shape(options=_UltraOptions, size="ratio", image="image_prompt", needs_prompt=False),
    "flux-pro-1.1": _FLUX_1,
    "flux-dev": _FLUX_1,
    # A mask is black and white with white to paint; without one the transparent parts of the image itself are painted:
    # https://docs.bfl.ai/flux_tools/flux_1_fill (2026-11-22).
    "flux-pro-1.0-fill": _Shape(
        options=_Flux1Options, size="input", image="image", needs_image=True, needs_prompt=False
    ),
    "flux-pro-1.0-expand": _Shape(
        options=_ExpandOptions, size="input", image="image", needs_image=True, needs_prompt=False
    ),
}

# All come with HTTP 200; every other status, known (Pending, Reasoning, Generating) or not, is work in progress.
_READY = "Ready"
_REFUSALS: dict[str, tuple[Stage, str]] = {
    "Request Moderated": (Stage.PROMPT, "The prompt or an input image was refused."),
    "Content Moderated": (Stage.IMAGE, "The picture that was made was withheld."),
}
_UNKNOWN = "Task not found"
_FAILURES: dict[str, str] = {
    "Error": "Black Forest Labs could not make the picture.",
    _UNKNOWN: "Black Forest Labs does not know the task any more.",
}

_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "Black Forest Labs did not accept the request."),
    401: (ProviderCredentialsError, "Black Forest Labs does not accept the key. An operator must set it again."),
    402: (ProviderQuotaError, "The account with Black Forest Labs is out of credits."),
    403: (ProviderCredentialsError, "The key for Black Forest Labs may not use this model."),
    404: (ProviderFailedError, "Black Forest Labs does not know this model or task."),
    408: (ProviderTimeoutError, "Black Forest Labs gave up waiting."),
    413: (InvalidRequestError, "The input images are too large for Black Forest Labs."),
    422: (InvalidRequestError, "Black Forest Labs did not accept the request."),
    429: (ProviderThrottledError, "Too many tasks are running at Black Forest Labs. Repeat the request in a moment."),
    500: (ProviderFailedError, "Black Forest Labs failed. The request may have been charged."),
    503: (ProviderUnavailableError, "Black Forest Labs is busy. Repeat the request in a moment."),
    504: (ProviderTimeoutError, "Black Forest Labs gave up waiting."),
}


class BflProvider:
    """Speaks to the FLUX API, whichever cluster the base address names."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the submission of one task; for edits without a size the provider follows the input image."""
        shape = _SHAPES[call.card.version]
        request = call.request
        options = read_options(shape.options, call)
        if shape.needs_prompt and not request.prompt.strip():
            raise EmptyPromptError(f"{call.card.id} needs a prompt. Say what to draw.", param="prompt")
        wishes: dict[str, JsonValue] = {
            "seed": request.seed,
            "steps": request.steps,
            "guidance": request.guidance,
            "output_format": request.output_format.value if request.output_format and shape.has_format else None,
            **options.model_dump(),
            "webhook_url": call.callback_url,
        }
        body = {
            "prompt": request.prompt,
            **_size(shape, call),
            **_images(shape, call),
            **_mask(call),
            **{name: wish for name, wish in wishes.items() if wish is not None},
        }
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/v1/{call.card.version}",
            headers={"content-type": "application/json", "accept": "application/json"},
            body=json.dumps(body).encode(),
            auth=_AUTH,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read where the task can be asked for, and what it is said to cost."""
        if response.status != 200:
            return _failed(response)
        answer = read_answer(_Accepted, response.body)
        if answer is None:
            return _unreadable()
        ref = {"id": answer.id, "polling_url": answer.polling_url} if answer.polling_url else _ref(call, answer.id)
        if answer.cost is not None:
            ref["cost"] = str(answer.cost)
        return Pending(ref=ref, poll_after_seconds=_POLL_SECONDS, usage=_usage(ref.get("cost")))

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the question how far the task is."""
        headers = {"accept": "application/json"}
        return HttpRequest(method="GET", url=ref["polling_url"], headers=headers, auth=_AUTH, read_timeout_seconds=10.0)

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read how far the task is; a poll that was shed says nothing about the task."""
        if again := ask_again(ref, response, _POLL_AGAIN_SECONDS):
            return again
        if response.status == 404 and _IS_BUILT in ref:
            return Pending(ref=ref, poll_after_seconds=_POLL_AGAIN_SECONDS, metadata={"status": response.status})
        if response.status != 200:
            return _failed(response)
        return _read_task(ref, response)

    def proof(self, base_url: str) -> Proof:
        """Return that nothing proves a callback."""
        return Unproven()

    def find_ref(self, call: ProviderCall, body: bytes) -> ProviderRef | None:
        """Read which task the callback names."""
        named = read_answer(_Accepted, body)
        return _ref(call, named.id) if named else None

    def read_callback(self, call: ProviderCall, ref: ProviderRef, body: bytes) -> Submission:
        """Believe nothing of it, and ask."""
        return Pending(ref=ref, poll_after_seconds=0)


def _ref(call: ProviderCall, task_id: str) -> dict[str, str]:
    address = f"{call.base_url}/v1/get_result?id={quote(task_id, safe='')}"
    return {"id": task_id, "polling_url": address, _IS_BUILT: "yes"}


def _read_task(ref: ProviderRef, response: HttpResponse) -> Submission:
    task = read_answer(_Task, response.body)
    if task is None:
        return _unreadable()
    metadata: dict[str, JsonValue] = {"id": ref["id"], "status": task.status, "details": task.details}
    if task.status == _READY:
        return _completed(task, ref, response, metadata)
    if task.status in _REFUSALS:
        stage, message = _REFUSALS[task.status]
        # Whether refusals are billed is undocumented: only a settled cost is believed, not the one announced.
        return Refused(message=message, stage=stage, usage=_usage(task.cost), metadata=metadata)
    if task.status in _FAILURES and not (task.status == _UNKNOWN and _IS_BUILT in ref):
        return Failed(error=ProviderFailedError(_FAILURES[task.status]), metadata=metadata)
    return Pending(ref=ref, poll_after_seconds=_POLL_SECONDS, metadata=metadata)


def _size(shape: _Shape, call: ProviderCall) -> Mapping[str, JsonValue]:
    # Where an image only inspires, the provider's own default would be a shape that nobody asked for.
    size = call.request.size or (call.card.sizes.default if shape.image == "image_prompt" else None)
    if size is None:
        return {}
    if shape.size == "pixels":
        return {"width": size.width, "height": size.height}
    if shape.size == "input":
        message = f"{call.card.id} makes the size that the input image gives. Leave `size` out."
        raise UnsupportedFeatureError(message, param="size")
    ratio, _, resolution = call.card.sizes.labels[size].partition(" ")
    return {"aspect_ratio": ratio, "resolution": resolution} if shape.size == "tier" else {"aspect_ratio": ratio}


def _images(shape: _Shape, call: ProviderCall) -> Mapping[str, JsonValue]:
    pictures = [b64encode(one.data).decode("ascii") for one in call.inputs]
    if not pictures:
        if shape.needs_image:
            message = f"{call.card.id} changes a picture. Send one as `image`."
            raise MissingParameterError(message, param="image")
        return {}
    if shape.many == "list":
        return {shape.image: pictures}
    more = {f"{shape.image}_{number}": picture for number, picture in enumerate(pictures[1:], start=2)}
    return {shape.image: pictures[0], **more}


def _mask(call: ProviderCall) -> Mapping[str, JsonValue]:
    mask = grayscale_mask(call)
    return {} if mask is None else {"mask": b64encode(mask.data).decode("ascii")}


def _completed(task: _Task, ref: ProviderRef, response: HttpResponse, metadata: Mapping[str, JsonValue]) -> Submission:
    ready = read_answer(_Ready, response.body)
    if ready is None:
        message = "Black Forest Labs reported success without an image. It may have been charged."
        return Failed(error=ProviderFailedError(message), metadata=metadata)
    return Completed(
        images=(RemoteImage(url=ready.result.sample, seed=ready.result.seed),),
        # The settled cost, which can differ from the one announced; older answers have none.
        usage=_usage(ref.get("cost") if task.cost is None else task.cost),
        metadata=metadata,
    )


def _usage(credits_: Decimal | str | None) -> Usage | None:
    return None if credits_ is None else Usage(quantities={PriceUnit.CREDIT: Decimal(credits_)})


def _failed(response: HttpResponse) -> Failed:
    problem = read_answer(_Problem, response.body)
    if problem is None or problem.detail is None:
        return failed("Black Forest Labs", _ERRORS, response)
    detail = problem.detail if isinstance(problem.detail, str) else json.dumps(problem.detail)
    return failed("Black Forest Labs", _ERRORS, response, shorten(detail))


def _unreadable() -> Failed:
    message = "The answer of Black Forest Labs could not be read. The request may have been charged."
    return Failed(error=ProviderFailedError(message))


provider = BflProvider()
