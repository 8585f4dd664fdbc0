"""The route function's handler with everything behind it: moto's AWS, and a vendor on loopback."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.account import Account
from tests.functions.events import Answer, Handler, ask, event
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

    def create(self, *, key: str | None = None, **fields: Any) -> Answer:
        """Ask for pictures."""
        headers: Mapping[str, str] = {"Idempotency-Key": key} if key else {}
        return self("create_image", body={"prompt": "a red circle", "size": "512x512"} | fields, headers=headers)

    def read(self, generation_id: str, **changes: Any) -> Answer:
        """Read a generation."""
        return self("get_generation", path=f"/v1/generations/{generation_id}", **changes)

    def vendor_answers(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Let the vendor answer this from now on."""
        reply = Reply(
            status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        self.vendor.respond = lambda request: reply


@dataclass(kw_only=True)
class SlowVendor(Gateway):
    """A gateway whose provider answers each poll with the next status, then with a picture."""

    function: Any
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

    def paths(self) -> list[str]:
        """Return what the vendor was asked."""
        return [f"{one.method} {one.path}" for one in self.vendor.received]
