"""Screening one model: what it would cost and take, and the first thing that speaks against it."""

from decimal import Decimal
from typing import Any

import pytest

from imagegate.domain.card import ModelCard
from imagegate.domain.conditions import Latency
from imagegate.domain.filters import Filters
from imagegate.domain.money import Money
from imagegate.domain.request import Operation
from imagegate.domain.screening import Limit, Screen, Screened, Stage
from tests.builders import NOW, a_card, a_price, a_request, dollars

DEAR = Filters(max_price=Decimal("0.039"))


def _screened(card: ModelCard | None = None, filters: Filters | None = None, **wishes: Any) -> Screened:
    request = a_request(filters=filters or Filters(), **wishes)
    limits = (Limit(filters=request.filters),)
    return Screen(request=request, today=NOW.date(), limits=limits)(card or a_card(), 3)


def _complaint(card: ModelCard | None = None, filters: Filters | None = None, **wishes: Any) -> str | None:
    _, objection = _screened(card, filters, **wishes)
    return objection.reason.split(";")[0] if objection else None


def test_a_model_is_told_with_its_place_cost_and_time() -> None:
    option, _ = _screened(a_card(typical_seconds=7.0), count=2)

    assert (option.place, option.cost, option.seconds) == (3, dollars("0.08"), 7.0)


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        (Filters(allow=("painter",)), None),
        (Filters(allow=("sketcher", "painter/oils")), None),
        (Filters(allow=("sketcher", "painter/inks")), "painter/oils is not on the list"),
        (Filters(deny=("painter",)), "painter/oils is excluded"),
        (Filters(allow=("painter",), deny=("painter/oils",)), "painter/oils is excluded"),
        (Filters(deny=("painter/inks",)), None),
        (Filters(max_price=Decimal("0.04")), None),
        (DEAR, "painter/oils would cost 0.04 USD, over 0.039"),
        (Filters(max_seconds=10), None),
        (Filters(max_seconds=9.5), "painter/oils takes 10 seconds, over 9.5"),
        (Filters(needs_seed=True), None),
    ],
)
def test_filters_let_through_what_keeps_to_them(filters: Filters, complaint: str | None) -> None:
    assert _complaint(None, filters) == complaint


def test_a_model_without_seeds_can_be_filtered_out_though_the_request_has_none() -> None:
    assert _complaint(a_card(has_seed=False), Filters(needs_seed=True)) == "painter/oils takes no seed"


def test_what_cannot_do_it_is_told_before_any_filter() -> None:
    _, objection = _screened(a_card(operations=frozenset({Operation.EDIT})), DEAR)

    assert objection is not None
    assert objection.stage is Stage.UNABLE
    assert "does not support the operation" in objection.reason


@pytest.mark.parametrize(
    "card",
    [
        a_card(prices=(a_price("0", estimate=True),)),
        a_card(prices=(a_price("0.01", currency="EUR"),)),
    ],
)
def test_a_price_that_is_not_known_in_dollars_is_under_no_limit(card: ModelCard) -> None:
    assert _complaint(card) is None
    assert _complaint(card, Filters(max_price=Decimal(100))) == "the price of painter/oils in US dollars is not known"


def test_a_price_that_was_agreed_upon_elsewhere_is_not_taken_for_nothing() -> None:
    agreed, _ = _screened(a_card(prices=(a_price("0", estimate=True),)))
    free, _ = _screened(a_card(prices=(a_price("0"),)))

    assert agreed.cost is None
    assert free.cost == Money(amount=Decimal(0))


def test_a_model_without_any_price_for_this_is_no_target() -> None:
    card = a_card(prices=(a_price(operations=frozenset({Operation.EDIT})),))

    assert "no price of painter/oils for this" in (_complaint(card) or "")


def test_the_slow_end_of_what_was_observed_decides_whether_it_is_in_time() -> None:
    latencies = {"painter/oils": Latency(p50=2.0, p95=12.0)}
    limits = (Limit(filters=Filters(max_seconds=11)),)

    option, objection = Screen(request=a_request(), today=NOW.date(), limits=limits, latencies=latencies)(a_card(), 0)

    assert option.seconds == 2.0
    assert objection is not None
    assert "takes 12 seconds, over 11" in objection.reason


def test_the_first_limit_that_is_met_is_told() -> None:
    limits = (Limit(filters=Filters(deny=("painter",)), source="the project's policy"), Limit(filters=DEAR))

    _, objection = Screen(request=a_request(), today=NOW.date(), limits=limits)(a_card(), 0)

    assert objection is not None
    assert objection.reason == "painter/oils is excluded; the project's policy does not allow that."
    assert objection.error.message.endswith("Ask for another model.")
