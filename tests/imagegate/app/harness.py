"""All use cases of a generation, wired on fakes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.calls import Calls
from imagegate.app.choose_route import ChooseRoute
from imagegate.app.collect import Collect
from imagegate.app.find import Find
from imagegate.app.generate import Generate, Generated
from imagegate.app.in_flight import InFlight
from imagegate.app.inspect import Inspect
from imagegate.app.moderate import ModerateImages, ModeratePrompt
from imagegate.app.observe import Observe
from imagegate.app.plan import Plan
from imagegate.app.publish import Publish
from imagegate.app.run_job import RunJob
from imagegate.app.steps import Steps
from imagegate.app.submit import Submit
from imagegate.domain.card import ModelCard
from imagegate.domain.decision import Finding
from imagegate.domain.image import InlineImage
from imagegate.domain.job import Attempt, Job
from imagegate.domain.preference import Preference
from imagegate.domain.progress import Step
from imagegate.domain.provider import Completed, Pending, ProviderCall, Submission
from tests.builders import PRINCIPAL, PROJECT_ID, a_card, a_project, a_request
from tests.fakes import (
    FakeCatalog,
    FakeClock,
    FakeIds,
    FakeJobRuns,
    FakeProviders,
    FakeTransport,
    Journal,
    MemoryCallbacks,
    MemoryImageStore,
    MemoryJobStore,
    MemoryProjectStore,
    MemorySlots,
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
    # A provider of another kind, which takes the place of the one that answers with `submissions` and `polls`.
    maker: ScriptedProvider | None = None
    callback_url: str | None = None
    failures: list[Exception | None] = field(default_factory=list)
    cards: tuple[ModelCard, ...] = (a_card(),)
    others: tuple[ModelCard, ...] = ()
    words: dict[str, Finding] = field(default_factory=dict)
    sights: tuple[Finding, ...] = ()
    project: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
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
        self.choose_route = ChooseRoute(catalog=self.catalog)
        self.callbacks = MemoryCallbacks()
        self.runs = FakeJobRuns()
        self.provider = self.maker or (
            ScriptedProvider(self.submissions, self.check)
            if self.polls is None
            else SlowProvider(self.submissions, self.check, polls=self.polls, address=self.address)
        )
        self.providers = FakeProviders(self.provider, self.settings)
        self.ids = FakeIds()
        self.slots = MemorySlots()
        self.calls = Calls(
            providers=self.providers,
            catalog=self.catalog,
            transport=self.transport,
            images=self.images,
            callback_url=self.callback_url,
        )
        self.steps = self._steps()
        self.generate = Generate(
            accept=self._accept(),
            steps=self.steps,
            jobs=self.jobs,
            runs=self.runs,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        self.run_job = RunJob(
            steps=self.steps, jobs=self.jobs, runs=self.runs, callbacks=self.callbacks, clock=self.clock
        )

    def __call__(self, key: str | None = None, preference: Preference | None = None, **wishes: Any) -> Generated:
        return self.generate(PRINCIPAL, a_request(**wishes), key, preference)

    @property
    def job(self) -> Job:
        """The one job that was written."""
        (job,) = self.jobs.jobs.values()
        return job

    @property
    def attempt(self) -> Attempt:
        """The last attempt of the one job that was written."""
        return self.job.attempts[-1]

    def later(self, **by: float) -> None:
        """Let time pass, a minute and a half unless told."""
        self.clock.sleep(timedelta(**by or {"seconds": 90}).total_seconds())

    def drive(self) -> Job:
        """Do what the machine does, from its first state on, until the job is over or held; time passes meanwhile."""
        verdict = self.run_job(self.job.id, Step.PLAN)
        while verdict.step not in {Step.DONE, Step.REVIEW}:
            if verdict.step is Step.WAIT:
                self.clock.sleep(verdict.seconds)
            verdict = self.run_job(self.job.id, verdict.step)
        return self.job

    def _accept(self) -> Accept:
        return Accept(
            projects=self.projects,
            catalog=self.catalog,
            choose_route=self.choose_route,
            moderate_prompt=ModeratePrompt(moderators=(WordModerator(self.words),)),
            calls=self.calls,
            plan=self.steps.plan,
            jobs=self.jobs,
            clock=self.clock,
            new_id=self.ids,
        )

    def _steps(self) -> Steps:
        in_flight = InFlight(slots=self.slots, providers=self.providers)
        advance = Advance(
            submit=Submit(calls=self.calls),
            observe=Observe(calls=self.calls, callbacks=self.callbacks),
            find=Find(calls=self.calls, callbacks=self.callbacks),
            collect=Collect(images=self.images, calls=self.calls, fetch=self.fetch),
            in_flight=in_flight,
            jobs=self.jobs,
            clock=self.clock,
        )
        jobs, clock, new_id = self.jobs, self.clock, self.ids
        moderate = ModerateImages(moderators=(PictureModerator(self.sights),))
        return Steps(
            plan=Plan(calls=self.calls, catalog=self.catalog, jobs=jobs, clock=clock, new_id=new_id),
            advance=advance,
            inspect=Inspect(moderate_images=moderate, images=self.images, jobs=jobs, clock=clock, new_id=new_id),
            publish=Publish(
                images=self.images,
                catalog=self.catalog,
                in_flight=in_flight,
                jobs=jobs,
                clock=clock,
                new_id=new_id,
            ),
        )
