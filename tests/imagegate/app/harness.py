"""All use cases of a generation, wired on fakes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from imagegate.app.accept import Accept
from imagegate.app.collect import Collect
from imagegate.app.generate import Generate, Generated
from imagegate.app.moderate import ModerateImages, ModeratePrompt
from imagegate.app.publish import Publish
from imagegate.app.submit import Submit
from imagegate.domain.card import ModelCard
from imagegate.domain.decision import Finding
from imagegate.domain.image import InlineImage
from imagegate.domain.job import Job
from imagegate.domain.provider import Completed, ProviderCall, Submission
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
    WordModerator,
)
from tests.pictures import picture


def completed(*pictures: bytes, **changes: Any) -> Completed:
    """Return a success with pictures, one red one by default."""
    images = tuple(InlineImage(data=data, seed=7) for data in pictures or (picture(),))
    return Completed(images=images, model_version="oils-2026-10", **changes)


@dataclass(kw_only=True)
class Harness:
    """A gateway in memory; set what the world does, then call it and look at what it did."""

    submissions: list[Submission] = field(default_factory=lambda: [completed()])
    failures: list[Exception | None] = field(default_factory=list)
    cards: tuple[ModelCard, ...] = (a_card(),)
    words: dict[str, Finding] = field(default_factory=dict)
    sights: tuple[Finding, ...] = ()
    project: dict[str, Any] = field(default_factory=dict)
    check: Callable[[ProviderCall], None] = lambda call: None

    def __post_init__(self) -> None:
        self.journal: Journal = []
        self.jobs = MemoryJobStore(self.journal)
        self.images = MemoryImageStore(self.journal)
        self.transport = FakeTransport(self.journal, self.failures)
        self.projects = MemoryProjectStore({PROJECT_ID: a_project(**self.project)})
        self.generate = self._generate(FakeClock(), FakeIds())

    def __call__(self, key: str | None = None, **wishes: Any) -> Generated:
        return self.generate(PRINCIPAL, a_request(**wishes), key)

    @property
    def job(self) -> Job:
        """The one job that was written."""
        (job,) = self.jobs.jobs.values()
        return job

    def _generate(self, clock: FakeClock, ids: FakeIds) -> Generate:
        catalog = FakeCatalog(self.cards)
        providers = FakeProviders(ScriptedProvider(self.submissions, self.check))
        submit = Submit(providers=providers, catalog=catalog, transport=self.transport)
        accept = Accept(
            projects=self.projects,
            catalog=catalog,
            moderate_prompt=ModeratePrompt(moderators=(WordModerator(self.words),)),
            submit=submit,
            jobs=self.jobs,
            clock=clock,
            new_id=ids,
        )
        return Generate(
            accept=accept,
            submit=submit,
            collect=Collect(images=self.images),
            moderate_images=ModerateImages(moderators=(PictureModerator(self.sights),)),
            publish=Publish(images=self.images, jobs=self.jobs, clock=clock, new_id=ids),
            catalog=catalog,
            jobs=self.jobs,
            clock=clock,
        )
