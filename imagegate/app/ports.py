"""What the use cases need from the world, each as a small Protocol named for the need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imagegate.domain.audit import AuditEvent
from imagegate.domain.budget import Reservation, Settlement
from imagegate.domain.card import ModelCard, ProviderCard
from imagegate.domain.conditions import Latency, Unhealthy
from imagegate.domain.decision import Finding
from imagegate.domain.event import Event
from imagegate.domain.ids import JobId, KeyId, ProjectId
from imagegate.domain.job import Job
from imagegate.domain.project import ApiKey, Project
from imagegate.domain.provider import Provider
from imagegate.domain.request import GenerationRequest
from imagegate.domain.wire import HttpRequest, HttpResponse

Clock = Callable[[], datetime]
"""Returns the present moment as an aware UTC datetime."""

Fetch = Callable[[str], bytes]
"""Downloads a picture from the open internet, guarded; raises TransportError."""

Health = Callable[[], Mapping[str, Unhealthy]]
"""Returns the targets that should not be tried just now, by the model's id."""

Latencies = Callable[[GenerationRequest], Mapping[str, Latency]]
"""Returns how long models took lately for such requests, by the model's id; those without a figure are absent."""

NewId = Callable[[str], str]
"""Returns a new id with this prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyClaim:
    """The first request with a key owns it; the fingerprint tells a repeat from another body."""

    project_id: ProjectId
    key: str
    fingerprint: str
    job_id: JobId
    expires_at: datetime


class ClaimTakenError(Exception):
    """Another request owns this idempotency key."""

    def __init__(self, owner: IdempotencyClaim) -> None:
        super().__init__(owner.job_id)
        self.owner = owner


class StaleJobError(Exception):
    """Somebody else has written the job since it was read."""


class RunNotStartedError(Exception):
    """What drives jobs takes no more just now; the job is written, and waits."""


class TransportError(Exception):
    """No complete answer came."""


class NotSentError(TransportError):
    """The request never reached the other side, so it did nothing."""


class AnswerLostError(TransportError):
    """The request may have arrived and may have been acted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWrite:
    """All that one step changes, written together or not at all.

    `event` is for the audit log; `notice` is what the project's endpoints will be told, which is sent from where it is
    written, so that nothing that ended stays untold.
    """

    job: Job
    claim: IdempotencyClaim | None = None
    reservation: Reservation | None = None
    settlement: Settlement | None = None
    event: AuditEvent | None = None
    notice: Event | None = None


class JobStore(Protocol):
    """Keeps jobs, and what must change in the same moment as they do."""

    def read(self, job_id: JobId) -> Job | None:
        """Return the job, or None."""
        ...

    def write(self, write: JobWrite) -> Job:
        """Write everything or nothing and return the job with its new version.

        Raises:
            ClaimTakenError: the idempotency key has an owner already.
            BudgetExceededError: the reservation does not fit into the budget.
            StaleJobError: the job was written by somebody else meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCallback:
    """What a provider told of an attempt by itself, after it was verified."""

    body: bytes
    received_at: datetime


class Callbacks(Protocol):
    """Keeps the callbacks of attempts."""

    def add(self, job_id: JobId, attempt: int, event_id: str, callback: KeptCallback) -> bool:
        """Keep a callback; False when one with this id was kept before."""
        ...

    def read(self, job_id: JobId, attempt: int) -> tuple[KeptCallback, ...]:
        """Return the callbacks of an attempt, in the order in which they came."""
        ...


class JobRuns(Protocol):
    """Starts and wakes what drives a job while nobody waits for it."""

    def start(self, job: Job) -> None:
        """Start driving a job; a second start at the same version of it changes nothing.

        Raises:
            RunNotStartedError: it could not be started now.
        """
        ...

    def keep_token(self, job_id: JobId, token: str) -> None:
        """Keep what wakes the drive of a job, which waits for a callback now."""
        ...

    def wake(self, job_id: JobId) -> None:
        """Wake a drive that waits; one that does not wait, or waits no longer, needs nothing."""
        ...


class ProjectStore(Protocol):
    """Keeps projects and the hashes of their keys."""

    def read_project(self, project_id: ProjectId) -> Project | None:
        """Return the project, or None."""
        ...

    def write_project(self, project: Project) -> None:
        """Create or replace a project."""
        ...

    def read_key(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash, revoked ones too, or None."""
        ...

    def write_key(self, api_key: ApiKey) -> None:
        """Create or replace a key."""
        ...

    def find_key(self, key_id: KeyId) -> ApiKey | None:
        """Return the key with this id, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A signed form: POST its fields and then the file to the address, before it expires."""

    url: str
    fields: Mapping[str, str]
    max_bytes: int
    lifetime_seconds: int


