"""Histories that Hypothesis makes up: whatever breaks, in whatever order, nothing is paid for twice and nothing lost.

`HYPOTHESIS_PROFILE=thorough` looks much longer than every commit can wait.
"""

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from imagegate.domain.callback import ReceivedCallback
from imagegate.domain.job import Job
from imagegate.domain.preference import Preference
from imagegate.domain.project import OnUnknown
from imagegate.signatures import sign_standard_webhook
from tests.builders import PRINCIPAL, a_request, dollars
from tests.imagegate.app.simulation.checks import check, check_ended
from tests.imagegate.app.simulation.faults import Fault, break_down, die
from tests.imagegate.app.simulation.machine import Execution
from tests.imagegate.app.simulation.vendors import PRICES, SECRET, Mood, State, Vendors, Work, cards
from tests.imagegate.app.simulation.world import World

_EXAMPLES = {"modest": (150, 25), "thorough": (5000, 50)}
_COUNT, _STEPS = _EXAMPLES[os.environ.get("HYPOTHESIS_PROFILE", "modest")]
_MODELS = ("auto", "painter/oils", "sculptor/oils", "herald/oils", "clerk/oils")
_PREFERENCES = (
    Preference(),
    Preference(is_async=True),
    Preference(wait=timedelta(seconds=3)),
    Preference(is_async=True, wait=timedelta(seconds=2)),
)
_MOST_ROUNDS = 3000


class InlinePool(Executor):
    """An executor that does one thing after the other, so that a history can be told again."""

    def __init__(self, max_workers: int) -> None:
        self.max_workers = max_workers

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **named))
        except BaseException as error:  # noqa: BLE001 - it is raised again where the result is asked for
            future.set_exception(error)
        return future


