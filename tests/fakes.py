"""The ports in memory: they keep what a use case did, in order, and fail where a test tells them to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from imagegate.app.ports import (
    ClaimTakenError,
    IdempotencyClaim,
    JobWrite,
    KeptCallback,
    StaleJobError,
    StoredObject,
    Upload,
)
from imagegate.domain.audit import AuditEvent
from imagegate.domain.callback import Ed25519Signature, Proof
from imagegate.domain.card import ModelCard, ProviderCard
from imagegate.domain.decision import Finding
from imagegate.domain.errors import BudgetExceededError
from imagegate.domain.event import Event
from imagegate.domain.ids import JobId, KeyId, ProjectId
from imagegate.domain.job import Job
from imagegate.domain.project import ApiKey, Project
from imagegate.domain.provider import Pending, Provider, ProviderCall, ProviderRef, Submission
from imagegate.domain.wire import HttpRequest, HttpResponse
from tests.builders import NOW
from tests.provider_cards import a_provider_card

Journal = list[str]


@dataclass
class FakeClock:
    """Moves on by a second with each look."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self.now += timedelta(seconds=seconds)


@dataclass
class FakeIds:
    """Counts up."""

    count: int = 0

    def __call__(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}_{self.count:032x}"


@dataclass
class MemoryJobStore:
    """`JobStore` in a dictionary; `refuse` may raise in place of any write."""

    journal: Journal
    refuse: Callable[[JobWrite], None] = lambda write: None
    jobs: dict[JobId, Job] = field(default_factory=dict)
    claims: dict[tuple[ProjectId, str], IdempotencyClaim] = field(default_factory=dict)
    committed: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    events: list[AuditEvent] = field(default_factory=list)
    notices: list[Event] = field(default_factory=list)

    def read(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)

    def write(self, write: JobWrite) -> Job:
        self.refuse(write)
        self._check(write)
        job = replace(write.job, version=write.job.version + 1)
        self.jobs[job.id] = job
        if write.claim:
            self.claims[write.claim.project_id, write.claim.key] = write.claim
        if write.reservation:
            self.committed += write.reservation.amount.amount
        if write.settlement:
            self.committed += write.settlement.difference.amount
            self.spent += write.settlement.actual.amount
        if write.event:
            self.events.append(write.event)
        if write.notice:
            self.notices.append(write.notice)
        self.journal.append(
            f"job {job.status.value}, attempts {[one.outcome and one.outcome.value for one in job.attempts]}"
        )
        return job

    def erase(self, job: Job, event: AuditEvent) -> None:
        if self.jobs.get(job.id) != job:
            raise StaleJobError(job.id)
        del self.jobs[job.id]
        self.events.append(event)
        self.journal.append("job erased")

    def _check(self, write: JobWrite) -> None:
        if write.claim and (write.claim.project_id, write.claim.key) in self.claims:
            raise ClaimTakenError(self.claims[write.claim.project_id, write.claim.key])
        reservation = write.reservation
        if reservation and reservation.limit and self.committed + reservation.amount.amount > reservation.limit.amount:
            raise BudgetExceededError("The budget is used up.")
        stored = self.jobs.get(write.job.id)
        if write.job.version != (stored.version if stored else 0):
            raise StaleJobError(write.job.id)


@dataclass
class MemoryCallbacks:
    """`Callbacks` in a dictionary."""

    kept: dict[tuple[JobId, int], dict[str, KeptCallback]] = field(default_factory=dict)

    def add(self, job_id: JobId, attempt: int, event_id: str, callback: KeptCallback) -> bool:
        kept = self.kept.setdefault((job_id, attempt), {})
        return kept.setdefault(event_id, callback) is callback

    def read(self, job_id: JobId, attempt: int) -> tuple[KeptCallback, ...]:
        kept = self.kept.get((job_id, attempt), {})
        return tuple(sorted(kept.values(), key=lambda one: one.received_at))

    def erase(self, job_id: JobId, attempt: int) -> None:
        self.kept.pop((job_id, attempt), None)


