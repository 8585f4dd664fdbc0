"""In flight: count the calls under way to a provider whose operator limits them, and hold back what nobody waits for.

Calls of somebody who waits are counted and never held back: a person would be refused for the sake of a queue. A
provider without a limit is not counted at all. A slot that was not given back, because whoever held it has died, is
given back by the reconciler.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imagegate.app.ports import Providers
from imagegate.domain.job import Attempt, Job
from imagegate.domain.slot import holder_of, read_limit, wait_for_slot


class Slots(Protocol):
    """Counts who has a slot at a provider, across all functions."""

    def acquire(self, provider_id: str, holder: str, limit: int) -> bool:
        """Take a slot if fewer than `limit` are taken; False if not. Whoever has one already keeps it."""
        ...

    def count(self, provider_id: str, holder: str) -> None:
        """Take a slot whatever the number; a slot is not worth failing for, so nothing is raised."""
        ...

    def release(self, provider_id: str, holder: str) -> None:
        """Give a slot back; it is no error that there is none, and nothing is raised."""
        ...

    def holders(self, provider_id: str) -> frozenset[str]:
        """Return everybody who has a slot."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """Takes slots before attempts are sent and gives them back when they end."""

    slots: Slots
    providers: Providers

    def admit(self, job: Job, attempts: tuple[Attempt, ...], now: datetime) -> tuple[Attempt, ...]:
        """Return those of the attempts that must wait for a slot, changed to do so; the others have one."""
        if not job.is_asynchronous:
            self.enter(job, attempts)
            return ()
        return tuple(wait_for_slot(job, one, now) for one in attempts if not self._acquire(job, one))

    def enter(self, job: Job, attempts: Iterable[Attempt]) -> None:
        """Count attempts that are sent while somebody waits."""
        for one in attempts:
            if self._limit(one) is not None:
                self.slots.count(one.target.provider, holder_of(job.id, one))

    def leave(self, job: Job, attempts: Iterable[Attempt]) -> None:
        """Give back the slots of attempts that ended; doing so twice is harmless."""
        for one in attempts:
            if self._limit(one) is not None:
                self.slots.release(one.target.provider, holder_of(job.id, one))

    def _acquire(self, job: Job, attempt: Attempt) -> bool:
        limit = self._limit(attempt)
        return limit is None or self.slots.acquire(attempt.target.provider, holder_of(job.id, attempt), limit)

    def _limit(self, attempt: Attempt) -> int | None:
        return read_limit(self.providers.settings(attempt.target.provider))
