"""Receivers of webhooks below the fake vendors' origin, the only one on this machine to which a gateway sends them."""

import base64
import hashlib
import hmac
import json
import queue
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.loopback import Received, Reply

HOOKS: Final = "hooks"
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """One receiver: it answers with the next of its statuses, then with 200, and keeps what arrives."""

    path: str
    statuses: list[int]
    arrived: queue.Queue[Received] = field(default_factory=queue.Queue)
    # Those that were answered with 200.
    accepted: list[Received] = field(default_factory=list)
    accepted_at: list[float] = field(default_factory=list)

    @property
    def refusals(self) -> int:
        """How many messages were not accepted."""
        return self.arrived.qsize() - len(self.accepted)

    def next(self) -> Received:
        """Wait for the next message."""
        return self.arrived.get(timeout=_SECONDS)

    def of_type(self, event_type: str) -> Iterator[Received]:
        """Wait for messages of one type and leave the others."""
        while True:
            message = self.next()
            if json.loads(message.body)["type"] == event_type:
                yield message


@dataclass(frozen=True, slots=True)
class Hooks:
    """All receivers."""

    inboxes: dict[str, Inbox] = field(default_factory=dict)

    def open(self, *statuses: int) -> Inbox:
        """Open a receiver at a path of its own."""
        path = f"/{HOOKS}/{secrets.token_hex(4)}"
        self.inboxes[path] = Inbox(path=path, statuses=list(statuses))
        return self.inboxes[path]

    def respond(self, received: Received) -> Reply:
        """Be the receiver that is meant."""
        inbox = self.inboxes[received.path]
        inbox.arrived.put(received)
        status = inbox.statuses.pop(0) if inbox.statuses else 200
        if status == 200:
            inbox.accepted_at.append(time.time())
            inbox.accepted.append(received)
        return Reply(status=status)


def is_signed_with(message: Received, secret: str) -> bool:
    """Check a signature as the text of Standard Webhooks says, with nothing of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = f"{message.headers['webhook-id']}.{message.headers['webhook-timestamp']}.".encode() + message.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in message.headers["webhook-signature"].split(" ")


def content_of(message: Received) -> Any:
    """Return what a message says."""
    return json.loads(message.body)
