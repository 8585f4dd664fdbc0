"""The world of the property-based test: all use cases on gated ports, and what must be true of them at any moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.calls import Calls
from imagegate.app.cancel_generation import CancelGeneration
from imagegate.app.choose_route import ChooseRoute
from imagegate.app.collect import Collect
from imagegate.app.find import Find
from imagegate.app.free_slots import FreeSlots
from imagegate.app.generate import Generate
from imagegate.app.in_flight import InFlight
from imagegate.app.inspect import Inspect
from imagegate.app.moderate import ModerateImages, ModeratePrompt
from imagegate.app.observe import Observe
from imagegate.app.plan import Plan
from imagegate.app.ports import Callbacks, ImageStore, JobStore, JobWrite, StaleJobError
from imagegate.app.publish import Publish
from imagegate.app.read_generation import ReadGeneration
from imagegate.app.receive_callback import ReceiveCallback
from imagegate.app.reconcile import Reconcile
from imagegate.app.run_job import RunJob
from imagegate.app.steps import Steps
from imagegate.app.submit import Submit
from imagegate.app.sweep import Sweep, SweepMark
from imagegate.domain.callback import Proof
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ImagegateError, InternalError
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job
from imagegate.signatures import secret_key
from tests.builders import NOW, PROJECT_ID, a_project
from tests.fakes import (
    FakeCatalog,
    FakeIds,
    Journal,
    MemoryCallbacks,
    MemoryImageStore,
    MemoryJobStore,
    MemoryProjectStore,
    MemorySlots,
)
from tests.imagegate.app.harness import nothing_to_fetch
from tests.imagegate.app.simulation.faults import BrokenError, DiedError, Fault, Faults, gated
from tests.imagegate.app.simulation.machine import Machine
from tests.imagegate.app.simulation.vendors import PRICES, SECRET, VendorAdapters, Vendors
from tests.provider_cards import MemoryConfigurationStore

_TICK = timedelta(milliseconds=1)


@dataclass
class Clock:
    """Moves on a little with each look."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += _TICK
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class WatchedJobStore(MemoryJobStore):
    """`JobStore` that keeps every version of every job."""

    versions: dict[JobId, list[Job]] = field(default_factory=dict)
    held: Decimal = Decimal(0)

    def write(self, write: JobWrite) -> Job:
        job = super().write(write)
        self.versions.setdefault(job.id, []).append(job)
        if write.reservation:
            self.held += write.reservation.amount.amount
        if write.settlement:
            self.held -= write.settlement.reservation.amount.amount
        return job

    def due(self, now: datetime, shard: int) -> tuple[JobId, ...]:
        """Be `DueJobs` of one shard."""
        return tuple(job.id for job in self.jobs.values() if job.check_at is not None and job.check_at <= now)


@dataclass
class ImageWatch:
    """`ImageModerator` that likes every picture."""

    name: str = "viewer@1"

    def moderate(self, data: bytes) -> tuple[()]:
        return ()


@dataclass
class MemorySweepMarks:
    """`SweepMarks` of one mark."""

    mark: SweepMark = field(default_factory=SweepMark)

    def read(self) -> SweepMark:
        return self.mark

    def write(self, mark: SweepMark) -> None:
        self.mark = mark


def _keys(provider_id: str, proof: Proof, *, fresh: bool = False) -> tuple[bytes, ...]:
    return (secret_key(SECRET),)


