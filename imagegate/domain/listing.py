"""Lists of generations: which ones are wanted, and between which ids they lie, since ids sort by age."""

from dataclasses import dataclass

from imagegate.domain.ids import ENTROPY_BYTES, JobId
from imagegate.domain.job import Status

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_PREFIX = "gen_"
_DIGITS = 32
_LAST = 16**_DIGITS - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """The jobs of a project that are wanted; `after` is the id at which the page before ended, newest first by default.

    Moments are unix seconds; a job of the first of them is wanted, one of the second is not.
    """

    limit: int = DEFAULT_LIMIT
    after: JobId | None = None
    oldest_first: bool = False
    status: Status | None = None
    end_user: str | None = None
    created_after: int | None = None
    created_before: int | None = None


def id_bounds(query: JobQuery) -> tuple[JobId, JobId] | None:
    """Return the lowest and the highest id that can be in the page; None where there can be none."""
    low = 0 if query.created_after is None else _number_at(query.created_after)
    high = _LAST if query.created_before is None else _number_at(query.created_before) - 1
    if query.after is not None:
        number = int(query.after.removeprefix(_PREFIX), 16)
        low, high = (max(low, number + 1), high) if query.oldest_first else (low, min(high, number - 1))
    return (_id_of(low), _id_of(high)) if low <= high else None


def _number_at(seconds: int) -> int:
    """Return the lowest number that an id of this moment can have."""
    return seconds * 1000 << 8 * ENTROPY_BYTES


def _id_of(number: int) -> JobId:
    return JobId(f"{_PREFIX}{number:0{_DIGITS}x}")
