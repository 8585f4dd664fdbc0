"""Plans and candidates told as JSON."""

from imagegate.api.candidates import CandidateAnswer, tell_candidate
from imagegate.api.routes import tell_plan
from imagegate.domain.planning import Offer, explain_route
from imagegate.domain.request import Size
from imagegate.domain.route import Candidate
from tests.builders import NOW, a_card, a_price, a_request

CARDS = (a_card(is_pinned=True, prices=(a_price("0.00000012"),)), a_card(name="inks", prices=(a_price("0.5"),)))
OFFER = Offer(cards=CARDS, today=NOW.date())


def test_a_plan_is_told_in_its_order_with_its_costs_as_text() -> None:
    request = a_request(model="cheapest", has_fallback=False)

    told = tell_plan(request, explain_route(request, OFFER))

    assert (told.object, told.requested_model, told.error) == ("route", "cheapest", None)
    assert [one.model_dump() for one in told.candidates] == [
        {
            "model": "painter/oils",
            "model_version": "oils-2026-10",
            "taken": True,
            "reason": "can do what was asked, cheapest first",
            "estimated_cost": "0.00000012",
            "currency": "USD",
            "expected_seconds": 10.0,
            "position": 1,
        },
        {
            "model": "painter/inks",
            "model_version": None,
            "taken": False,
            "reason": "could do what was asked, and is not tried as `fallback` is false",
            "estimated_cost": "0.5",
            "currency": "USD",
            "expected_seconds": 10.0,
            "position": None,
        },
    ]


def test_a_plan_without_targets_is_told_with_the_error_that_the_request_would_end_in() -> None:
    request = a_request(size=Size(1, 1))

    told = tell_plan(request, explain_route(request, OFFER))

    assert told.error is not None
    assert (told.error.code, told.error.param, told.error.type) == ("invalid_size", "size", "invalid_request_error")
    assert [one.position for one in told.candidates] == [None]


def test_a_candidate_of_which_nothing_is_known_is_told_without_cost_and_time() -> None:
    assert tell_candidate(Candidate(model="painter/wax", taken=False, reason="gone")) == CandidateAnswer(
        model="painter/wax", taken=False, reason="gone"
    )