@dataclass
class FakeJobRuns:
    """`JobRuns` that keep what was started and woken; a job is started once at each version of it."""

    started: list[tuple[JobId, int]] = field(default_factory=list)
    tokens: dict[JobId, str] = field(default_factory=dict)
    woken: list[JobId] = field(default_factory=list)

    def start(self, job: Job) -> None:
        if (job.id, job.version) not in self.started:
            self.started.append((job.id, job.version))

    def keep_token(self, job_id: JobId, token: str) -> None:
        self.tokens[job_id] = token

    def wake(self, job_id: JobId) -> None:
        if job_id in self.tokens:
            self.woken.append(job_id)


@dataclass
class MemorySlots:
    """`Slots` in sets, by provider."""

    held: dict[str, set[str]] = field(default_factory=dict)
    calls: int = 0

    def acquire(self, provider_id: str, holder: str, limit: int) -> bool:
        held = self._of(provider_id)
        if holder not in held and len(held) >= limit:
            return False
        held.add(holder)
        return True

    def count(self, provider_id: str, holder: str) -> None:
        self._of(provider_id).add(holder)

    def release(self, provider_id: str, holder: str) -> None:
        self._of(provider_id).discard(holder)

    def holders(self, provider_id: str) -> frozenset[str]:
        return frozenset(self._of(provider_id))

    def _of(self, provider_id: str) -> set[str]:
        self.calls += 1
        return self.held.setdefault(provider_id, set())


@dataclass
class MemoryProjectStore:
    """`ProjectStore` in dictionaries."""

    projects: dict[ProjectId, Project] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    reads: int = 0

    def read_project(self, project_id: ProjectId) -> Project | None:
        return self.projects.get(project_id)

    def write_project(self, project: Project) -> None:
        self.projects[project.id] = project

    def read_key(self, key_hash: str) -> ApiKey | None:
        self.reads += 1
        return self.keys.get(key_hash)

    def write_key(self, api_key: ApiKey) -> None:
        self.keys[api_key.hash] = api_key

    def find_key(self, key_id: KeyId) -> ApiKey | None:
        return next((key for key in self.keys.values() if key.id == key_id), None)


@dataclass
class MemoryImageStore:
    """`ImageStore` in a dictionary; a `broken` verb fails."""

    journal: Journal
    broken: str = ""
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    # When an object was stored, where that is not now.
    times: dict[str, datetime] = field(default_factory=dict)

    def put(self, key: str, data: bytes, media_type: str) -> None:
        self._do("put", key)
        self.objects[key] = (data, media_type)

    def copy(self, source: str, destination: str) -> None:
        self._do("copy", destination)
        self.objects[destination] = self.objects[source]

    def read(self, key: str) -> bytes:
        self.reads.append(key)
        return self.objects[key][0]

    def url(self, key: str) -> str:
        return f"https://images.example/{key}"

    def find(self, key: str) -> bytes | None:
        return self.objects[key][0] if key in self.objects else None

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> tuple[StoredObject, ...]:
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        return tuple(StoredObject(key=key, stored_at=self.times.get(key, NOW)) for key in keys[:limit])

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        fields = {"key": key, "Content-Type": media_type}
        return Upload(
            url="https://images.example", fields=fields, max_bytes=max_bytes, lifetime_seconds=lifetime_seconds
        )

    def _do(self, verb: str, key: str) -> None:
        if verb == self.broken:
            raise OSError(verb)
        self.journal.append(f"{verb} {key.split('/', maxsplit=1)[0]}")


@dataclass
class FakeTransport:
    """`Transport` that keeps what it was given; it answers 200, or raises what it was told to.

    While a request is on its way, the next of `meanwhile` happens.
    """

    journal: Journal
    failures: list[Exception | None] = field(default_factory=list)
    sent: list[HttpRequest] = field(default_factory=list)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        self.journal.append("poll" if request.method == "GET" else "send")
        self.sent.append(request)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        return HttpResponse(status=200, headers={}, body=request.body)


