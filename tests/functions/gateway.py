"""The handlers of `route` and `job` with everything behind them: moto's AWS, and a vendor on loopback."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.account import Account
from tests.functions.events import CONTEXT, Answer, Handler, ask, event
from tests.loopback import Loopback, Received, Reply
from tests.pictures import picture

# A provider that answers later; any would do.
SLOW = "bfl"
SLOW_MODEL = "bfl/flux-2-pro"
ENDPOINT_PATH = "/2015-03-31/functions/embedded/invocations"


def paint(request: Received) -> Reply:
    """Answer like the embedded function: as many pictures as were asked for, in the format asked for."""
    wish = json.loads(request.body)
    text = base64.b64encode(picture(wish["output_format"], wish["width"], wish["height"])).decode()
    images = [{"b64_json": text, "seed": (wish["seed"] or 0) + index} for index in range(wish["count"])]
    answer = {"status": "succeeded", "model_version": "embedded-1.0", "images": images, "unknown_words": []}
    return Reply(body=json.dumps(answer).encode())


class MovedClock:
    """The present moment, moved on by whoever sleeps."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go back to the present, where nobody does anything meanwhile."""
        self.slept = timedelta(0)
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.slept

    def sleep(self, seconds: float) -> None:
        """Let time pass, and somebody else do something in it."""
        self.slept += timedelta(seconds=seconds)
        self.meanwhile()


@dataclass(kw_only=True)
class Gateway:
    """One project's view of the route function."""

    handler: Handler
    account: Account
    vendor: Loopback

    def __call__(self, name: str, *, project_id: str = "prj_one", **changes: Any) -> Answer:
        told = event(name, **changes)
        told["requestContext"].get("authorizer", {})["project_id"] = project_id
        return ask(self.handler, told)

    def create(
        self, path: str = "/v1/images/generations", *, key: str | None = None, prefer: str | None = None, **fields: Any
    ) -> Answer:
        """Ask for pictures."""
        sent = {"Idempotency-Key": key, "Prefer": prefer}
        headers: Mapping[str, str] = {name: value for name, value in sent.items() if value is not None}
        body = {"prompt": "a red circle", "size": "512x512"} | fields
        return self("create_image", body=body, headers=headers, path=path)

    def read(self, generation_id: str, **changes: Any) -> Answer:
        """Read a generation."""
        return self("get_generation", path=f"/v1/generations/{generation_id}", **changes)

    def job_item(self, generation_id: str) -> dict[str, Any]:
        """Return the item of a generation's job."""
        (found,) = (
            item for item in self.account.items() if (item["pk"], item["sk"]) == (f"JOB#{generation_id}", "JOB")
        )
        return found

    def vendor_answers(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Let the vendor answer this from now on."""
        reply = Reply(
            status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        self.vendor.respond = lambda request: reply


@dataclass(kw_only=True)
class SlowVendor(Gateway):
    """A gateway whose provider answers each poll with the next status, then with a picture."""

    job: Handler
    clock: MovedClock
    statuses: list[str] = field(default_factory=list)

    def respond(self, request: Received) -> Reply:
        if request.method == "POST":
            return self._told({"id": "t1", "polling_url": f"{self.vendor.url}/poll?id=t1", "cost": 3})
        if request.path.startswith("/poll"):
            status = self.statuses.pop(0) if self.statuses else "Ready"
            result = {"sample": f"{self.vendor.url}/one.png"} if status == "Ready" else None
            return self._told({"id": "t1", "status": status, "result": result})
        return Reply(body=picture())

    def _told(self, answer: object) -> Reply:
        return Reply(headers={"content-type": "application/json"}, body=json.dumps(answer).encode())

    def step(self, generation_id: str, step: str, **fields: str) -> Any:
        """Let the `job` function do one step, as a state of the machine does."""
        return self.job({"job_id": generation_id, "step": step, **fields}, CONTEXT)

    def drive(self, generation_id: str) -> str:
        """Do what the machine does until it is over, and return its last verdict."""
        told = self.step(generation_id, "plan")
        while told["next"] not in {"done", "review"}:
            is_waiting = told["next"] in {"wait", "await_callback"}
            if is_waiting:
                self.clock.slept += timedelta(seconds=told["seconds"])
            told = self.step(generation_id, "wait" if is_waiting else told["next"])
        return str(told["next"])

    def paths(self) -> list[str]:
        """Return what the vendor was asked."""
        return [f"{one.method} {one.path}" for one in self.vendor.received]
