"""Routing: how a project wants its requests routed, and what the names in a request's `model` stand for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from imagegate.domain.filters import Filters
from imagegate.domain.request import DEFAULT_MODEL, split_models
from imagegate.domain.strategy import EVEN_WEIGHT, Strategy

T = TypeVar("T")

# Names that mean something to every project, so that none can take them for itself.
RESERVED_NAMES = frozenset({DEFAULT_MODEL, *(one.value for one in Strategy)})
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """What a project's own name stands for: models or strategies, tried in this order, within its filters."""

    models: tuple[str, ...]
    filters: Filters = field(default_factory=Filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """A project's policy of routing; `cost_weight` is the share of cost in the balance with time, from 0 to 1."""

    filters: Filters = field(default_factory=Filters)
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    # What a request without a model asks for; None leaves it to the catalog's order of preference.
    default_model: str | None = None
    cost_weight: Decimal = EVEN_WEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingChange:
    """What is to be different in a policy: None leaves a part as it is, and an alias of None takes it away."""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] | None = None
    max_price: Decimal | None = None
    aliases: Mapping[str, Alias | None] = field(default_factory=dict)
    # An empty one takes it away.
    default_model: str | None = None
    cost_weight: Decimal | None = None
    # Begins from a policy that says nothing.
    is_reset: bool = False

    def applied_to(self, routing: Routing) -> Routing:
        """Return the changed policy."""
        old = Routing() if self.is_reset else routing
        aliases = {**old.aliases, **self.aliases}
        return Routing(
            filters=replace(
                old.filters,
                allow=_changed(self.allow, old.filters.allow),
                deny=_changed(self.deny, old.filters.deny),
                max_price=_changed(self.max_price, old.filters.max_price),
            ),
            aliases={name: alias for name, alias in aliases.items() if alias is not None},
            default_model=_changed(self.default_model, old.default_model) or None,
            cost_weight=_changed(self.cost_weight, old.cost_weight),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One name that a request came to: a strategy or a model, and where it came from if the request did not say it."""

    name: str
    filters: Filters | None = None
    source: str = ""

    @property
    def strategy(self) -> Strategy | None:
        """The strategy of this name; None where it is a model's."""
        return Strategy(self.name) if self.name in _STRATEGIES else None


_STRATEGIES = frozenset(one.value for one in Strategy)


def is_alias_name(name: str) -> bool:
    """Tell whether a project may use a name for itself: one that no model and no strategy could have."""
    return _ALIAS.fullmatch(name) is not None and name not in RESERVED_NAMES


def resolve(model: str, routing: Routing) -> tuple[Wanted, ...]:
    """Return what a request's `model` stands for in a project, in the order in which it is to be tried."""
    return tuple(wanted for name in split_models(model) for wanted in _resolve(name, routing))


def _changed(new: T | None, old: T) -> T:
    return old if new is None else new


def _resolve(name: str, routing: Routing) -> tuple[Wanted, ...]:
    if name == DEFAULT_MODEL:
        if routing.default_model is None:
            return (Wanted(name=Strategy.AUTO.value),)
        return tuple(_aliased(routing.default_model, routing, "the project's default"))
    return _aliased(name, routing, "")


def _aliased(names: str, routing: Routing, source: str) -> tuple[Wanted, ...]:
    found: list[Wanted] = []
    for name in split_models(names):
        alias = routing.aliases.get(name)
        if alias is None:
            found.append(Wanted(name=name, source=source))
        else:
            source_of_alias = f"the alias {name!r}"
            found += [Wanted(name=one, filters=alias.filters, source=source_of_alias) for one in alias.models]
    return tuple(found)
