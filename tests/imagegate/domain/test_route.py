"""Planning a route among cards."""

import pytest

from imagegate.domain.card import Lifecycle
from imagegate.domain.errors import InvalidCountError, InvalidSizeError, ModelNotFoundError, ModelRetiredError
from imagegate.domain.planning import Offer, plan_route
from imagegate.domain.request import Size
from imagegate.domain.route import Candidate, skip
from tests.builders import NOW, a_card, a_request, a_target

OILS = a_card()
INKS = a_card(name="inks", max_count=1)
TODAY = NOW.date()
GONE = a_card(name="chalk", lifecycle=Lifecycle(released_on=TODAY, shutdown_on=TODAY, replacement="painter/oils"))


def test_a_named_model_is_the_only_target() -> None:
    route = plan_route(a_request(model="painter/inks"), Offer(cards=(OILS, INKS), today=TODAY))

    assert route.targets == (a_target(INKS),)
    assert route.candidates == (Candidate(model="painter/inks", taken=True, reason="named in the request"),)


def test_a_named_model_that_cannot_do_it_says_why() -> None:
    with pytest.raises(InvalidCountError, match="painter/inks"):
        plan_route(a_request(model="painter/inks", count=2), Offer(cards=(OILS, INKS), today=TODAY))


def test_a_model_that_nobody_offers_is_not_found() -> None:
    with pytest.raises(ModelNotFoundError, match="painter/chalk") as missing:
        plan_route(a_request(model="painter/chalk"), Offer(cards=(OILS, INKS), today=TODAY))

    assert missing.value.param == "model"


def test_auto_takes_every_model_that_can_do_it_in_order() -> None:
    route = plan_route(a_request(model="auto"), Offer(cards=(INKS, OILS), today=TODAY))

    assert [target.model for target in route.targets] == ["painter/inks", "painter/oils"]
    assert all(candidate.taken for candidate in route.candidates)


def test_auto_skips_what_cannot_do_it_and_keeps_the_reason() -> None:
    route = plan_route(a_request(model="auto", count=3), Offer(cards=(INKS, OILS), today=TODAY))

    assert [target.model for target in route.targets] == ["painter/oils"]
    assert [(one.model, one.taken) for one in route.candidates] == [("painter/inks", False), ("painter/oils", True)]
    assert "at most 1 images" in route.candidates[0].reason


def test_auto_that_nobody_can_do_tells_the_first_reason() -> None:
    with pytest.raises(InvalidSizeError, match="painter/inks"):
        plan_route(a_request(model="auto", size=Size(1, 1)), Offer(cards=(INKS, OILS), today=TODAY))


def test_auto_without_any_provider_is_not_found() -> None:
    with pytest.raises(ModelNotFoundError):
        plan_route(a_request(model="auto"), Offer(cards=(), today=TODAY))


def test_a_model_that_is_gone_is_refused_by_name_and_its_replacement_told() -> None:
    with pytest.raises(ModelRetiredError, match="Use painter/oils"):
        plan_route(a_request(model="painter/chalk"), Offer(cards=(GONE,), today=TODAY))


def test_auto_skips_what_is_gone() -> None:
    route = plan_route(a_request(model="auto"), Offer(cards=(GONE, OILS), today=TODAY))

    assert route.targets == (a_target(OILS),)
    assert "was shut down" in route.candidates[0].reason


def test_a_target_that_turns_out_unable_is_taken_out_and_its_reason_kept() -> None:
    route = skip(
        plan_route(a_request(model="auto"), Offer(cards=(INKS, OILS), today=TODAY)), a_target(INKS), "No such brush."
    )

    assert route.targets == (a_target(OILS),)
    assert route.candidates == (
        Candidate(model="painter/inks", taken=False, reason="No such brush."),
        Candidate(model="painter/oils", taken=True, reason="can do what was asked"),
    )