class SecretStore(Protocol):
    """Keeps the providers' secrets; what manages them never reads one."""

    def has(self, provider_id: str) -> bool:
        """Tell whether there is a secret."""
        ...

    def write(self, provider_id: str, fields: Mapping[str, str]) -> None:
        """Create or replace a secret."""
        ...

    def delete(self, provider_id: str) -> None:
        """Delete a secret for good; it is no error that there is none."""
        ...


class ConfigurationStore(Protocol):
    """Keeps which providers are configured, and their settings that are no secret."""

    def read(self) -> Mapping[str, Mapping[str, str]]:
        """Return the settings of every configured provider."""
        ...

    def write(self, provider_id: str, settings: Mapping[str, str] | None) -> None:
        """Configure a provider, or take it away with None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object in storage."""

    key: str
    stored_at: datetime


class ImageStore(Protocol):
    """Keeps picture bytes, unpublished ones out of every client's reach."""

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Store bytes under a key."""
        ...

    def copy(self, source: str, destination: str) -> None:
        """Copy an object without reading it here."""
        ...

    def read(self, key: str) -> bytes:
        """Return the bytes under a key."""
        ...

    def url(self, key: str) -> str:
        """Return a signed address that works for a limited time."""
        ...

    def find(self, key: str) -> bytes | None:
        """Return the bytes under a key, or None where there are none."""
        ...

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> tuple[StoredObject, ...]:
        """Return the first objects, at most a thousand, whose keys begin with a prefix and come after another key."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; it is no error that there is none."""
        ...

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        """Return a form with which somebody else may store one object of this type and at most this size."""
        ...


class Transport(Protocol):
    """Sends requests to providers."""

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        """Send once, with the provider's credentials where they are asked for; return the answer, whatever its status.

        Raises:
            NotSentError, AnswerLostError: there is no complete answer.
        """
        ...


class Catalog(Protocol):
    """Knows the model cards of the configured providers."""

    def cards(self) -> tuple[ModelCard, ...]:
        """Return every card a request can be routed to, in the order of preference."""
        ...

    def all_cards(self) -> tuple[ModelCard, ...]:
        """Return the cards of every provider, configured or not."""
        ...

    def card(self, model_id: str) -> ModelCard:
        """Return the card of a model that a route has chosen."""
        ...

    def provider(self, provider_id: str) -> ProviderCard:
        """Return what is known of a provider."""
        ...

    def unconfigured(self, model_id: str) -> ProviderCard | None:
        """Return the provider of a model that exists but cannot be asked for without credentials."""
        ...


class Providers(Protocol):
    """Finds the adapter for a provider and the address it is configured with."""

    def adapter(self, provider_id: str) -> Provider:
        """Load the adapter."""
        ...

    def base_url(self, provider_id: str) -> str:
        """Return the configured address."""
        ...

    def settings(self, provider_id: str) -> Mapping[str, str]:
        """Return what an operator configured besides secrets, such as a project or a region."""
        ...


class PromptModerator(Protocol):
    """Judges text."""

    @property
    def name(self) -> str:
        """The name under which findings are recorded, with its version."""
        ...

    def moderate(self, text: str, param: str) -> tuple[Finding, ...]:
        """Return what was found in one request field."""
        ...


class ImageModerator(Protocol):
    """Judges pictures."""

    @property
    def name(self) -> str:
        """The name under which findings are recorded, with its version."""
        ...

    def moderate(self, data: bytes) -> tuple[Finding, ...]:
        """Return what was found in one picture."""
        ...
