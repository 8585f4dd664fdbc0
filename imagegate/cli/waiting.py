"""Wait for a generation that the gateway still works on, and tell one that ended without pictures as a failure."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from imagegate.api.responses import GenerationAnswer
from imagegate.cli.failures import CommandFailedError, GatewayRefusedError
from imagegate.cli.gateway import Gateway, unreadable_answer
from imagegate.domain.job import Status

DEFAULT_WAIT_SECONDS = 5.0
_SHORTEST_WAIT_SECONDS = 0.05
# A slow provider is no reason to give up when one of many questions gets lost.
_MOST_LOST_IN_A_ROW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often to ask, and for how long; `wait_seconds` is the gateway's own wish, where it has one."""

    timeout_seconds: float
    wait_seconds: float | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    @property
    def pause_seconds(self) -> float:
        """How long to wait between two questions."""
        wish = DEFAULT_WAIT_SECONDS if self.wait_seconds is None else self.wait_seconds
        return max(wish, _SHORTEST_WAIT_SECONDS)


def wait_for(
    gateway: Gateway, generation: GenerationAnswer, patience: Patience, tell: Callable[[str], None]
) -> GenerationAnswer:
    """Ask until the generation has ended, and return it when it has pictures; `tell` hears of each status.

    Raises:
        CommandFailedError: it ended without pictures, or has not ended in time.
    """
    deadline = patience.monotonic() + patience.timeout_seconds
    lost = 0
    while not generation.status.is_terminal:
        tell(generation.status.value)
        left = deadline - patience.monotonic()
        if left <= 0:
            raise _still_running(generation, patience)
        patience.sleep(min(patience.pause_seconds, left))
        try:
            generation = _read(gateway, generation.id)
            lost = 0
        except CommandFailedError as failure:
            lost += 1
            if lost > _MOST_LOST_IN_A_ROW or not _may_pass(failure):
                raise
    if generation.status is not Status.SUCCEEDED:
        raise _ended_without_pictures(generation)
    return generation


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show how long it has taken so far, on standard error and only to people; what is yielded changes the text."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(text, total=None)
        yield lambda more: shown.update(task, description=f"{text} ({more})")


def _read(gateway: Gateway, generation_id: str) -> GenerationAnswer:
    try:
        return GenerationAnswer.model_validate(gateway.generation(generation_id))
    except ValueError as error:
        raise unreadable_answer() from error


def _may_pass(failure: CommandFailedError) -> bool:
    if isinstance(failure, GatewayRefusedError):
        return failure.status == 429 or failure.status >= 500
    return failure.code in {"answer_lost", "gateway_unreachable"}


def _still_running(generation: GenerationAnswer, patience: Patience) -> CommandFailedError:
    message = (
        f"The generation {generation.id} is {generation.status.value} after {patience.timeout_seconds:g} seconds "
        "of waiting; the gateway works on."
    )
    return CommandFailedError("still_running", message, advice=f"`imagegate show {generation.id}` tells how it ended.")


def _ended_without_pictures(generation: GenerationAnswer) -> CommandFailedError:
    error = generation.error
    code = error.code if error else generation.status.value
    message = error.message if error else f"The generation was {generation.status.value}, and nothing says why."
    told = error.model_dump() if error else {"message": message, "type": "server_error", "param": None, "code": code}
    return GatewayRefusedError(
        code,
        message,
        status=200,
        envelope={"error": told, "request_id": None, "imagegate": {"generation_id": generation.id}},
        request_id=None,
        generation_id=generation.id,
    )
