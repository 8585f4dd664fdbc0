"""Keys that check callbacks: a field of the provider's secret, or what the provider publishes, kept for a day."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from imagegate.app.ports import TransportError
from imagegate.credentials import Secrets, Send
from imagegate.domain.callback import Ed25519Signature, Proof, StandardWebhooks
from imagegate.domain.wire import HttpRequest
from imagegate.signatures import public_keys, secret_key

# Providers that publish keys ask for no more than this, and say that a failed check is a reason to look again.
CACHE_SECONDS = 24 * 3600.0
# So that forged callbacks cannot make us ask again and again.
SHORTEST_PAUSE_SECONDS = 300.0
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedCallbackKeys:
    """`CallbackKeys` from secrets and over HTTP."""

    secrets: Secrets
    forget_secret: Callable[[str], None]
    send: Send
    monotonic: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, tuple[bytes, ...]]] = field(default_factory=dict)

    def __call__(self, provider_id: str, proof: Proof, *, fresh: bool = False) -> Sequence[bytes]:
        """Return the keys; none where the secret lacks the field, or where nothing needs to be checked."""
        if isinstance(proof, StandardWebhooks):
            if fresh:
                self.forget_secret(provider_id)
            secret = self.secrets.read(provider_id).get(proof.field)
            return (secret_key(secret),) if secret else ()
        return self._published(proof.jwks_url, fresh=fresh) if isinstance(proof, Ed25519Signature) else ()

    def _published(self, url: str, *, fresh: bool) -> tuple[bytes, ...]:
        read_at, keys = self._kept.get(url, (float("-inf"), ()))
        age = self.monotonic() - read_at
        if age < (SHORTEST_PAUSE_SECONDS if fresh else CACHE_SECONDS):
            return keys
        request = HttpRequest(method="GET", url=url, read_timeout_seconds=3.0, max_response_bytes=_MAX_BYTES)
        try:
            response = self.send(request)
        except TransportError:
            return keys
        found = public_keys(response.body) if response.status == 200 else ()
        self._kept[url] = (self.monotonic(), found or keys)
        return found or keys
