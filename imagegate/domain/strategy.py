"""Strategies: the orders in which able models are tried, total and stable: the same facts make the same plan."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from imagegate.domain.card import ModelCard
from imagegate.domain.money import Money

EVEN_WEIGHT = Decimal("0.5")
_NOTHING = Decimal(0)


class Strategy(StrEnum):
    """What a request names in place of a model to leave the choice to us."""

    AUTO = "auto"
    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    BALANCED = "balanced"

    @property
    def order(self) -> str:
        """The order in words, to follow "can do what was asked"."""
        return _ORDERS[self]


_ORDERS = {
    Strategy.AUTO: "",
    Strategy.CHEAPEST: ", cheapest first",
    Strategy.FASTEST: ", fastest first",
    Strategy.BALANCED: ", best balance of cost and time first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A model that can do what was asked; `cost` is None where nobody knows its price."""

    card: ModelCard
    # Where it stands in the catalog's order of preference.
    place: int
    cost: Money | None
    seconds: float


def ranked(strategy: Strategy, options: Sequence[Option], cost_weight: Decimal = EVEN_WEIGHT) -> tuple[Option, ...]:
    """Return the options in the order in which to try them.

    A demonstration comes after everything else, and a model of unknown price after those of known price wherever the
    price matters. Ties are broken by the catalog's order.
    """
    figure = _figure(strategy, options, cost_weight)
    return tuple(sorted(options, key=lambda one: (one.card.is_demo, *figure(one), one.place)))


def _figure(
    strategy: Strategy, options: Sequence[Option], cost_weight: Decimal
) -> Callable[[Option], tuple[bool, Decimal]]:
    match strategy:
        case Strategy.CHEAPEST:
            return lambda one: (one.cost is None, _cost(one))
        case Strategy.FASTEST:
            return lambda one: (False, _seconds(one))
        case Strategy.BALANCED:
            return _balance(options, cost_weight)
        case _:
            return lambda one: (False, _NOTHING)


def _balance(options: Sequence[Option], cost_weight: Decimal) -> Callable[[Option], tuple[bool, Decimal]]:
    """Weigh cost and time, each as a multiple of the best among the options that is above zero."""
    best_cost = _least(_cost(one) for one in options)
    best_seconds = _least(_seconds(one) for one in options)

    def figure(one: Option) -> tuple[bool, Decimal]:
        cost, seconds = _cost(one) / best_cost, _seconds(one) / best_seconds
        return one.cost is None, cost_weight * cost + (1 - cost_weight) * seconds

    return figure


def _least(values: Iterable[Decimal]) -> Decimal:
    return min((value for value in values if value), default=Decimal(1))


def _cost(one: Option) -> Decimal:
    return one.cost.amount if one.cost else _NOTHING


def _seconds(one: Option) -> Decimal:
    # By way of its text, so that 0.1 is a tenth.
    return Decimal(str(one.seconds))