class Histories(RuleBasedStateMachine):
    """What callers, vendors, the state machine and bad luck do to a gateway."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for module in ("advance", "cancel_generation"):
            self.patch.setattr(f"imagegate.app.{module}.ThreadPoolExecutor", InlinePool)
        self.draw: Callable[[Any], Any] | None = None
        self.answered: dict[str, str] = {}
        self.asked_last: tuple[str, int, str | None, Preference] | None = None
        self.restarts = 0

    @initialize(
        order=st.permutations(sorted(PRICES)),
        on_unknown=st.sampled_from(OnUnknown),
        budget=st.sampled_from([None, "0.20", "5"]),
    )
    def deploy(self, order: list[str], on_unknown: OnUnknown, budget: str | None) -> None:
        self.world = World(
            vendors=Vendors(mood=self._mood, look=self._look),
            cards=tuple(sorted(cards(), key=lambda card: order.index(card.provider))),
            project={"on_unknown": on_unknown, "monthly_budget": dollars(budget) if budget else None},
        )

    @rule(
        data=st.data(),
        model=st.sampled_from(_MODELS),
        count=st.sampled_from([1, 1, 3]),
        key=st.sampled_from([None, "one", "two"]),
        preference=st.sampled_from(_PREFERENCES),
    )
    def ask(self, data: Any, model: str, count: int, key: str | None, preference: Preference) -> None:
        self.draw = data.draw
        self._ask(model, count, key, preference, self._fault())

    @rule(data=st.data(), model=st.sampled_from(_MODELS), calls=st.integers(0, 4), is_after=st.booleans())
    def ask_twice(self, data: Any, model: str, calls: int, is_after: bool) -> None:
        self.draw = data.draw
        key = f"key {len(self.answered)}"
        fault = Fault(calls_before=calls, is_after=is_after, happen=self._repeat)
        self._ask(model, 1, key, Preference(), fault)

    @rule(data=st.data(), moves=st.integers(1, 12))
    @precondition(lambda self: self.world.machine.live())
    def run_the_machine(self, data: Any, moves: int) -> None:
        self.draw = data.draw
        for _ in range(moves):
            self._move(ready_only=False, fault=None)
            check(self.world)

    @rule(data=st.data(), before=st.integers(0, 6))
    @precondition(lambda self: self.world.machine.live())
    def let_the_machine_fail(self, data: Any, before: int) -> None:
        self.draw = data.draw
        for fault in (*[None] * before, self._fault()):
            self._move(ready_only=False, fault=fault)

    @rule(data=st.data(), before=st.integers(0, 6), calls=st.integers(0, 5), is_after=st.booleans())
    @precondition(lambda self: self.world.machine.live())
    def let_two_drive(self, data: Any, before: int, calls: int, is_after: bool) -> None:
        self.draw = data.draw
        execution = self.draw(st.sampled_from(self.world.machine.live()))
        job = self.world.read(execution.job_id)
        for _ in range(before):
            self._move_on(execution, None)
        self._move_on(execution, Fault(calls_before=calls, is_after=is_after, happen=lambda: self._drive_too(job)))

    @rule(data=st.data())
    @precondition(lambda self: any(work.state is State.RUNNING for work in self.world.vendors.works))
    def work_at_a_vendor(self, data: Any) -> None:
        self.draw = data.draw
        self._work()

    @rule(data=st.data())
    @precondition(lambda self: any(work.callback_url for work in self.world.vendors.works))
    def call_back(self, data: Any) -> None:
        self.draw = data.draw
        self._call_back(self._fault())

    @rule(data=st.data(), seconds=st.sampled_from([1, 20, 400, 1000, 4000]))
    @precondition(lambda self: self.world.unfinished())
    def intervene(self, data: Any, seconds: int) -> None:
        self.draw = data.draw
        if self.draw(st.integers(0, 5)) == 5:
            self._cancel(self._fault())
            return
        self.world.clock.sleep(seconds)
        if self.draw(st.booleans()):
            self.world.process(self.world.reconcile, self._fault())

    @invariant()
    def nothing_is_wrong(self) -> None:
        if hasattr(self, "world"):
            check(self.world)

    def teardown(self) -> None:
        self.draw = None
        try:
            if hasattr(self, "world"):
                self._drain()
                check(self.world)
                check_ended(self.world)
        finally:
            self.patch.undo()

    def _drain(self) -> None:
        """Bring every job to its end: the machine goes on, and the reconciler finds what nothing drives."""
        for _ in range(_MOST_ROUNDS):
            for execution in self.world.machine.live():
                if not self.world.machine.is_ready(execution):
                    self.world.clock.now = max(self.world.clock.now, execution.wakes_at or self.world.clock.now)
                self.world.machine.move(execution)
                check(self.world)
            if not self.world.machine.live():
                if not self.world.unfinished():
                    return
                self.world.clock.sleep(60)
                self.world.process(self.world.reconcile)

    def _fault(self) -> Fault | None:
        assert self.draw is not None
        kind = self.draw(st.sampled_from(["none", "none", "die", "break", "meanwhile", "meanwhile"]))
        if kind == "none":
            return None
        happen = {"die": die, "break": break_down, "meanwhile": self._meanwhile}[kind]
        calls_before, is_after = self.draw(st.integers(0, 9)), self.draw(st.booleans())
        return Fault(calls_before=calls_before, is_after=is_after, happen=happen)

    def _meanwhile(self) -> None:
        """Let others do a thing or some while a process is between two calls."""
        assert self.draw is not None
        for _ in range(self.draw(st.integers(1, 4))):
            actions: list[Callable[[], None]] = [self._repeat, self._drive_any_too, self._drive_any_too]
            if self.world.machine.live():
                actions += [self._move_any, self._move_any, self._move_any]
            if any(work.state is State.RUNNING for work in self.world.vendors.works):
                actions.append(self._work)
            if any(work.callback_url for work in self.world.vendors.works):
                actions.append(lambda: self._call_back(None))
            if self.world.unfinished() and self.draw(st.integers(0, 5)) == 5:
                actions.append(lambda: self._cancel(None))
            self.draw(st.sampled_from(actions))()

    def _repeat(self) -> None:
        """Ask again as was asked last, as a client does whose connection was cut."""
        if self.asked_last is not None:
            self._ask(*self.asked_last, None)

    def _drive_any_too(self) -> None:
        assert self.draw is not None
        if self.world.unfinished():
            self._drive_too(self.draw(st.sampled_from(self.world.unfinished())))

    def _drive_too(self, job: Job) -> None:
        """Let a second execution work on a job whose first one lives."""
        assert self.draw is not None
        self._start_again(job)
        execution = self.world.machine.executions[-1]
        for _ in range(self.draw(st.integers(1, 10))):
            if execution.wakes_at is not None:
                self.world.clock.now = max(self.world.clock.now, min(execution.wakes_at, self._soon()))
            if not execution.is_over and self.world.machine.is_ready(execution):
                self.world.machine.move(execution)

    def _soon(self) -> datetime:
        # No process lives for as long as an attempt is left to its sender.
        return self.world.clock.now + timedelta(seconds=30)

    def _move_any(self) -> None:
        self._move(ready_only=True, fault=None)

    def _ask(self, model: str, count: int, key: str | None, preference: Preference, fault: Fault | None) -> None:
        self.asked_last = (model, count, key, preference) if key is not None else self.asked_last
        request = a_request(model=model, count=count)
        ended, generated = self.world.process(lambda: self.world.generate(PRINCIPAL, request, key, preference), fault)
        if ended and key is not None:
            assert self.answered.setdefault(key, generated.job.id) == generated.job.id

    def _move(self, *, ready_only: bool, fault: Fault | None) -> None:
        assert self.draw is not None
        machine = self.world.machine
        candidates = [one for one in machine.live() if machine.is_ready(one) or not ready_only]
        if not candidates:
            return
        self._move_on(self.draw(st.sampled_from(candidates)), fault)

    def _move_on(self, execution: Execution, fault: Fault | None) -> None:
        machine = self.world.machine
        if execution.is_over:
            return
        if not machine.is_ready(execution):
            self.world.clock.now = execution.wakes_at or self.world.clock.now
        self.world.next_fault = fault
        machine.move(execution)
        self.world.next_fault = None

    def _work(self) -> None:
        assert self.draw is not None
        running = [work for work in self.world.vendors.works if work.state is State.RUNNING]
        work = self.draw(st.sampled_from(running))
        work.is_stuck = self.draw(st.integers(0, 7)) == 7
        if not work.is_stuck:
            work.state = self.draw(st.sampled_from([State.DONE, State.DONE, *State]))

    def _call_back(self, fault: Fault | None) -> None:
        assert self.draw is not None
        work = self.draw(st.sampled_from([work for work in self.world.vendors.works if work.callback_url]))
        how = self.draw(st.sampled_from(["honest", "honest", "forged", "stale", "without a token"]))
        received, query = self._callback(work, how)
        ended, _ = self.world.process(lambda: self.world.receive(work.provider, query, received), fault)
        assert not ended or how == "honest"

    def _callback(self, work: Work, how: str) -> tuple[ReceivedCallback, dict[str, str]]:
        assert work.callback_url is not None
        query = dict(pair.split("=") for pair in work.callback_url.partition("?")[2].split("&"))
        if how == "without a token":
            query["token"] = "cbk_guessed"
        body = work.told()
        sent_at = self.world.clock.now - timedelta(hours=1 if how == "stale" else 0)
        message_id = f"{work.id}-{work.state.value}"
        signed = b"another" if how == "forged" else body
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": sign_standard_webhook([SECRET], message_id, sent_at, signed),
        }
        return ReceivedCallback(headers=headers, body=body), query

    def _cancel(self, fault: Fault | None) -> None:
        assert self.draw is not None
        job = self.draw(st.sampled_from(self.world.unfinished()))
        self.world.process(lambda: self.world.cancel(PRINCIPAL, job.id), fault)

    def _start_again(self, job: Job) -> None:
        self.restarts += 1
        self.world.machine.start_named(f"{job.id}-again-{self.restarts}", job.id)

    def _mood(self, provider: str) -> Mood:
        return Mood.OBLIGE if self.draw is None else self.draw(st.sampled_from([Mood.OBLIGE, Mood.OBLIGE, *Mood]))

    def _look(self, work: Work) -> None:
        """Let a work move on while it is asked for; in the end all do but those that are stuck."""
        if work.state is not State.RUNNING or work.is_stuck:
            return
        if self.draw is None:
            work.state = State.DONE
        elif self.draw(st.booleans()):
            work.state = self.draw(st.sampled_from([State.DONE, State.DONE, State.FAILED]))


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=_COUNT,
    stateful_step_count=_STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
