"""What usage needs from the world, as small Protocols named for the need."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from imagegate.domain.event import Event
from imagegate.domain.ids import ProjectId
from imagegate.domain.usage import UsageCell
from imagegate.domain.usage_report import UsageQuery


class UsageCounters(Protocol):
    """Adds what generations came to."""

    def count(self, events: Sequence[Event]) -> int:
        """Add the usage of events, each exactly once however often it is given, and return how many were new."""
        ...


class UsageCells(Protocol):
    """Reads what was added."""

    def cells(self, project_id: ProjectId, query: UsageQuery) -> Iterator[UsageCell]:
        """Return the cells of a project in the days of a query, those of single users where it tells them apart."""
        ...
