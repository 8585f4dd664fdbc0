"""The state machine's own file, run in memory one state at a time, with the retries and catches that stand in it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from imagegate.app.ports import Clock
from imagegate.app.run_job import RunJob, Verdict
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job
from imagegate.domain.progress import Step

_FILE: Final = Path(__file__).parents[4] / "infra" / "workflows" / "generation_job.asl.json"
_DEFINITION: Final[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
_STATES: Final[dict[str, dict[str, Any]]] = _DEFINITION["States"]
_NEXT_IS: Final = re.compile(r"\{% \$states\.input\.next = '(\w+)' %\}")


@dataclass
class Execution:
    """One run of the machine; `token` is what it waits for, and it sleeps until `wakes_at`."""

    name: str
    job_id: JobId
    state: str = _DEFINITION["StartAt"]
    data: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    token: str | None = None
    wakes_at: datetime | None = None
    is_over: bool = False


@dataclass
class Machine:
    """`JobRuns` that runs what it starts; `invoke` runs a function and says whether it came to its end."""

    clock: Clock
    invoke: Callable[[Callable[[], Any]], tuple[bool, Any]]
    executions: list[Execution] = field(default_factory=list)
    tokens: dict[JobId, str] = field(default_factory=dict)
    woken: set[str] = field(default_factory=set)
    handed_out: int = 0
    run_job: RunJob | None = None

    def start(self, job: Job) -> None:
        self.start_named(f"{job.id}-{job.version}", job.id)

    def start_named(self, name: str, job_id: JobId) -> None:
        """Start an execution; a name that was used starts nothing."""
        if all(one.name != name for one in self.executions):
            self.executions.append(Execution(name=name, job_id=job_id))

    def keep_token(self, job_id: JobId, token: str) -> None:
        self.tokens[job_id] = token

    def wake(self, job_id: JobId) -> None:
        if job_id in self.tokens:
            self.woken.add(self.tokens[job_id])

    def live(self) -> list[Execution]:
        """Return the executions that are not over."""
        return [one for one in self.executions if not one.is_over]

    def is_ready(self, execution: Execution) -> bool:
        """Tell whether there is something to do before time passes."""
        is_asleep = execution.wakes_at is not None and self.clock() < execution.wakes_at
        return not is_asleep or execution.token in self.woken

    def move(self, execution: Execution) -> None:
        """Do what the execution's state says; one that sleeps is taken to have slept."""
        state = _STATES[execution.state]
        match state["Type"]:
            case "Succeed":
                execution.is_over = True
            case "Choice":
                execution.state = _choose(state, execution.data)
            case "Wait":
                self._sleep(execution, state["Next"], execution.data["seconds"])
            case _ if state["Resource"].endswith(".waitForTaskToken"):
                self._await(execution, state)
            case _:
                self._invoke(execution, state)

    def _sleep(self, execution: Execution, then: str, seconds: float) -> None:
        if execution.wakes_at is None:
            execution.wakes_at = self.clock() + timedelta(seconds=seconds)
        else:
            execution.wakes_at, execution.token, execution.state = None, None, then

    def _await(self, execution: Execution, state: dict[str, Any]) -> None:
        assert self.run_job is not None
        if execution.token is None:
            self.handed_out += 1
            token = execution.token = f"token-{self.handed_out}"
            wait, job_id = self.run_job.wait, execution.job_id
            self.invoke(lambda: wait(job_id, token))
        # A function that failed is caught as a time-out is, if later.
        self._sleep(execution, state["Next"], state["TimeoutSeconds"])

    def _invoke(self, execution: Execution, state: dict[str, Any]) -> None:
        step = state["Arguments"]["Payload"]["step"]
        ended, verdict = self.invoke(lambda: self._call(execution.job_id, step))
        if ended:
            execution.data, execution.state, execution.tries = _told(verdict), state["Next"], 0
            return
        execution.tries += 1
        if execution.tries > sum(one["MaxAttempts"] for one in state.get("Retry", [])):
            execution.tries = 0
            if "Catch" in state:
                execution.state = state["Catch"][0]["Next"]
            else:
                execution.is_over = True

    def _call(self, job_id: JobId, step: str) -> Verdict:
        assert self.run_job is not None
        match step:
            case "recover":
                return self.run_job.recover(job_id)
            case "abandon":
                return self.run_job.abandon(job_id)
            case _:
                return self.run_job(job_id, Step(step))


def _choose(state: dict[str, Any], data: dict[str, Any]) -> str:
    for choice in state["Choices"]:
        condition = _NEXT_IS.fullmatch(choice["Condition"])
        assert condition is not None, choice
        if condition[1] == data["next"]:
            return str(choice["Next"])
    return str(state["Default"])


def _told(verdict: Verdict) -> dict[str, Any]:
    """Tell a verdict as the function does."""
    waits_for_callback = verdict.step is Step.WAIT and verdict.expects_callback
    return {"next": "await_callback" if waits_for_callback else verdict.step.value, "seconds": verdict.seconds}
