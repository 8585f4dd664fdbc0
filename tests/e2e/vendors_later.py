"""Fakes of the vendors who take a task and are asked for it; pictures lie at addresses that need no credential."""

from dataclasses import replace
from typing import Any, Final

from tests.e2e.calling import WEBHOOK_SECRET
from tests.e2e.vendor_parts import Answers, Asked, Fake, Mood, Respond, Task, key_of, later, throttled, told
from tests.fixtures import fixture_json
from tests.loopback import Reply

PICTURES: Final = "/pictures/"


def _picture(task: Task) -> str:
    return f"{task.base_url}{PICTURES}{task.id}.png"


def _turned_away(throttle: Any, failure: Any) -> Answers:
    return {Mood.THROTTLE: throttled(throttle), Mood.FAIL: told(failure, 500)}


def _accept_bfl(task: Task) -> Any:
    return {"id": task.id, "polling_url": f"{task.base_url}/v1/get_result?id={task.id}", "cost": 4.5}


def _look_bfl(task: Task) -> Reply:
    if task.mood is Mood.REFUSE:
        return told({**fixture_json("bfl/moderated.json"), "id": task.id})
    if task.is_at_work(2):
        return told({"id": task.id, "status": "Pending", "result": None})
    result = None if task.mood is Mood.EMPTY else {"sample": _picture(task), "seed": 42}
    return told({"id": task.id, "status": "Ready", "result": result, "cost": 4.2})


def _bfl(submits: str) -> Respond:
    too_many = {"detail": "Too many active tasks."}
    return later(submits, _turned_away(too_many, {"detail": "Fake failure."}), _accept_bfl, _look_bfl)


def _prediction(task: Task, status: str, output: Any = None) -> Any:
    get = f"{task.base_url}/predictions/{task.id}"
    begun: dict[str, Any] = fixture_json("replicate/started.json")
    urls = {"get": get, "cancel": f"{get}/cancel"}
    return {**begun, "id": task.id, "status": status, "output": output, "urls": urls}


def _look_replicate(task: Task) -> Reply:
    if task.mood is Mood.REFUSE:
        return told({**fixture_json("replicate/refused.json"), "id": task.id})
    if task.what.endswith("/cancel"):
        return told(_prediction(task, "canceled"))
    if task.is_at_work(1):
        return told(_prediction(task, "processing"))
    return told(_prediction(task, "succeeded", None if task.mood is Mood.EMPTY else _picture(task)))


def _replicate(submits: str) -> Respond:
    turned_away = _turned_away(fixture_json("replicate/throttled.json"), {"detail": "Fake failure."})
    return later(submits, turned_away, lambda task: _prediction(task, "starting"), _look_replicate)


def _accept_fal(task: Task) -> Any:
    address = f"{task.base_url}/fal-ai/flux-2-pro/requests/{task.id}"
    queued: dict[str, Any] = fixture_json("fal/queued.json")
    urls = {"response_url": address, "status_url": f"{address}/status", "cancel_url": f"{address}/cancel"}
    return {**queued, "request_id": task.id, **urls}


def _look_fal(task: Task) -> Reply:
    if task.what.endswith("/status"):
        word = "in_progress" if task.is_at_work(1) else "completed"
        return told({**fixture_json(f"fal/{word}.json"), "request_id": task.id})
    if task.mood is Mood.REFUSE:
        return told(fixture_json("fal/refused.json"), 422)
    images = [] if task.mood is Mood.EMPTY else [{"url": _picture(task), "content_type": "image/png"}]
    return told({"images": images, "seed": 42, "has_nsfw_concepts": [False]})


def _fal(submits: str) -> Respond:
    turned_away = _turned_away({"detail": "Too many requests."}, {"detail": "Fake failure."})
    return later(submits, turned_away, _accept_fal, _look_fal)


def _tell_bfl(task: Task) -> Any:
    return {"id": task.id, "status": "Ready"}


def _tell_replicate(task: Task) -> Any:
    if task.mood is Mood.REFUSE:
        return {**fixture_json("replicate/refused.json"), "id": task.id}
    return _prediction(task, "succeeded", None if task.mood is Mood.EMPTY else _picture(task))


