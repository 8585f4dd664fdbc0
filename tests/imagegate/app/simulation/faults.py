"""Faults: between any two calls of a use case, its process may die, a port may break, or something else may happen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Port = TypeVar("Port")


class DiedError(BaseException):
    """The process is gone: no handler of the use cases catches this."""


class BrokenError(OSError):
    """A port is out of reach; a call may have been carried out all the same."""


def die() -> None:
    """End the process."""
    raise DiedError


def break_down() -> None:
    """Fail as storage, table or network do."""
    raise BrokenError


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens once, before or after the port call that follows so many others."""

    calls_before: int
    is_after: bool
    happen: Callable[[], None]


@dataclass
class Faults:
    """Counts the port calls of one process and lets its fault happen in time."""

    pending: Fault | None = None
    calls: int = 0
    log: list[str] = field(default_factory=list)

    def arm(self, fault: Fault | None) -> None:
        """Set what happens to the process that is about to run."""
        self.pending, self.calls = fault, 0

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        """Carry out a port call, with what happens around it."""
        self.log.append(name)
        fault = self.pending
        is_due = fault is not None and self.calls == fault.calls_before
        self.calls += 1
        if fault is None or not is_due:
            return call()
        self.pending = None
        if not fault.is_after:
            fault.happen()
            return call()
        result = call()
        fault.happen()
        return result


class _Gated:
    def __init__(self, port: Any, faults: Faults) -> None:
        self._port = port
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        label = f"{type(self._port).__name__}.{name}"
        return lambda *arguments, **named: self._faults.around(label, lambda: method(*arguments, **named))


def gated(port: Port, faults: Faults) -> Port:
    """Return the port with a gate before and after each of its calls."""
    proxy: Any = _Gated(port, faults)
    same: Port = proxy
    return same
