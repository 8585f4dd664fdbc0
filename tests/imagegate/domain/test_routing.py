"""A project's policy of routing: how it changes, and what names stand for in it."""

from decimal import Decimal

import pytest

from imagegate.domain.filters import Filters
from imagegate.domain.routing import Alias, Routing, RoutingChange, Wanted, is_alias_name, resolve
from imagegate.domain.strategy import Strategy

DRAFT = Alias(models=("painter/oils", "cheapest"), filters=Filters(max_seconds=8))
ROUTING = Routing(
    filters=Filters(allow=("painter",), deny=("painter/wax",), max_price=Decimal("0.5")),
    aliases={"draft": DRAFT},
    default_model="draft",
    cost_weight=Decimal("0.8"),
)


@pytest.mark.parametrize("name", ["draft", "gpt-image-2", "Q4.final_2", "a" * 64])
def test_a_name_without_a_slash_can_be_an_alias(name: str) -> None:
    assert is_alias_name(name)


@pytest.mark.parametrize("name", ["", "painter/oils", "a,b", "a b", "-a", "a" * 65, "auto", "cheapest", "default"])
def test_what_could_be_a_model_or_means_something_already_cannot(name: str) -> None:
    assert not is_alias_name(name)


def test_a_name_that_is_no_alias_stands_for_itself() -> None:
    assert resolve("painter/oils", ROUTING) == (Wanted(name="painter/oils"),)
    assert Wanted(name="painter/oils").strategy is None
    assert Wanted(name="fastest").strategy is Strategy.FASTEST


def test_an_alias_stands_for_its_models_and_brings_its_filters() -> None:
    source = "the alias 'draft'"

    assert resolve("draft,auto", ROUTING) == (
        Wanted(name="painter/oils", filters=DRAFT.filters, source=source),
        Wanted(name="cheapest", filters=DRAFT.filters, source=source),
        Wanted(name="auto"),
    )


def test_no_model_is_the_projects_default_or_auto() -> None:
    assert resolve("default", ROUTING) == resolve("draft", ROUTING)
    assert resolve("default", Routing()) == (Wanted(name="auto"),)
    assert resolve("default", Routing(default_model="painter/oils")) == (
        Wanted(name="painter/oils", source="the project's default"),
    )


def test_an_empty_change_changes_nothing() -> None:
    assert RoutingChange().applied_to(ROUTING) == ROUTING


def test_a_change_leaves_what_it_does_not_name() -> None:
    change = RoutingChange(deny=(), max_price=Decimal(1), aliases={"quick": Alias(models=("fastest",))})

    changed = change.applied_to(ROUTING)

    assert changed == Routing(
        filters=Filters(allow=("painter",), max_price=Decimal(1)),
        aliases={"draft": DRAFT, "quick": Alias(models=("fastest",))},
        default_model="draft",
        cost_weight=Decimal("0.8"),
    )


def test_a_change_takes_away_aliases_and_the_default() -> None:
    changed = RoutingChange(aliases={"draft": None}, default_model="").applied_to(ROUTING)

    assert (changed.aliases, changed.default_model) == ({}, None)


def test_a_reset_begins_anew() -> None:
    assert RoutingChange(is_reset=True).applied_to(ROUTING) == Routing()
    assert RoutingChange(is_reset=True, deny=("painter",)).applied_to(ROUTING) == Routing(
        filters=Filters(deny=("painter",))
    )
