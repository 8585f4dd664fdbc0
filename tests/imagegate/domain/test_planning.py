"""Planning a route among cards: who is taken in which order, and what is said of those who are not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from imagegate.domain.card import Lifecycle
from imagegate.domain.conditions import Latency, Unhealthy
from imagegate.domain.errors import (
    InvalidCountError,
    InvalidSizeError,
    ModelNotAllowedError,
    ModelNotFoundError,
    ModelRetiredError,
    NoTargetError,
    ProviderNotConfiguredError,
    ProviderUnavailableError,
)
from imagegate.domain.filters import Filters
from imagegate.domain.money import PriceUnit
from imagegate.domain.planning import MAX_REASON_CHARACTERS, Offer, Plan, explain_route, plan_route
from imagegate.domain.request import Size
from imagegate.domain.route import Candidate, Route
from imagegate.domain.routing import Alias, Routing
from tests.builders import NOW, a_card, a_price, a_request, a_target, dollars

TODAY = NOW.date()
OILS = a_card(typical_seconds=20.0, is_pinned=True)
INKS = a_card(name="inks", max_count=1, prices=(a_price("0.01"),), typical_seconds=30.0)
CHALK = a_card(provider="sketcher", name="chalk", prices=(a_price("0.02"),), typical_seconds=5.0)
GONE = a_card(name="wax", lifecycle=Lifecycle(released_on=TODAY, shutdown_on=TODAY, replacement="painter/oils"))
ALL = (OILS, INKS, CHALK)


def _offer(**changes: Any) -> Offer:
    return replace(Offer(cards=ALL, today=TODAY), **changes)


def _within(aliases: dict[str, Alias] | None = None, **changes: Any) -> Offer:
    return _offer(routing=Routing(aliases=aliases or {}, **changes))


def _route(model: str, offer: Offer | None = None, **wishes: Any) -> Route:
    return plan_route(a_request(model=model, **wishes), offer or _offer())


def _explained(model: str, offer: Offer | None = None, **wishes: Any) -> Plan:
    return explain_route(a_request(model=model, **wishes), offer or _offer())


def _models(route: Route) -> list[str]:
    assert [one.model for one in route.candidates if one.taken] == [one.model for one in route.targets]
    return [one.model for one in route.targets]


def _reasons(route: Route) -> dict[str, str]:
    return {one.model: one.reason for one in route.candidates}


def test_a_named_model_is_the_only_target_and_its_pinned_version_is_told() -> None:
    route = _route("painter/oils")

    assert route.targets == (a_target(OILS),)
    assert route.candidates == (
        Candidate(
            model="painter/oils",
            taken=True,
            reason="named in the request",
            model_version="oils-2026-10",
            cost=dollars("0.04"),
            seconds=20.0,
        ),
    )


def test_a_model_without_a_pinned_version_tells_none() -> None:
    (candidate,) = _route("painter/inks").candidates

    assert candidate.model_version is None


def test_a_named_model_that_cannot_do_it_says_why() -> None:
    with pytest.raises(InvalidCountError, match="painter/inks") as refused:
        _route("painter/inks", count=2)

    assert "were considered" not in refused.value.message


def test_a_model_that_nobody_offers_is_not_found() -> None:
    with pytest.raises(ModelNotFoundError, match="painter/wax") as missing:
        _route("painter/wax")

    assert missing.value.param == "model"


def test_a_model_that_is_gone_is_refused_by_name_and_its_replacement_told() -> None:
    with pytest.raises(ModelRetiredError, match="Use painter/oils"):
        _route("painter/wax", _offer(cards=(GONE,)))


@pytest.mark.parametrize("model", ["auto", "default"])
def test_auto_takes_every_model_that_can_do_it_in_the_order_of_the_catalog(model: str) -> None:
    route = _route(model)

    assert _models(route) == ["painter/oils", "painter/inks", "sketcher/chalk"]
    assert set(_reasons(route).values()) == {"can do what was asked"}


def test_who_cannot_do_it_comes_after_those_who_can_with_the_reason() -> None:
    route = _route("auto", count=3)

    assert [(one.model, one.taken) for one in route.candidates] == [
        ("painter/oils", True),
        ("sketcher/chalk", True),
        ("painter/inks", False),
    ]
    assert "at most 1 images" in route.candidates[2].reason


def test_who_is_gone_is_skipped() -> None:
    route = _route("auto", _offer(cards=(GONE, OILS)))

    assert _models(route) == ["painter/oils"]
    assert "was shut down" in _reasons(route)["painter/wax"]


def test_where_nobody_can_do_it_the_first_reason_is_told_and_how_to_read_the_others() -> None:
    with pytest.raises(InvalidSizeError, match=r"painter/oils.* 3 models were considered.*routes/explain") as refused:
        _route("auto", size=Size(1, 1))

    assert refused.value.param == "size"


def test_without_any_provider_nothing_is_found() -> None:
    with pytest.raises(ModelNotFoundError):
        _route("auto", _offer(cards=()))


@pytest.mark.parametrize(
    ("strategy", "first", "words"),
    [
        ("cheapest", ["painter/inks", "sketcher/chalk", "painter/oils"], "cheapest first"),
        ("fastest", ["sketcher/chalk", "painter/oils", "painter/inks"], "fastest first"),
        ("balanced", ["sketcher/chalk", "painter/inks", "painter/oils"], "best balance of cost and time first"),
    ],
)
def test_a_strategy_orders_those_who_can_do_it(strategy: str, first: list[str], words: str) -> None:
    route = _route(strategy)

    assert _models(route) == first
    assert set(_reasons(route).values()) == {f"can do what was asked, {words}"}


def test_the_price_is_that_of_the_very_request() -> None:
    by_size = a_card(name="murals", prices=(a_price("0.01", unit=PriceUnit.MEGAPIXEL),))
    offer = _offer(cards=(OILS, by_size))

    small, large = (_route("cheapest", offer, size=size) for size in (Size(256, 256), Size(2048, 2048)))

    assert _models(small)[0] == "painter/murals"
    assert _models(large)[0] == "painter/oils"
    assert large.candidates[1].cost == dollars("0.04194304")


def test_what_was_observed_counts_more_than_the_card() -> None:
    offer = _offer(latencies={"painter/inks": Latency(p50=1.0, p95=90.0)})

    assert _models(_route("fastest", offer))[0] == "painter/inks"
    assert _route("painter/inks", offer).candidates[0].seconds == 1.0
    assert _models(_route("auto", offer, filters=Filters(max_seconds=20))) == ["painter/oils", "sketcher/chalk"]


def test_a_projects_weight_decides_what_balanced_means() -> None:
    assert _models(_route("balanced", _within(cost_weight=Decimal(1))))[0] == "painter/inks"
    assert _models(_route("balanced", _within(cost_weight=Decimal(0))))[:2] == ["sketcher/chalk", "painter/oils"]


def test_a_list_is_tried_in_its_own_order_each_model_once() -> None:
    route = _route("sketcher/chalk,painter/inks,sketcher/chalk,cheapest")

    assert _models(route) == ["sketcher/chalk", "painter/inks", "painter/oils"]
    assert list(_reasons(route).values()) == [
        "named in the request",
        "named in the request",
        "can do what was asked, cheapest first",
    ]


def test_an_unknown_name_in_a_list_is_skipped_and_told() -> None:
    route = _route("painter/wax,painter/oils")

    assert _models(route) == ["painter/oils"]
    assert route.candidates[1] == Candidate(
        model="painter/wax", taken=False, reason=_reasons(route)["painter/wax"], cost=None, seconds=None
    )
    assert "No configured provider offers" in route.candidates[1].reason


def test_why_a_name_is_missing_can_be_told_from_elsewhere() -> None:
    offer = _offer(why_missing=lambda model: ProviderNotConfiguredError(f"Set {model} up."))

    with pytest.raises(ProviderNotConfiguredError, match="Set painter/wax up"):
        _route("painter/wax", offer)


def test_an_alias_stands_for_its_models_within_its_filters() -> None:
    aliases = {"draft": Alias(models=("painter/oils", "cheapest"), filters=Filters(max_price=Decimal("0.02")))}

    route = _route("draft", _within(aliases))

    assert _models(route) == ["painter/inks", "sketcher/chalk"]
    assert _reasons(route) == {
        "painter/inks": "can do what was asked, cheapest first (the alias 'draft')",
        "sketcher/chalk": "can do what was asked, cheapest first (the alias 'draft')",
        "painter/oils": "painter/oils would cost 0.04 USD, over 0.02; the alias 'draft' does not allow that.",
    }


def test_what_an_alias_keeps_out_another_name_may_ask_for() -> None:
    aliases = {"draft": Alias(models=("auto",), filters=Filters(max_price=Decimal("0.01")))}

    route = _route("draft,painter/oils", _within(aliases))

    assert _models(route) == ["painter/inks", "painter/oils"]
    assert _reasons(route)["painter/oils"] == "named in the request"


def test_a_request_without_a_model_asks_for_its_projects_default() -> None:
    aliases = {"draft": Alias(models=("painter/inks",))}

    by_id = _route("default", _within(default_model="sketcher/chalk"))
    by_alias = _route("default", _within(aliases, default_model="draft,painter/oils"))

    assert _models(by_id) == ["sketcher/chalk"]
    assert _reasons(by_id)["sketcher/chalk"] == "named by the project's default"
    assert _reasons(by_alias) == {
        "painter/inks": "named by the alias 'draft'",
        "painter/oils": "named by the project's default",
    }


def test_a_projects_policy_keeps_models_out_of_every_route() -> None:
    offer = _within(filters=Filters(allow=("painter",), deny=("painter/inks",)))

    assert _models(_route("auto", offer)) == ["painter/oils"]
    for model in ("painter/inks", "sketcher/chalk"):
        with pytest.raises(ModelNotAllowedError, match="the project's policy does not allow that") as refused:
            _route(model, offer)
        assert refused.value.http_status == 403


def test_a_request_may_ask_for_less_than_its_project_allows_and_not_for_more() -> None:
    offer = _within(filters=Filters(max_price=Decimal("0.03")))

    assert _models(_route("auto", offer, filters=Filters(max_price=Decimal("0.015")))) == ["painter/inks"]
    assert _models(_route("auto", offer, filters=Filters(max_price=Decimal(1)))) == ["painter/inks", "sketcher/chalk"]


def test_where_a_request_allows_nobody_it_says_which_limit_was_met() -> None:
    with pytest.raises(NoTargetError, match=r"would cost 0.04 USD, over 0.001; `route` does not allow that") as refused:
        _route("auto", filters=Filters(max_price=Decimal("0.001")))

    assert (refused.value.code, refused.value.http_status, refused.value.param) == ("no_target", 400, "route")


def test_the_error_is_of_the_model_that_came_furthest() -> None:
    offer = _offer(cards=(GONE, INKS, OILS))

    with pytest.raises(NoTargetError, match="painter/oils"):
        _route("auto", offer, count=2, filters=Filters(max_price=Decimal("0.001")))


def test_without_fallback_the_first_target_is_the_only_one() -> None:
    route = _route("auto", has_fallback=False)

    assert _models(route) == ["painter/oils"]
    assert [(one.model, one.taken) for one in route.candidates[1:]] == [
        ("painter/inks", False),
        ("sketcher/chalk", False),
    ]
    assert "`fallback` is false" in route.candidates[1].reason


def test_an_unhealthy_target_is_skipped_while_others_are_healthy() -> None:
    offer = _offer(unhealthy={"painter/oils": Unhealthy(reason="five failures in a row")})

    route = _route("auto", offer)

    assert _models(route) == ["painter/inks", "sketcher/chalk"]
    assert _reasons(route)["painter/oils"] == "left alone just now: five failures in a row"


def test_where_all_are_unhealthy_a_caller_is_told_when_to_come_back() -> None:
    offer = _offer(unhealthy={"painter/oils": Unhealthy(reason="five failures in a row", retry_after_seconds=30)})

    with pytest.raises(ProviderUnavailableError, match="five failures in a row") as refused:
        _route("painter/oils", offer)
    with pytest.raises(ProviderUnavailableError, match="2 models were considered") as refused_again:
        _route("painter/oils,painter/wax", offer)

    assert refused.value.retry_after_seconds == refused_again.value.retry_after_seconds == 30


def test_an_explanation_tells_of_each_model_why_it_cannot() -> None:
    plan = _explained("auto", _offer(cards=(GONE, INKS, OILS)), size=Size(1, 1))

    assert plan.route.targets == ()
    assert [one.model for one in plan.route.candidates] == ["painter/wax", "painter/inks", "painter/oils"]
    assert isinstance(plan.error, InvalidSizeError)


def test_an_explanation_of_a_good_request_has_no_error() -> None:
    plan = _explained("auto")

    assert plan.error is None
    assert plan.route == _route("auto")


def test_a_reason_is_never_longer_than_a_few_lines() -> None:
    sizes = replace(OILS.sizes, allowed=tuple(Size(64, 64 + side) for side in range(100)))

    (candidate,) = _explained(
        "painter/oils", _offer(cards=(replace(OILS, sizes=sizes),)), size=Size(1, 1)
    ).route.candidates

    assert len(candidate.reason) == MAX_REASON_CHARACTERS
    assert candidate.reason.endswith("…")