def _tell_fal(task: Task) -> Any:
    if task.mood is Mood.REFUSE:
        return {**fixture_json("fal/called_back_error.json"), "request_id": task.id}
    images = [] if task.mood is Mood.EMPTY else [{"url": _picture(task), "content_type": "image/png"}]
    called: dict[str, Any] = fixture_json("fal/called_back.json")
    return {**called, "request_id": task.id, "payload": {**called["payload"], "images": images}}


def _tell_ideogram(task: Task) -> Any:
    done: dict[str, Any] = fixture_json("ideogram/called_back.json")
    picture = {**done["data"][0], "url": _picture(task)}
    return {**done, "generation_id": task.id, "data": [] if task.mood is Mood.EMPTY else [picture]}


def _look_ideogram(task: Task) -> Reply:
    if task.is_at_work(0):
        return told({"generation_id": task.id, "status": "processing", "data": []})
    done: dict[str, Any] = fixture_json("ideogram/completed.json")
    picture = {**done["data"][0], "url": _picture(task)}
    return told({**done, "generation_id": task.id, "data": [] if task.mood is Mood.EMPTY else [picture]})


def _ideogram(submits: str) -> Respond:
    turned_away = {
        Mood.REFUSE: told(fixture_json("ideogram/refused.json"), 422),
        **_turned_away(fixture_json("ideogram/throttled.json"), {"error": "Fake failure."}),
    }
    return later(submits, turned_away, lambda task: {"generation_id": task.id}, _look_ideogram)


def _look_comfyui(task: Task) -> Reply:
    if task.is_at_work(1):
        return told({})
    files = [] if task.mood is Mood.EMPTY else [{"filename": f"{task.id}.png", "subfolder": "", "type": "output"}]
    status = {"status_str": "success", "completed": True, "messages": []}
    return told({task.id: {"outputs": {"save": {"images": files}}, "status": status}})


def _comfyui(submits: str) -> Respond:
    turned_away = _turned_away({"error": {"message": "Too many requests."}}, {"error": {"message": "Fake failure."}})
    work = later(submits, turned_away, lambda task: {"prompt_id": task.id, "number": 1}, _look_comfyui)

    def respond(asked: Asked) -> Reply:
        # Whatever was not in the history a moment ago has ended since.
        is_queue = asked.what == "GET /queue"
        return told({"queue_running": [], "queue_pending": []}) if is_queue else work(asked)

    return respond


def _fake(provider: str, model: str, color: str, submits: str, respond: Respond, *, header: tuple[str, str]) -> Fake:
    name, prefix = header
    return Fake(
        provider=provider,
        model=model,
        color=color,
        submits=submits,
        respond=respond,
        credential=(name, prefix + key_of(provider)),
        secret={"api_key": key_of(provider)},
        settings={"checkpoint": "sd_xl_base_1.0.safetensors"} if provider == "comfyui" else {},
    )


_BEARER: Final = ("authorization", "Bearer ")
_BFL: Final = "POST /v1/flux-.*"
_PREDICTIONS: Final = "POST /predictions"
_QUEUE: Final = "POST /fal-ai/.*"
_IDEOGRAM: Final = "POST /v2/image/.*"
_PROMPT: Final = "POST /prompt"

LATER: Final = (
    replace(
        _fake("bfl", "flux-2-pro", "fuchsia", _BFL, _bfl(_BFL), header=("x-key", "")),
        settings={"callbacks": "on"},
        tell=_tell_bfl,
    ),
    replace(
        _fake("replicate", "flux-2-pro", "yellow", _PREDICTIONS, _replicate(_PREDICTIONS), header=_BEARER),
        secret={"api_key": key_of("replicate"), "webhook_secret": WEBHOOK_SECRET},
        settings={"callbacks": "on"},
        tell=_tell_replicate,
    ),
    replace(
        _fake("fal", "flux-2-pro", "blue", _QUEUE, _fal(_QUEUE), header=("authorization", "Key ")),
        tell=_tell_fal,
    ),
    replace(
        _fake("ideogram", "ideogram-4-6", "green", _IDEOGRAM, _ideogram(_IDEOGRAM), header=("api-key", "")),
        tell=_tell_ideogram,
    ),
    _fake("comfyui", "checkpoint", "gray", _PROMPT, _comfyui(_PROMPT), header=_BEARER),
)
