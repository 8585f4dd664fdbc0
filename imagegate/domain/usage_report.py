"""Usage reports: cells of usage, filtered and added up along the dimensions that somebody asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from imagegate.domain.usage import Counter, Counts, UsageCell, add_counts


class Dimension(StrEnum):
    """What usage can be told apart by."""

    DAY = "day"
    KEY = "key"
    END_USER = "end_user"
    PROVIDER = "provider"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuery:
    """The days from `first` to `last`, both of them wanted, and the cells whose values are those of `only`."""

    first: date
    last: date
    group_by: tuple[Dimension, ...] = (Dimension.DAY,)
    only: Mapping[Dimension, str]

    @property
    def tells_end_users_apart(self) -> bool:
        """Whether it needs the cells of single users, which are many more."""
        return Dimension.END_USER in {*self.group_by, *self.only}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """The sum of all cells that share these values; an empty one stands for no user, or for no model."""

    values: Mapping[Dimension, str]
    counts: Counts


def report(cells: Iterable[UsageCell], query: UsageQuery) -> tuple[UsageRow, ...]:
    """Return a row for each combination of values, in their order."""
    totals: dict[tuple[str, ...], dict[Counter, Decimal]] = {}
    for cell in cells:
        values = _values(cell)
        if all(values[dimension] == wanted for dimension, wanted in query.only.items()):
            add_counts(totals.setdefault(tuple(values[one] for one in query.group_by), {}), cell.counts)
    return tuple(
        UsageRow(values=dict(zip(query.group_by, values, strict=True)), counts=totals[values])
        for values in sorted(totals)
    )


def total_of_rows(rows: Iterable[UsageRow]) -> Counts:
    """Return the sum of all rows."""
    total: dict[Counter, Decimal] = {}
    for row in rows:
        add_counts(total, row.counts)
    return total


def _values(cell: UsageCell) -> Mapping[Dimension, str]:
    return {
        Dimension.DAY: cell.day.isoformat(),
        Dimension.KEY: cell.key_id,
        Dimension.END_USER: cell.end_user or "",
        Dimension.PROVIDER: cell.provider,
        Dimension.MODEL: cell.model,
    }
