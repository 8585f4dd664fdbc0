"""Filters: what a target must keep to, whoever says so: a request, a project's policy, or an alias."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which models may be targets; `allow` and `deny` hold ids of providers or models, and no `allow` allows all.

    `max_price` is in US dollars for a whole request. A model whose price is not known, or is in another currency,
    passes none.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    max_price: Decimal | None = None
    max_seconds: float | None = None
    needs_seed: bool = False
