"""The route handler in a process of its own, against a vendor that answers at once; the parent reads its last line.

Each request through the handler is paired with a direct call to the vendor a moment before, so that both meet the same
load of the machine.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from benchmarks.figures import median
from benchmarks.measured import API_KEY, PROJECT, VENDOR, Measured
from functions.authorize import handler as authorizer
from functions.route import handler as route
from imagegate.domain.wire import HttpRequest
from imagegate.http import HttpTransport

_PAIRS: Final = 25
_WARM_UP: Final = 3
_BODY: Final = json.dumps({"model": "embedded/scenes", "prompt": "a red circle", "size": "256x256"})


class _Context(LambdaContext):
    def __init__(self) -> None:
        self._function_name = self._aws_request_id = self._invoked_function_arn = "benchmark"
        self._memory_limit_in_mb = 1024


_CONTEXT: Final = _Context()


@dataclass(frozen=True, slots=True)
class _Spent:
    wall: float
    cpu: float


class _CallLog:
    """Notes every AWS call of the clients it is attached to."""

    def __init__(self) -> None:
        self._begun: list[tuple[str, float]] = []
        self._spans: list[tuple[float, float]] = []

    def attach(self, client: Any) -> None:
        client.meta.events.register("before-call", self._begin)
        client.meta.events.register("after-call", self._end)

    def _begin(self, model: Any, **_: Any) -> None:
        self._begun.append((f"{model.service_model.service_name}:{model.name}", time.perf_counter()))

    def _end(self, **_: Any) -> None:
        self._spans.append((self._begun[len(self._spans)][1], time.perf_counter()))

    def taken(self) -> tuple[list[str], int]:
        """Return the names, and how many of the calls had to wait for one another."""
        depth, free_at = 0, 0.0
        for begun, ended in sorted(self._spans, key=lambda span: span[1]):
            if begun >= free_at:
                depth, free_at = depth + 1, ended
        names = [name for name, _ in self._begun]
        self._begun.clear()
        self._spans.clear()
        return names, depth


def _spent(action: Callable[[], object]) -> _Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return _Spent((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)


def _generate() -> None:
    caller = {"project_id": os.environ[PROJECT], "key_id": "key_benchmark", "role": "client"}
    event: dict[str, object] = {
        "httpMethod": "POST",
        "path": "/v1/images/generations",
        "headers": {"content-type": "application/json"},
        "body": _BODY,
        "isBase64Encoded": False,
        "requestContext": {"authorizer": caller, "requestId": "benchmark"},
    }
    answer = route.handler(event, _CONTEXT)
    if answer["statusCode"] != 200:
        message = f"The handler refused: {answer['body']}"
        raise RuntimeError(message)


def _authorize() -> None:
    policy: Any = authorizer.handler(
        {"authorizationToken": f"Bearer {os.environ[API_KEY]}", "methodArn": "benchmark"}, _CONTEXT
    )
    if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
        message = "The authorizer refused the benchmark's key."
        raise RuntimeError(message)


def _calls() -> tuple[list[str], int]:
    log = _CallLog()
    # The ports do not show their clients, which only this benchmark looks for.
    services: Any = route.services
    keys: Any = authorizer.authenticate
    for client in (keys.projects.client, services.generate.jobs.client, services.read_images.images.client):
        log.attach(client)
    projects: Any = services.generate.accept.projects
    if projects.client is not services.generate.jobs.client:
        log.attach(projects.client)
    _authorize()
    _generate()
    return log.taken()


def measure() -> Measured:
    """Run the pairs, then count the calls of one more generation."""
    transport = HttpTransport()
    request = HttpRequest(method="POST", url=os.environ[VENDOR], headers={}, body=b"{}", read_timeout_seconds=10)
    for _ in range(_WARM_UP):
        _generate()
        transport.send(request)
    pairs = [(_spent(lambda: transport.send(request)), _spent(_generate)) for _ in range(_PAIRS)]
    names, depth = _calls()
    return Measured(
        wall=median(ours.wall for _, ours in pairs),
        cpu=median(ours.cpu for _, ours in pairs),
        vendor_wall=median(direct.wall for direct, _ in pairs),
        vendor_cpu=median(direct.cpu for direct, _ in pairs),
        ratio=median(ours.wall / direct.wall for direct, ours in pairs),
        calls=names,
        depth=depth,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure())))
