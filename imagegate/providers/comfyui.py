"""ComfyUI: the operator's own server; asynchronous, without authentication of its own, so usually behind a proxy.

A graph is code: it names nodes and files. The gateway therefore owns the graph, `comfyui_workflow.json`, and fills its
named inputs; nobody sends one. What the server knows of finished work is in its memory, and lost when it restarts.
https://docs.comfy.org/development/comfyui-server/comms_routes and server.py of
https://github.com/comfyanonymous/ComfyUI at a125cd8 (checked 2026-11-22).
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import Field, TypeAdapter, ValidationError

from imagegate.domain.errors import (
    ConfigurationError,
    InvalidRequestError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, ProviderRef, Submission
from imagegate.domain.request import JsonValue, Quality
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.reading import Answer, ErrorTable, Options, ask_again, failed, read_answer, read_options, shorten

_NAME = "The ComfyUI server"
_AUTH = (ApiKeyHeader(prefix="Bearer ", required=False),)
_POLL_AGAIN_SECONDS = 3.0
_POLL_AFTER_SECONDS = 2.0

_Name = Annotated[str, Field(pattern=r"^[a-z0-9_+]{1,64}$")]


class _Options(Options):
    """The names of a sampler and of a scheduler, as the server lists them."""

    sampler_name: _Name | None = None
    scheduler: _Name | None = None


class _Queued(Answer):
    prompt_id: str


class _File(Answer):
    filename: str
    subfolder: str = ""
    type: str = "output"


class _Output(Answer):
    images: list[_File] = Field(default_factory=list)


class _Status(Answer):
    status_str: str | None = None
    # Pairs of an event's name and what it says.
    messages: list[JsonValue] = Field(default_factory=list)


class _Record(Answer):
    outputs: dict[str, _Output] = Field(default_factory=dict)
    status: _Status | None = None


class _Queue(Answer):
    """Each entry is a list: a number, the id, the graph and more."""

    queue_running: list[JsonValue] = Field(default_factory=list)
    queue_pending: list[JsonValue] = Field(default_factory=list)


class _NodeError(Answer):
    message: str = ""
    details: str = ""
    extra_info: dict[str, JsonValue] = Field(default_factory=dict)


class _NodeErrors(Answer):
    errors: list[_NodeError] = Field(default_factory=list)


class _Problem(Answer):
    error: _NodeError = _NodeError()
    node_errors: dict[str, _NodeErrors] = Field(default_factory=dict)


_HISTORY = TypeAdapter(dict[str, _Record])
# `graph`, and in `inputs` the place of each named input: a node and a field of it.
_WORKFLOW = files(__package__).joinpath("comfyui_workflow.json").read_bytes()

_STEPS: dict[Quality, int] = {Quality.LOW: 12, Quality.MEDIUM: 25, Quality.HIGH: 50}

_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "The ComfyUI server did not accept the request."),
    401: (ProviderCredentialsError, "The proxy before the ComfyUI server did not accept our key."),
    403: (ProviderCredentialsError, "The proxy before the ComfyUI server does not let us in."),
    413: (InvalidRequestError, "The request is too large for the ComfyUI server."),
    429: (ProviderThrottledError, "The ComfyUI server takes no more requests just now. Repeat the request later."),
    502: (ProviderUnavailableError, "The ComfyUI server is not running behind its proxy."),
    503: (ProviderUnavailableError, "The ComfyUI server is not available. Repeat the request later."),
    504: (ProviderTimeoutError, "A proxy gave up waiting for the ComfyUI server."),
}

# The input that names the checkpoint; if it is wrong, the operator's setting is, and not the request.
_CHECKPOINT_FIELD = "ckpt_name"

# A word that is not here is a new one, and still running as far as we know.
_SUCCESS, _ERROR = "success", "error"

# The stages of `ref`: the history has finished work only. When it has nothing, the queue tells whether the server still
# knows the work; when it does not, it may have ended in between, so the history is asked one last time.
_HISTORY_STAGE, _QUEUE_STAGE, _LAST_STAGE = "history", "queue", "last"


class ComfyUiProvider:
    """Draws with the checkpoint in the setting `checkpoint`."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the entry into the queue.

        Raises:
            ConfigurationError: no checkpoint is set.
        """
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/prompt",
            headers={"content-type": "application/json"},
            body=json.dumps({"prompt": _graph(call)}).encode(),
            auth=_AUTH,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the id of the work."""
        if response.status != 200:
            return _refused_graph(response)
        queued = read_answer(_Queued, response.body)
        if queued is None:
            return _failed("The ComfyUI server's answer could not be read.")
        ref = {"stage": _HISTORY_STAGE, "prompt_id": queued.prompt_id, "seed": str(_seed(call)), "is_running": ""}
        return Pending(ref=ref, metadata={"prompt_id": queued.prompt_id})

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request for the finished work, or for the queue."""
        path = "queue" if ref["stage"] == _QUEUE_STAGE else f"history/{quote(ref['prompt_id'], safe='')}"
        return HttpRequest(method="GET", url=f"{call.base_url}/{path}", auth=_AUTH)

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read the history, which is empty until the work is over, or the queue."""
        if again := ask_again(ref, response, _POLL_AGAIN_SECONDS):
            return again
        if response.status != 200:
            return failed(_NAME, _ERRORS, response)
        return (_read_queue if ref["stage"] == _QUEUE_STAGE else _read_history)(call, ref, response)

    def cancel(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request that stops the work where it runs, or takes it out of the queue."""
        prompt_id = ref["prompt_id"]
        path, body = (
            ("interrupt", {"prompt_id": prompt_id}) if ref["is_running"] else ("queue", {"delete": [prompt_id]})
        )
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/{path}",
            headers={"content-type": "application/json"},
            body=json.dumps(body).encode(),
            auth=_AUTH,
        )

    def read_canceled(self, response: HttpResponse) -> bool:
        """Tell whether the server took the request; it answers the same when there was nothing to stop."""
        return response.status == 200


def _graph(call: ProviderCall) -> Mapping[str, JsonValue]:
    request = call.request
    checkpoint = call.settings.get("checkpoint")
    if not checkpoint:
        message = "ComfyUI needs the name of a checkpoint: `imagegate providers set comfyui checkpoint=...`"
        raise ConfigurationError(message)
    size = request.size or call.card.sizes.default
    values: dict[str, JsonValue] = {
        "checkpoint": checkpoint,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "width": size.width,
        "height": size.height,
        "batch": request.count,
        "seed": _seed(call),
        "steps": _STEPS[request.quality] if request.steps is None else request.steps,
        "guidance": request.guidance,
        **read_options(_Options, call).model_dump(),
    }
    workflow = json.loads(_WORKFLOW)
    graph: dict[str, dict[str, dict[str, JsonValue]]] = workflow["graph"]
    for name, (node, field) in workflow["inputs"].items():
        if values[name] is not None:
            graph[node]["inputs"][field] = values[name]
    return graph


def _seed(call: ProviderCall) -> int:
    """Return a seed always: an identical graph is answered from the server's cache, without a new picture."""
    if call.request.seed is not None:
        return call.request.seed
    return int.from_bytes(hashlib.sha256(call.nonce.encode()).digest()[:4])


def _read_history(call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
    try:
        record = _HISTORY.validate_json(response.body).get(ref["prompt_id"])
    except ValidationError:
        return _failed("The ComfyUI server's history could not be read.")
    if record is None:
        if ref["stage"] == _LAST_STAGE:
            return _failed("The ComfyUI server does not know the work any more. Was it restarted? Repeat the request.")
        return Pending(ref={**ref, "stage": _QUEUE_STAGE}, poll_after_seconds=0)
    return _read_record(call, ref, record)


def _read_record(call: ProviderCall, ref: ProviderRef, record: _Record) -> Submission:
    status = record.status or _Status()
    metadata: dict[str, JsonValue] = {"prompt_id": ref["prompt_id"], "status": status.status_str}
    if status.status_str == _ERROR:
        return Failed(error=ProviderFailedError(_what_went_wrong(status)), metadata=metadata)
    pictures = [file for output in record.outputs.values() for file in output.images if file.type == "output"]
    if status.status_str != _SUCCESS and not pictures:
        return Pending(ref=ref, poll_after_seconds=_POLL_AFTER_SECONDS, metadata=metadata)
    if not pictures:
        return _failed("The ComfyUI server reported success without an image. Repeat the request.")
    # One seed makes the whole batch; it brings back only the first picture by itself.
    seeds = [int(ref["seed"]), *(None for _ in pictures[1:])]
    return Completed(
        images=tuple(_image(call, file, seed) for file, seed in zip(pictures, seeds, strict=True)),
        model_version=call.settings.get("checkpoint"),
        metadata=metadata,
    )


def _image(call: ProviderCall, file: _File, seed: int | None) -> RemoteImage:
    query = urlencode({"filename": file.filename, "subfolder": file.subfolder, "type": file.type})
    return RemoteImage(url=f"{call.base_url}/view?{query}", seed=seed, is_private=True, auth=_AUTH)


def _read_queue(call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
    queue = read_answer(_Queue, response.body)
    if queue is None:
        return _failed("The ComfyUI server's queue could not be read.")
    is_running = _names(queue.queue_running, ref["prompt_id"])
    if is_running or _names(queue.queue_pending, ref["prompt_id"]):
        known = {**ref, "stage": _HISTORY_STAGE, "is_running": "yes" if is_running else ""}
        return Pending(ref=known, poll_after_seconds=_POLL_AFTER_SECONDS)
    return Pending(ref={**ref, "stage": _LAST_STAGE}, poll_after_seconds=0)


def _names(entries: list[JsonValue], prompt_id: str) -> bool:
    return any(isinstance(entry, list) and prompt_id in entry for entry in entries)


def _what_went_wrong(status: _Status) -> str:
    pairs = [message for message in status.messages if isinstance(message, list) and len(message) == 2]
    events = {str(name): said for name, said in pairs}
    if "execution_interrupted" in events:
        return "The work was stopped on the ComfyUI server."
    told = events.get("execution_error")
    reason = told.get("exception_message", "") if isinstance(told, dict) else "it gave no reason"
    return f"The ComfyUI server could not draw the picture: {shorten(str(reason))}"


def _refused_graph(response: HttpResponse) -> Failed:
    problem = read_answer(_Problem, response.body) or _Problem()
    errors = [error for node in problem.node_errors.values() for error in node.errors]
    if any(error.extra_info.get("input_name") == _CHECKPOINT_FIELD for error in errors):
        message = "The ComfyUI server does not have the checkpoint in our settings. An operator must set another one."
        return Failed(error=ProviderFailedError(message), metadata={"status": response.status})
    text = "; ".join(f"{error.message} {error.details}".strip() for error in errors or [problem.error])
    return failed(_NAME, _ERRORS, response, text)


def _failed(message: str) -> Failed:
    return Failed(error=ProviderFailedError(message))


provider = ComfyUiProvider()