@dataclass
class ScriptedProvider:
    """A provider that answers from a list, in order; `check` may refuse a call before it is sent."""

    submissions: list[Submission]
    check: Callable[[ProviderCall], None] = lambda call: None
    calls: list[ProviderCall] = field(default_factory=list)

    def submit(self, call: ProviderCall) -> HttpRequest:
        self.check(call)
        return HttpRequest(method="POST", url=f"{call.base_url}/{call.card.name}", body=call.request.prompt.encode())

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        self.calls.append(call)
        return self.submissions.pop(0)


@dataclass
class SlowProvider(ScriptedProvider):
    """One that can be asked how far it is; `address` is where."""

    polls: list[Submission] = field(default_factory=list)
    address: str = ""

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        return HttpRequest(method="GET", url=self.address or f"{call.base_url}/{ref['id']}")

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        return self.polls.pop(0)


PROOF = Ed25519Signature(
    jwks_url="https://painter.example/keys",
    id_header="x-id",
    user_header="x-user",
    timestamp_header="x-timestamp",
    signature_header="x-signature",
)


@dataclass
class CallingProvider(SlowProvider):
    """One that calls back; a callback's body names the work it is about, and `told` says how that stands."""

    told: dict[bytes, Submission] = field(default_factory=dict)

    def proof(self, base_url: str) -> Proof:
        return PROOF

    def find_ref(self, call: ProviderCall, body: bytes) -> ProviderRef | None:
        return {"id": body.decode()} if body in self.told else None

    def read_callback(self, call: ProviderCall, ref: ProviderRef, body: bytes) -> Submission:
        told = self.told.get(body)
        return told if told is not None and ref == {"id": body.decode()} else Pending(ref=ref)


@dataclass
class ListingProvider(SlowProvider):
    """One that lists its recent work: `found` answers each look, in order; without `is_listed`, it cannot tell."""

    found: list[Submission | None] = field(default_factory=list)
    is_listed: bool = True

    def find(self, call: ProviderCall, since: datetime) -> HttpRequest | None:
        url = f"{call.base_url}/recent?since={since.isoformat()}"
        return HttpRequest(method="GET", url=url) if self.is_listed else None

    def read_found(self, call: ProviderCall, response: HttpResponse) -> Submission | None:
        return self.found.pop(0)


@dataclass
class FakeProviders:
    """`Providers` with one adapter for all."""

    provider: Provider
    given_settings: Mapping[str, str] = field(default_factory=dict)

    def adapter(self, provider_id: str) -> Provider:
        return self.provider

    def base_url(self, provider_id: str) -> str:
        return f"https://{provider_id}.example"

    def settings(self, provider_id: str) -> Mapping[str, str]:
        return self.given_settings


@dataclass
class FakeCatalog:
    """`Catalog` over given cards, and others whose providers are not configured."""

    given: tuple[ModelCard, ...]
    others: tuple[ModelCard, ...] = ()

    def cards(self) -> tuple[ModelCard, ...]:
        return self.given

    def all_cards(self) -> tuple[ModelCard, ...]:
        return (*self.given, *self.others)

    def card(self, model_id: str) -> ModelCard:
        return next(card for card in self.all_cards() if card.id == model_id)

    def provider(self, provider_id: str) -> ProviderCard:
        return a_provider_card(provider_id, base_url=f"https://{provider_id}.example")

    def unconfigured(self, model_id: str) -> ProviderCard | None:
        return next((self.provider(card.provider) for card in self.others if card.id == model_id), None)


@dataclass
class WordModerator:
    """`PromptModerator` that finds given words."""

    findings: dict[str, Finding]
    name: str = "watcher@1"

    def moderate(self, text: str, param: str) -> tuple[Finding, ...]:
        return tuple(replace(finding, param=param) for word, finding in self.findings.items() if word in text)


@dataclass
class PictureModerator:
    """`ImageModerator` that finds the same in every picture."""

    findings: tuple[Finding, ...] = ()
    name: str = "viewer@1"

    def moderate(self, data: bytes) -> tuple[Finding, ...]:
        return self.findings