@dataclass(kw_only=True)
class World:
    """Everything that happens is a process, which may die on the way or find a port broken."""

    vendors: Vendors
    cards: tuple[ModelCard, ...]
    project: dict[str, Any]

    def __post_init__(self) -> None:
        journal: Journal = []
        self.clock = Clock()
        self.faults = Faults()
        self.jobs = WatchedJobStore(journal)
        self.images = MemoryImageStore(journal)
        self.callbacks = MemoryCallbacks()
        self.slots = MemorySlots()
        self.machine = Machine(clock=self.clock, invoke=self._invoke)
        self.ids = FakeIds()
        # What happens to the next process that the machine runs.
        self.next_fault: Fault | None = None
        self._wire()

    def process(self, body: Callable[[], Any], fault: Fault | None = None) -> tuple[bool, Any]:
        """Run something as a process of its own; tell whether it came to its end, and what it came to."""
        outer = self.faults.pending, self.faults.calls
        self.faults.arm(fault)
        try:
            return True, body()
        except (DiedError, BrokenError):
            return False, None
        except StaleJobError as error:
            return False, error
        except InternalError as error:
            if not isinstance(error.__cause__, BrokenError):
                raise
            return False, error
        except ImagegateError as error:
            return False, error
        finally:
            self.faults.pending, self.faults.calls = outer

    def _invoke(self, body: Callable[[], Any]) -> tuple[bool, Any]:
        fault, self.next_fault = self.next_fault, None
        return self.process(body, fault)

    def read(self, job_id: JobId) -> Job:
        """Return a job, past all gates."""
        return self.jobs.jobs[job_id]

    def unfinished(self) -> list[Job]:
        """Return the jobs whose end is still to come."""
        return [job for job in self.jobs.jobs.values() if not job.status.is_terminal]

    def _wire(self) -> None:
        jobs, images = gated(self.jobs, self.faults), gated(self.images, self.faults)
        callbacks = gated(self.callbacks, self.faults)
        providers, catalog = VendorAdapters(), FakeCatalog(self.cards)
        calls = Calls(
            providers=providers,
            catalog=catalog,
            transport=gated(self.vendors, self.faults),
            images=images,
            callback_url="https://gateway.example/v1/webhooks",
        )
        self._wire_steps(calls, jobs, images, callbacks)
        self._wire_callers(calls, jobs, callbacks)
        self._wire_reconciler(providers, jobs)

    def _wire_steps(self, calls: Calls, jobs: JobStore, images: ImageStore, callbacks: Callbacks) -> None:
        clock, new_id, catalog = self.clock, self.ids, calls.catalog
        plan = Plan(calls=calls, catalog=catalog, jobs=jobs, clock=clock, new_id=new_id)
        in_flight = InFlight(slots=gated(self.slots, self.faults), providers=calls.providers)
        advance = Advance(
            submit=Submit(calls=calls),
            observe=Observe(calls=calls, callbacks=callbacks),
            find=Find(calls=calls, callbacks=callbacks),
            collect=Collect(images=images, calls=calls, fetch=nothing_to_fetch),
            in_flight=in_flight,
            jobs=jobs,
            clock=clock,
        )
        moderate = ModerateImages(moderators=(ImageWatch(),))
        self.steps = Steps(
            plan=plan,
            advance=advance,
            inspect=Inspect(moderate_images=moderate, images=images, jobs=jobs, clock=clock, new_id=new_id),
            publish=Publish(images=images, catalog=catalog, in_flight=in_flight, jobs=jobs, clock=clock, new_id=new_id),
        )

    def _wire_callers(self, calls: Calls, jobs: JobStore, callbacks: Callbacks) -> None:
        clock, runs = self.clock, gated(self.machine, self.faults)
        accept = Accept(
            projects=MemoryProjectStore({PROJECT_ID: a_project(**self.project)}),
            catalog=calls.catalog,
            choose_route=ChooseRoute(catalog=calls.catalog),
            moderate_prompt=ModeratePrompt(moderators=()),
            calls=calls,
            plan=self.steps.plan,
            jobs=jobs,
            clock=clock,
            new_id=self.ids,
        )
        self.generate = Generate(accept=accept, steps=self.steps, jobs=jobs, runs=runs, clock=clock, sleep=clock.sleep)
        self.machine.run_job = RunJob(steps=self.steps, jobs=jobs, runs=runs, callbacks=callbacks, clock=clock)
        self.cancel = CancelGeneration(
            read=ReadGeneration(jobs=jobs), calls=calls, publish=self.steps.publish, runs=runs
        )
        self.receive = ReceiveCallback(
            providers=calls.providers, keys=_keys, jobs=jobs, callbacks=callbacks, runs=runs, clock=clock
        )

    def _wire_reconciler(self, providers: VendorAdapters, jobs: JobStore) -> None:
        images, clock = gated(self.images, self.faults), self.clock
        configuration = MemoryConfigurationStore({name: providers.settings(name) for name in PRICES})
        self.reconcile = Reconcile(
            lists=self.jobs,
            shards=1,
            jobs=jobs,
            runs=gated(self.machine, self.faults),
            publish=self.steps.publish,
            free_slots=FreeSlots(slots=self.slots, configuration=configuration, jobs=jobs),
            sweep=Sweep(images=images, jobs=jobs, marks=MemorySweepMarks(), clock=clock),
            clock=clock,
        )
