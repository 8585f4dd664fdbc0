"""Choosing and explaining routes: what a plan follows from, and that an explanation does nothing."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from imagegate.app.choose_route import ChooseRoute
from imagegate.app.explain_route import ExplainRoute
from imagegate.domain.conditions import Latency, Unhealthy
from imagegate.domain.errors import (
    InvalidApiKeyError,
    InvalidValueError,
    ModelNotAllowedError,
    ProviderNotConfiguredError,
    ProviderUnavailableError,
)
from imagegate.domain.filters import Filters
from imagegate.domain.planning import Plan
from imagegate.domain.provider import ProviderCall
from imagegate.domain.request import GenerationRequest, Operation
from imagegate.domain.routing import Alias, Routing
from tests.builders import NOW, OTHER_PROJECT_ID, PRINCIPAL, a_card, a_price, a_project, a_request
from tests.fakes import FakeCatalog
from tests.imagegate.app.harness import Harness

INKS = a_card(name="inks", prices=(a_price("0.01"),), typical_seconds=20.0)
TWO = (a_card(), INKS)
CHALK = a_card(provider="sketcher", name="chalk")


def _nothing_happened(gateway: Harness) -> bool:
    return not (gateway.journal or gateway.jobs.jobs or gateway.jobs.claims or gateway.jobs.events)


def _explained(gateway: Harness, images: int = 0, *, has_mask: bool = False, **wishes: Any) -> Plan:
    explain = ExplainRoute(projects=gateway.projects, choose_route=gateway.choose_route, clock=gateway.clock)
    return explain(PRINCIPAL, a_request(**wishes), images, has_mask=has_mask)


def _models(plan: Plan) -> list[str]:
    return [one.model for one in plan.route.targets]


def test_a_job_goes_where_its_projects_policy_lets_it() -> None:
    routing = Routing(aliases={"draft": Alias(models=("cheapest",))}, filters=Filters(max_price=Decimal("0.02")))
    gateway = Harness(cards=TWO, project={"routing": routing})

    job = gateway(model="draft").job

    assert job.target.model == "painter/inks"
    with pytest.raises(ModelNotAllowedError):
        gateway(model="painter/oils")


def test_the_projects_default_is_what_a_request_without_a_model_gets() -> None:
    gateway = Harness(cards=TWO, project={"routing": Routing(default_model="painter/inks")})

    job = gateway(model="default").job

    assert (job.request.model, job.target.model) == ("default", "painter/inks")


def test_a_first_target_that_cannot_take_an_option_makes_room_for_the_next() -> None:
    def refuse_oils(call: ProviderCall) -> None:
        if call.card.name == "oils":
            raise InvalidValueError("No such brush.")

    gateway = Harness(cards=TWO, check=refuse_oils)

    job = gateway(model="auto").job

    assert job.target.model == "painter/inks"
    assert job.route is not None
    assert [(one.model, one.taken, one.reason) for one in job.route.candidates] == [
        ("painter/oils", False, "No such brush."),
        ("painter/inks", True, "can do what was asked"),
    ]


def test_where_every_target_refuses_an_option_nothing_happens() -> None:
    def refuse(call: ProviderCall) -> None:
        raise InvalidValueError(f"{call.card.id} has no such brush.")

    gateway = Harness(cards=TWO, check=refuse)

    with pytest.raises(InvalidValueError, match="painter/inks has no such brush"):
        gateway(model="auto")
    assert _nothing_happened(gateway)


def test_what_is_known_of_the_targets_just_now_is_asked_for_this_request() -> None:
    asked: list[GenerationRequest] = []

    def latencies(request: GenerationRequest) -> dict[str, Latency]:
        asked.append(request)
        return {"painter/inks": Latency(p50=1.0, p95=2.0)}

    choose = ChooseRoute(
        catalog=FakeCatalog((*TWO, CHALK)),
        latencies=latencies,
        health=lambda: {"painter/oils": Unhealthy(reason="down")},
    )
    request = a_request(model="fastest")

    route = choose(a_project(), request, NOW.date())

    assert [one.model for one in route.targets] == ["painter/inks", "sketcher/chalk"]
    assert asked == [request]
    with pytest.raises(ProviderUnavailableError, match="down"):
        choose(a_project(), a_request(), NOW.date())


def test_a_list_goes_past_a_provider_that_is_not_configured() -> None:
    gateway = Harness(cards=(a_card(),), others=(CHALK,))

    route = gateway(model="sketcher/chalk,painter/oils").job.route

    assert route is not None
    assert [one.model for one in route.targets] == ["painter/oils"]
    assert "Run `imagegate secrets set sketcher`" in route.candidates[1].reason


def test_an_explanation_is_the_plan_of_the_request_and_does_nothing() -> None:
    gateway = Harness(cards=TWO)

    plan = _explained(gateway, model="cheapest")

    assert _models(plan) == ["painter/inks", "painter/oils"]
    assert _nothing_happened(gateway)
    assert gateway.transport.sent == []
    assert plan.route == gateway(model="cheapest").job.route


def test_pictures_are_counted_and_never_read() -> None:
    gateway = Harness(cards=(a_card(has_mask=False), replace(INKS, max_input_images=1)))

    one = _explained(gateway, 1, model="auto", operation=Operation.EDIT)
    two = _explained(gateway, 2, model="auto", operation=Operation.EDIT)
    masked = _explained(gateway, 1, has_mask=True, model="auto", operation=Operation.EDIT)

    assert [_models(plan) for plan in (one, two, masked)] == [
        ["painter/oils", "painter/inks"],
        ["painter/oils"],
        ["painter/inks"],
    ]
    assert gateway.images.reads == []


def test_what_no_model_can_do_is_explained_and_not_refused() -> None:
    plan = _explained(Harness(others=(CHALK,)), model="sketcher/chalk")

    assert _models(plan) == []
    assert isinstance(plan.error, ProviderNotConfiguredError)


def test_a_key_whose_project_is_gone_gets_no_explanation() -> None:
    gateway = Harness()
    gateway.projects.projects = {OTHER_PROJECT_ID: a_project(id=OTHER_PROJECT_ID)}

    with pytest.raises(InvalidApiKeyError):
        _explained(gateway)
