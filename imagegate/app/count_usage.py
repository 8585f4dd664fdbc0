"""Count usage: add up what generations came to, off the path of their requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from imagegate.app.usage_ports import UsageCounters
from imagegate.domain.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CountUsage:
    """Whoever calls it repeats it until it ends well; no event is counted twice."""

    counters: UsageCounters

    def __call__(self, events: Sequence[Event]) -> int:
        """Return how many events were counted that had not been."""
        told = [event for event in events if event.usage is not None]
        return self.counters.count(told) if told else 0
