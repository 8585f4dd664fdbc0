"""All use cases of a generation, wired on fakes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.calls import Calls
from imagegate.app.collect import Collect
from imagegate.app.conclude import Conclude
from imagegate.app.generate import Generate, Generated
from imagegate.app.moderate import ModerateImages, ModeratePrompt
from imagegate.app.observe import Observe
from imagegate.app.publish import Publish
from imagegate.app.submit import Submit
from imagegate.domain.card import ModelCard
from imagegate.domain.decision import Finding
from imagegate.domain.image import InlineImage
from imagegate.domain.job import Attempt, Job
from imagegate.domain.provider import Completed, Pending, ProviderCall, Submission
from tests.builders import PRINCIPAL, PROJECT_ID, a_card, a_project, a_request
from tests.fakes import (
    FakeCatalog,
    FakeClock,
    FakeIds,
    FakeProviders,
    FakeTransport,
    Journal,
    MemoryImageStore,
    MemoryJobStore,
    MemoryProjectStore,
    PictureModerator,
    ScriptedProvider,
    SlowProvider,
    WordModerator,
)
from tests.pictures import picture


def completed(*pictures: bytes, **changes: Any) -> Completed:
    """Return a success with pictures, one red one by default."""
    images = tuple(InlineImage(data=data, seed=7) for data in pictures or (picture(),))
    return Completed(**({"images": images, "model_version": "oils-2026-10"} | changes))


def pending(name: str = "one", seconds: float = 1.0) -> Pending:
    return Pending(ref={"id": name}, poll_after_seconds=seconds)


def nothing_to_fetch(url: str) -> bytes:
    raise AssertionError(url)


@dataclass(kw_only=True)
class Harness:
    """A gateway in memory; set what the world does, then call it and look at what it did."""

    submissions: list[Submission] = field(default_factory=lambda: [completed()])
    # With any, the provider is one that can be asked how far it is.
    polls: list[Submission] | None = None
    address: str = ""
    failures: list[Exception | None] = field(default_factory=list)
    cards: tuple[ModelCard, ...] = (a_card(),)
    others: tuple[ModelCard, ...] = ()
    words: dict[str, Finding] = field(default_factory=dict)
    sights: tuple[Finding, ...] = ()
    project: dict[str, Any] = field(default_factory=dict)
    check: Callable[[ProviderCall], None] = lambda call: None
    fetch: Callable[[str], bytes] = nothing_to_fetch

    def __post_init__(self) -> None:
        self.journal: Journal = []
        self.clock = FakeClock()
        self.jobs = MemoryJobStore(self.journal)
        self.images = MemoryImageStore(self.journal)
        self.transport = FakeTransport(self.journal, self.failures)
        self.projects = MemoryProjectStore({PROJECT_ID: a_project(**self.project)})
        self.catalog = FakeCatalog(self.cards, self.others)
        self.provider = (
            ScriptedProvider(self.submissions, self.check)
            if self.polls is None
            else SlowProvider(self.submissions, self.check, polls=self.polls, address=self.address)
        )
        self.generate = self._generate(FakeIds())

    def __call__(self, key: str | None = None, **wishes: Any) -> Generated:
        return self.generate(PRINCIPAL, a_request(**wishes), key)

    @property
    def job(self) -> Job:
        """The one job that was written."""
        (job,) = self.jobs.jobs.values()
        return job

    @property
    def attempt(self) -> Attempt:
        """The last attempt of the one job that was written."""
        return self.job.attempts[-1]

    def _generate(self, ids: FakeIds) -> Generate:
        providers = FakeProviders(self.provider)
        calls = Calls(providers=providers, catalog=self.catalog, transport=self.transport, images=self.images)
        accept = Accept(
            projects=self.projects,
            catalog=self.catalog,
            moderate_prompt=ModeratePrompt(moderators=(WordModerator(self.words),)),
            calls=calls,
            jobs=self.jobs,
            clock=self.clock,
            new_id=ids,
        )
        advance = Advance(
            submit=Submit(calls=calls),
            observe=Observe(calls=calls),
            collect=Collect(images=self.images, calls=calls, fetch=self.fetch),
            jobs=self.jobs,
            clock=self.clock,
        )
        conclude = Conclude(
            moderate_images=ModerateImages(moderators=(PictureModerator(self.sights),)),
            publish=Publish(images=self.images, jobs=self.jobs, clock=self.clock, new_id=ids),
            calls=calls,
            catalog=self.catalog,
            images=self.images,
            jobs=self.jobs,
            clock=self.clock,
        )
        return Generate(
            accept=accept,
            advance=advance,
            conclude=conclude,
            jobs=self.jobs,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
