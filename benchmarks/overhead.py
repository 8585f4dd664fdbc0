"""One generation through the handlers, with and without somebody who waits: its AWS calls, state transitions and time.

It runs in a process of its own, on the emulator's AWS, and drives the state machine's file itself, one state at a time;
the parent reads its last line. The vendor works for no time at all, so what is measured is ours.
"""

import json
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from aws_lambda_powertools.utilities.typing import LambdaContext

from imagegate.aws import clients
from imagegate.domain.ids import JobId
from tests.e2e.calling import Callers
from tests.e2e.vendor_parts import Mood, Task
from tests.e2e.vendors import FAKES
from tests.imagegate.app.simulation.machine import Machine

API_KEY: Final = "BENCHMARK_API_KEY"
PROJECT: Final = "BENCHMARK_PROJECT"
_KILOBYTE: Final = 1024
# Two indexes: the project's, and the list of what is due, where an entry moves.
_INDEX_UNITS: Final = 3
_WARM_UP: Final = 2


class _Context(LambdaContext):
    def __init__(self) -> None:
        self._function_name = self._aws_request_id = self._invoked_function_arn = "benchmark"
        self._memory_limit_in_mb = 1024


_CONTEXT: Final = _Context()


@dataclass
class Meter:
    """What the functions of one generation did."""

    calls: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    invocations: Counter[str] = field(default_factory=Counter)
    write_units: float = 0
    read_units: float = 0
    transitions: int = 0
    api_requests: int = 0

    def attach(self, session: Any) -> Any:
        """Note every call of the clients that a session makes."""
        session.register("before-call", self._sent)
        session.register("after-call", self._answered)
        return session

    @contextmanager
    def invoked(self, function: str) -> Iterator[None]:
        """Note one invocation of a function."""
        began = time.perf_counter()
        yield
        self.invocations[function] += 1
        self.seconds[function] = self.seconds.get(function, 0.0) + time.perf_counter() - began

    def _sent(self, model: Any, params: Any, **_: Any) -> None:
        self.calls[f"{model.service_model.service_name}:{model.name}"] += 1
        if model.name == "TransactWriteItems":
            for item in json.loads(params["body"])["TransactItems"]:
                self.write_units += 2 * _units(item.get("Put", {}).get("Item", {}), 1)
                self.write_units += _INDEX_UNITS if '"JOB"' in json.dumps(item) else 0
        elif model.name in {"PutItem", "UpdateItem"}:
            self.write_units += _units(json.loads(params["body"]).get("Item", {}), 1)

    def _answered(self, model: Any, parsed: Any, **_: Any) -> None:
        if model.name in {"GetItem", "Query"}:
            self.read_units += _units(parsed.get("Item", parsed.get("Items", {})), 4)


def _units(content: Any, kilobytes: int) -> int:
    # The JSON on the wire is somewhat longer than what is charged for.
    return max(math.ceil(len(json.dumps(content)) / (_KILOBYTE * kilobytes)), 1)


METER: Final = Meter()


def _handlers() -> dict[str, Any]:
    original = clients.session
    # What the handlers make at import is to be watched.
    clients.session = lambda: METER.attach(original())
    names = ("authorize", "route", "job", "webhook")
    return {name: import_module(f"functions.{name}.handler") for name in names}


def _post(handlers: dict[str, Any], path: str, body: dict[str, object], headers: dict[str, str]) -> dict[str, Any]:
    METER.api_requests += 1
    with METER.invoked("authorize"):
        handlers["authorize"].handler(
            {"authorizationToken": f"Bearer {os.environ[API_KEY]}", "methodArn": "benchmark"}, _CONTEXT
        )
    caller = {"project_id": os.environ[PROJECT], "key_id": "key_benchmark", "role": "client"}
    event = _event(path, json.dumps(body), headers) | {
        "requestContext": {"authorizer": caller, "requestId": "benchmark"}
    }
    with METER.invoked("route"):
        answer = handlers["route"].handler(event, _CONTEXT)
    if answer["statusCode"] >= 300:
        raise RuntimeError(answer["body"])
    told: dict[str, Any] = json.loads(answer["body"])
    return told


def _event(path: str, body: str, headers: dict[str, str], query: dict[str, str] | None = None) -> dict[str, object]:
    return {
        "httpMethod": "POST",
        "path": path,
        "headers": {"content-type": "application/json", **headers},
        "queryStringParameters": query,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"requestId": "benchmark"},
    }


def _drive(handlers: dict[str, Any], job_id: JobId, call_back: Callable[[], None]) -> None:
    """Run the machine as it stands in its file; the vendor calls while it waits."""

    def invoke(body: Callable[[], Any]) -> tuple[bool, Any]:
        with METER.invoked("job"):
            return True, body()

    machine = Machine(clock=lambda: datetime.now(UTC), invoke=invoke, run_job=handlers["job"].run_job)
    machine.start_named("benchmark", job_id)
    (execution,) = machine.executions
    while not execution.is_over:
        was = execution.state
        machine.move(execution)
        if execution.token is not None:
            call_back()
            machine.move(execution)
        METER.transitions += execution.state != was or execution.is_over


def _call_back(handlers: dict[str, Any], provider: str, job_id: JobId) -> None:
    job = handlers["job"].run_job.jobs.read(job_id)
    (attempt,) = job.attempts
    calls = handlers["job"].run_job.steps.advance.submit.calls
    url = urlsplit(calls.to_poll(job, attempt).callback_url)
    fake, name = FAKES[provider], next(one for one in attempt.provider_ref.values() if one.startswith("task-"))
    base_url = calls.providers.base_url(provider)
    task = Task(base_url=base_url, what="", id=name, mood=Mood.OBLIGE, looks=0)
    if fake.tell is None:
        raise RuntimeError(provider)
    body = json.dumps(fake.tell(task))
    headers = Callers().headers(provider, name, body.encode())
    METER.api_requests += 1
    with METER.invoked("webhook"):
        event = _event(f"/v1/webhooks/{provider}", body, headers, dict(parse_qsl(url.query)))
        answer = handlers["webhook"].handler(event, _CONTEXT)
    if answer["statusCode"] != 200:
        raise RuntimeError(answer["body"])


def _generation(handlers: dict[str, Any], kind: str) -> None:
    provider = "huggingface" if kind != "with a callback" else "replicate"
    body: dict[str, object] = {"model": FAKES[provider].model_id, "prompt": "a lamp [call never]"}
    if kind == "while somebody waits":
        _post(handlers, "/v1/images/generations", body, {"Prefer": "wait=24"})
        return
    job_id = JobId(_post(handlers, "/v1/generations", body, {"Prefer": "respond-async"})["id"])
    _drive(handlers, job_id, lambda: _call_back(handlers, provider, job_id))


def measure() -> dict[str, dict[str, Any]]:
    """Measure each way once everything is warm."""
    handlers, measured = _handlers(), {}
    for kind in ("while somebody waits", "while nobody waits", "with a callback"):
        for _ in range(_WARM_UP):
            _generation(handlers, kind)
        METER.__init__()  # type: ignore[misc] # every client notes into this one
        _generation(handlers, kind)
        measured[kind] = deepcopy(vars(METER))
    return measured


if __name__ == "__main__":
    print(json.dumps(measure()))
