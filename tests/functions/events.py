"""API Gateway events from the fixtures with a change or two, and the answers to them."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fixtures import fixture_json

Handler = Callable[[dict[str, Any], Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda hands to a handler beside the event."""

    function_name: str = "imagegate"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:imagegate"
    aws_request_id: str = "99999999-8888-7777-6666-555555555555"


CONTEXT = Context()
REQUEST_ID = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A handler's answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The code of an error, after a look at what every error has."""
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert self.json["request_id"] == self.headers["x-request-id"] == REQUEST_ID
        assert self.headers["content-type"] == "application/json"
        assert self.headers["x-should-retry"] in {"true", "false"}
        return str(error["code"])


def event(name: str, *, body: object = None, headers: Mapping[str, str] | None = None, **changes: Any) -> Any:
    """Return a fixture event; a body that is not text is sent as JSON."""
    told = copy.deepcopy(fixture_json(f"events/{name}.json"))
    if body is not None:
        told["body"] = body if isinstance(body, str) else json.dumps(body)
    for header, value in (headers or {}).items():
        told["headers"][header] = value
        told["multiValueHeaders"][header] = [value]
    return told | changes


def ask(handler: Handler, told: dict[str, Any]) -> Answer:
    """Hand an event to a handler and read its answer."""
    answer = handler(told, CONTEXT)
    headers = {name.lower(): ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
    return Answer(status=answer["statusCode"], headers=headers, text=answer["body"])
