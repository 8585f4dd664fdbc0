"""How the fake vendors call the gateway back: signed as each of them signs, with nothing of ours."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.e2e.vendor_parts import Call
from tests.loopback import Received

# What Replicate signs with; operators store it beside the API key.
WEBHOOK_SECRET: Final = "whsec_" + base64.b64encode(b"the secret of the fake Replicate").decode()
KEYS_PATH: Final = "/.well-known/jwks.json"
_SOON_SECONDS: Final = 0.3
_LATE_SECONDS: Final = 3.0
_LONGEST_SECONDS: Final = 60.0
_ADDRESS: Final = re.compile(rb'"webhook(?:_url)?"\s*:\s*"([^"]+)"')
_ED25519: Final = {"fal": "x-fal-webhook-request-id", "ideogram": "x-ideogram-webhook-generation-id"}
# The gateway is on loopback: a proxy in the environment is not for it.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def address_of(received: Received) -> str | None:
    """Return where a request asks to be called back."""
    in_query = parse_qs(urlsplit(received.path).query).get("fal_webhook")
    if in_query:
        return in_query[0]
    in_body = _ADDRESS.search(received.body)
    return in_body[1].decode() if in_body else None


def post(address: str, headers: Mapping[str, str], body: bytes) -> int:
    """Post a callback and return the status of the answer."""
    request = urllib.request.Request(address, data=body, headers=dict(headers), method="POST")  # noqa: S310 - loopback
    try:
        with _direct.open(request, timeout=_LONGEST_SECONDS) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One callback: when it was sent, and how it was answered."""

    task: str
    status: int
    at: float


@dataclass(frozen=True, slots=True)
class Callers:
    """The vendors' keys, and what they have told by themselves."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    told: set[str] = field(default_factory=set)
    sent: list[Callback] = field(default_factory=list)

    def published(self) -> dict[str, Any]:
        """Return the key set that checks the Ed25519 signatures."""
        raw = self.key.public_key().public_bytes_raw()
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).decode().rstrip("=")}]}

    def call(self, how: Call, provider: str, address: str, task: str, content: Any) -> None:
        """Call back in the way that was wished; all but an early call happens in the background."""
        if how is Call.NEVER:
            return
        if how is Call.EARLY:
            self._call(how, provider, address, task, content)
            return
        seconds = _LATE_SECONDS if how is Call.LATE else _SOON_SECONDS
        timer = threading.Timer(seconds, self._call, (how, provider, address, task, content))
        timer.daemon = True
        timer.start()

    def headers(self, provider: str, task: str, body: bytes, *, age_seconds: float = 0) -> dict[str, str]:
        """Sign a body as this vendor does."""
        timestamp = str(int(time.time() - age_seconds))
        if provider == "replicate":
            message_id = f"msg_{hashlib.sha256(body).hexdigest()[:16]}"
            signed = f"{message_id}.{timestamp}.".encode() + body
            key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
            signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
            return {
                "webhook-id": message_id,
                "webhook-timestamp": timestamp,
                "webhook-signature": f"v1,{signature}",
            }
        if provider not in _ED25519:
            return {}
        lines = "\n".join((task, "user-of-fake", timestamp, hashlib.sha256(body).hexdigest()))
        return {
            _ED25519[provider]: task,
            f"x-{provider}-webhook-user-id": "user-of-fake",
            f"x-{provider}-webhook-timestamp": timestamp,
            f"x-{provider}-webhook-signature": self.key.sign(lines.encode()).hex(),
        }

    def _call(self, how: Call, provider: str, address: str, task: str, content: Any) -> None:
        body = json.dumps(content).encode()
        signed = b"something else" if how is Call.FORGED else body
        headers = {"content-type": "application/json", **self.headers(provider, task, signed)}
        if how is not Call.FORGED:
            self.told.add(task)
        for _ in range(2 if how is Call.TWICE else 1):
            began = time.time()
            try:
                status = post(address, headers, body)
            except OSError:
                # The gateway of a test that is over.
                return
            self.sent.append(Callback(task=task, status=status, at=began))
