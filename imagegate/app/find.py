"""Find: ask what became of a request whose answer was lost, before it counts as possibly charged."""

from dataclasses import dataclass

from imagegate.app.calls import Calls
from imagegate.app.collect import quarantine_prefix
from imagegate.app.ports import Callbacks, TransportError
from imagegate.domain.bill import expected_usage
from imagegate.domain.errors import ConfigurationError, ProviderError
from imagegate.domain.image import InlineImage
from imagegate.domain.job import Attempt, Job
from imagegate.domain.provider import CallsBack, Completed, Findable, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Looks at what the provider called us about, at what it lists as its recent work, and at what we stored of it."""

    calls: Calls
    callbacks: Callbacks

    def is_possible(self, attempt: Attempt) -> bool:
        """Tell whether the provider may still say what became of the attempt."""
        return attempt.callback_token is not None or isinstance(self.calls.adapter(attempt.target), Findable)

    def __call__(self, job: Job, attempt: Attempt) -> Submission | None:
        """Return what became of an attempt without a `provider_ref`, or None while nobody has said."""
        return self._called(job, attempt) or self._listed(job, attempt)

    def stored(self, job: Job, attempt: Attempt) -> Completed | None:
        """Return the pictures that whoever sent the attempt had stored before it died: they were made and paid for.

        Only for an attempt whose sender is known to be dead; one that lives may still be storing them.
        """
        prefix = f"{quarantine_prefix(job)}{attempt.number}-"
        keys = sorted((one.key for one in self.calls.images.list(prefix)), key=_index)
        if not keys:
            return None
        pictures = tuple(InlineImage(data=self.calls.images.read(key), seed=None) for key in keys)
        # Its sender may have died before it stored the last of them, and they were charged all the same.
        usage = expected_usage(job.request, self.calls.catalog.card(attempt.target.model), attempt.count)
        return Completed(images=pictures, usage=usage, metadata={"adopted": True})

    def _called(self, job: Job, attempt: Attempt) -> Submission | None:
        adapter = self.calls.adapter(attempt.target)
        if attempt.callback_token is None or not isinstance(adapter, CallsBack):
            return None
        call = self.calls.to_poll(job, attempt)
        for kept in self.callbacks.read(job.id, attempt.number):
            ref = adapter.find_ref(call, kept.body)
            if ref is not None:
                return adapter.read_callback(call, ref, kept.body)
        return None

    def _listed(self, job: Job, attempt: Attempt) -> Submission | None:
        adapter = self.calls.adapter(attempt.target)
        if not isinstance(adapter, Findable):
            return None
        call = self.calls.to_poll(job, attempt)
        request = adapter.find(call, attempt.sent_at or attempt.started_at)
        if request is None:
            return None
        try:
            response = self.calls.send(attempt.target, request)
        except (TransportError, ConfigurationError, ProviderError):
            return None
        return adapter.read_found(call, response)


def _index(key: str) -> int:
    """Return which picture of its attempt a key in quarantine is."""
    return int(key.rsplit("-", 1)[1].split(".", maxsplit=1)[0])
