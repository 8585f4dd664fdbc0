"""Receive a callback: check that a provider sent it about an attempt of ours, keep it, and wake whoever waits for it.

What it says is read later, by the step that observes the attempt: nothing here is slow, and nothing changes a job.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from imagegate.app.ports import Callbacks, Clock, JobRuns, JobStore, KeptCallback, Providers
from imagegate.domain.callback import Notice, Proof, ReceivedCallback
from imagegate.domain.errors import BodyTooLargeError, ConfigurationError, WebhookVerificationError
from imagegate.domain.ids import JobId, is_id
from imagegate.domain.job import Attempt, Job
from imagegate.domain.provider import CallsBack
from imagegate.signatures import verify

# It is kept in one item of 400 KB; the largest that providers send lists some addresses.
MAX_CALLBACK_BYTES = 256 * 1024


class CallbackKeys(Protocol):
    """Knows the keys that check a provider's callbacks."""

    def __call__(self, provider_id: str, proof: Proof, *, fresh: bool = False) -> Sequence[bytes]:
        """Return the keys, as they were read some time ago or, where asked for, as they are now."""
        ...


class Reception(StrEnum):
    """What became of a callback that was proven."""

    KEPT = "kept"
    REPEATED = "repeated"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveCallback:
    """Refuses without a reason: whoever forges callbacks would learn from one."""

    providers: Providers
    keys: CallbackKeys
    jobs: JobStore
    callbacks: Callbacks
    runs: JobRuns
    clock: Clock

    def __call__(self, provider_id: str, query: Mapping[str, str], received: ReceivedCallback) -> Reception:
        """Keep a callback and wake the job it is about.

        Raises:
            WebhookVerificationError: it is about nothing we asked for, or its origin is not proven.
            BodyTooLargeError: it is larger than any that a provider sends.
        """
        if len(received.body) > MAX_CALLBACK_BYTES:
            raise BodyTooLargeError(f"The body is over {MAX_CALLBACK_BYTES} bytes. Send less.")
        job, attempt = self._find(provider_id, query)
        notice = self._verify(provider_id, received)
        if not attempt.is_open:
            return Reception.LATE
        kept = KeptCallback(body=received.body, received_at=self.clock())
        if not self.callbacks.add(job.id, attempt.number, notice.event_id, kept):
            return Reception.REPEATED
        self.runs.wake(job.id)
        return Reception.KEPT

    def _find(self, provider_id: str, query: Mapping[str, str]) -> tuple[Job, Attempt]:
        job_id, number, token = (query.get(name, "") for name in ("job", "attempt", "token"))
        job = self.jobs.read(JobId(job_id)) if is_id("gen", job_id) else None
        attempts = job.attempts if job else ()
        attempt = next((one for one in attempts if str(one.number) == number), None)
        if job is None or attempt is None or attempt.target.provider != provider_id:
            raise _refusal()
        if not hmac.compare_digest((attempt.callback_token or "").encode(), token.encode()) or not token:
            raise _refusal()
        return job, attempt

    def _verify(self, provider_id: str, received: ReceivedCallback) -> Notice:
        adapter = self.providers.adapter(provider_id)
        if not isinstance(adapter, CallsBack):
            raise _refusal()
        proof = adapter.proof(self.providers.base_url(provider_id))
        try:
            return verify(proof, received, keys=self.keys(provider_id, proof), now=self.clock())
        except (WebhookVerificationError, ConfigurationError):
            # Its key may have been replaced since we read it.
            keys = self.keys(provider_id, proof, fresh=True)
            return verify(proof, received, keys=keys, now=self.clock())


def _refusal() -> WebhookVerificationError:
    return WebhookVerificationError("The callback could not be verified.")
