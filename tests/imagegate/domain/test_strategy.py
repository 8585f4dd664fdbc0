"""The orders of strategies: total, stable, and the same whatever order the options come in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.money import Money
from imagegate.domain.strategy import Option, Strategy, ranked
from tests.builders import a_card

amounts = st.none() | st.decimals(0, 5, places=3)
facts = st.lists(st.tuples(amounts, st.floats(0, 60), st.booleans()), max_size=8)
weights = st.decimals(0, 1, places=2)


def _option(place: int, amount: Decimal | str | None, seconds: float = 10.0, *, is_demo: bool = False) -> Option:
    cost = None if amount is None else Money(amount=Decimal(amount))
    return Option(card=a_card(name=f"m{place}", is_demo=is_demo), place=place, cost=cost, seconds=seconds)


def _places(strategy: Strategy, *options: Option, weight: str = "0.5") -> list[int]:
    return [one.place for one in ranked(strategy, options, Decimal(weight))]


def test_auto_keeps_the_order_of_the_catalog() -> None:
    assert _places(Strategy.AUTO, _option(1, "0.01"), _option(0, "0.5")) == [0, 1]


def test_cheapest_begins_with_the_least_cost() -> None:
    assert _places(Strategy.CHEAPEST, _option(0, "0.10"), _option(1, "0"), _option(2, "0.09")) == [1, 2, 0]


def test_fastest_begins_with_the_least_time() -> None:
    assert _places(Strategy.FASTEST, _option(0, "0", 3.0), _option(1, None, 0.5), _option(2, "1", 20.0)) == [1, 0, 2]


@pytest.mark.parametrize("strategy", [Strategy.CHEAPEST, Strategy.BALANCED])
def test_where_the_price_matters_an_unknown_one_comes_after_every_known_one(strategy: Strategy) -> None:
    assert _places(strategy, _option(0, None, 1.0), _option(1, "5", 60.0)) == [1, 0]


def test_balanced_adds_cost_and_time_as_multiples_of_the_best() -> None:
    # 0.5 x 1 + 0.5 x 10 = 5.5; 0.5 x 3 + 0.5 x 2 = 2.5; 0.5 x 8 + 0.5 x 1 = 4.5
    options = (_option(0, "0.01", 20.0), _option(1, "0.03", 4.0), _option(2, "0.08", 2.0))

    assert _places(Strategy.BALANCED, *options) == [1, 2, 0]
    assert _places(Strategy.BALANCED, *options, weight="1") == [0, 1, 2]
    assert _places(Strategy.BALANCED, *options, weight="0") == [2, 1, 0]


def test_balanced_counts_what_costs_nothing_as_nothing() -> None:
    assert _places(Strategy.BALANCED, _option(0, "0", 12.0), _option(1, "0.01", 10.0)) == [0, 1]
    assert _places(Strategy.BALANCED, _option(0, "0", 0.0), _option(1, "0", 0.0)) == [0, 1]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_demonstration_comes_after_everything_else(strategy: Strategy) -> None:
    assert _places(strategy, _option(0, "0", 0.5, is_demo=True), _option(1, None, 60.0)) == [1, 0]


@given(facts=facts, weight=weights, strategy=st.sampled_from(Strategy), data=st.data())
def test_an_order_is_total_and_does_not_depend_on_where_it_began(
    facts: list[tuple[Decimal | None, float, bool]], weight: Decimal, strategy: Strategy, data: st.DataObject
) -> None:
    options = [_option(place, amount, seconds, is_demo=demo) for place, (amount, seconds, demo) in enumerate(facts)]

    order = ranked(strategy, options, weight)

    assert sorted(one.place for one in order) == list(range(len(options)))
    assert ranked(strategy, data.draw(st.permutations(options)), weight) == order
