"""Providers' own batches, which are cheaper and slower: what is asked of a provider, and what it tells.

A line of one of our batches may travel in one of them. Its attempt is then neither sent nor polled alone: it waits for
the batch that it is in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from imagegate.domain.callback import ON
from imagegate.domain.job import Job, replace_attempts
from imagegate.domain.provider import Failed, Provider, ProviderCall
from imagegate.domain.request import Operation
from imagegate.domain.wire import HttpRequest, HttpResponse

# The setting with which an operator lets lines of batches travel so.
BATCH_API = "batch_api"
# Providers promise 24 hours; the rest is for sending and for collecting.
LONGEST_BATCH = timedelta(hours=26)
_FIRST_PAUSE_SECONDS = 5
_LONGEST_PAUSE_SECONDS = 600
_PAUSE_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLines:
    """Upload the lines of a batch, which makes and costs nothing yet."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBatch:
    """Begin a batch of uploaded lines under a name of ours, by which it can be found again."""

    file_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBatches:
    """List batches, the newest first, from behind this one on."""

    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtBatch:
    """Ask how far a batch is."""

    batch_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """Download a file of results."""

    file_id: str


BatchWish = UploadLines | CreateBatch | ListBatches | LookAtBatch | ReadFile


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorBatch:
    """What a provider tells of a batch, or of a file of which it tells no more than the id.

    `files` hold the results of a batch that is over; `failure` is what is wrong with one that was never begun.
    """

    id: str
    name: str | None = None
    is_over: bool = False
    files: tuple[str, ...] = ()
    failure: Failed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorLine:
    """What became of one request of a batch: the answer that it would have had alone, or why it has none."""

    custom_id: str
    told: HttpResponse | Failed


@runtime_checkable
class Batches(Provider, Protocol):
    """A provider that takes many requests in one file and answers them within a day."""

    def batch_line(self, call: ProviderCall, custom_id: str) -> bytes:
        """Return the line of a file that asks for what `submit` would."""
        ...

    def ask_batches(self, base_url: str, wish: BatchWish) -> HttpRequest:
        """Describe a request about batches."""
        ...

    def read_batches(self, response: HttpResponse) -> tuple[VendorBatch, ...] | Failed | None:
        """Read an answer to any of them but `ReadFile`; None where it does not say what came of the request."""
        ...

    def read_batch_line(self, line: bytes) -> VendorLine | None:
        """Read one line of the results; None where it cannot be read."""
        ...


def may_travel(provider: Provider, settings: Mapping[str, str], operation: Operation) -> bool:
    """Tell whether a request may travel in a batch of its provider's: an operator wants it, and it has no pictures."""
    return operation is Operation.GENERATE and isinstance(provider, Batches) and settings.get(BATCH_API) == ON


def put_in_batch(job: Job, now: datetime) -> Job:
    """Leave the open attempts of a job to a batch of their provider's, which may take a day."""
    deadline = now + LONGEST_BATCH
    waiting = tuple(replace(one, in_batch=True, due_at=deadline) for one in job.open_attempts)
    return replace_attempts(replace(job, deadline_at=deadline, is_asynchronous=True), waiting, now)


def mark_batched(job: Job, now: datetime) -> Job:
    """Mark the open attempts as sent with a batch, which is written before that; the provider's day begins then."""
    deadline = now + LONGEST_BATCH
    sent = tuple(replace(one, sent_at=one.sent_at or now, due_at=deadline) for one in job.open_attempts)
    return replace_attempts(replace(job, deadline_at=deadline), sent, now)


def pause_seconds(since: datetime, now: datetime) -> int:
    """Return how long to leave batches alone: the longer, the longer they have taken."""
    grown = int((now - since).total_seconds() * _PAUSE_SHARE)
    return min(max(grown, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
