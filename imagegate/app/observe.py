"""Observe: ask a provider how far an attempt is; asking changes nothing there, so a lost answer costs one interval."""

from dataclasses import dataclass

from imagegate.app.calls import Calls
from imagegate.app.ports import Callbacks, TransportError
from imagegate.domain.errors import (
    ConfigurationError,
    ProviderError,
    ProviderFailedError,
    ProviderUnavailableError,
)
from imagegate.domain.job import Attempt, Job
from imagegate.domain.provider import CallsBack, Failed, Pending, Pollable, Submission

_AFTER_FAILURE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe:
    """Moves an attempt on by one poll."""

    calls: Calls
    callbacks: Callbacks

    def __call__(self, job: Job, attempt: Attempt) -> Submission:
        """Return how the attempt stands, as its provider told by itself or tells now; it must hold a `provider_ref`."""
        return self._called(job, attempt) or self._poll(job, attempt)

    def _called(self, job: Job, attempt: Attempt) -> Submission | None:
        """Return what a verified callback tells; one that tells no end, such as one out of order, is only a hint."""
        adapter = self.calls.adapter(attempt.target)
        if attempt.callback_token is None or not isinstance(adapter, CallsBack):
            return None
        call = self.calls.to_poll(job, attempt)
        for kept in self.callbacks.read(job.id, attempt.number):
            told = adapter.read_callback(call, attempt.provider_ref or {}, kept.body)
            if not isinstance(told, Pending):
                return told
        return None

    def _poll(self, job: Job, attempt: Attempt) -> Submission:
        adapter = self.calls.adapter(attempt.target)
        ref = attempt.provider_ref or {}
        if not isinstance(adapter, Pollable):
            message = f"{attempt.target.provider} left work unfinished and cannot be asked for it."
            return Failed(error=ProviderFailedError(message))
        call = self.calls.to_poll(job, attempt)
        try:
            response = self.calls.send(attempt.target, adapter.poll(call, ref))
        except TransportError as error:
            return Pending(ref=ref, poll_after_seconds=_AFTER_FAILURE_SECONDS, metadata={"transport": str(error)})
        except (ProviderUnavailableError, ConfigurationError) as error:
            # The way to the provider is blocked, such as by its token server or a missing secret; its work goes on.
            return Pending(ref=ref, poll_after_seconds=_AFTER_FAILURE_SECONDS, metadata={"transport": str(error)})
        except ProviderError as error:
            return Failed(error=error)
        return adapter.read_polled(call, ref, response)
