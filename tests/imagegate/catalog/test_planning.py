"""Routes over the whole catalog: what each kind of request may go to, and in which order."""

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from imagegate.catalog import TomlCatalog, all_provider_ids
from imagegate.domain.bill import estimate
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import InvalidRequestError, ModelRetiredError
from imagegate.domain.filters import Filters
from imagegate.domain.fit import fit
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.planning import Offer, Plan, explain_route
from imagegate.domain.request import Background, GenerationRequest, InputImage, Operation, OutputFormat, Size
from imagegate.domain.strategy import Strategy

ROOT = Path(__file__).parents[3]
CARDS = TomlCatalog(all_provider_ids()).cards()
# A day on which some models of the catalog are gone and others are about to go.
TODAY = date(2026, 11, 22)
OFFER = Offer(cards=CARDS, today=TODAY)
INPUT = InputImage(key="inputs/one.png", media_type="image/png", width=1024, height=1024, sha256="0")
SQUARE = Size(1024, 1024)
REQUESTS: dict[str, dict[str, Any]] = {
    "any picture": {},
    "square": {"size": SQUARE},
    "odd": {"size": Size(1000, 1000)},
    "wide": {"aspect_ratio": "16:9"},
    "seeded": {"seed": 7},
    "without": {"negative_prompt": "text"},
    "four": {"count": 4},
    "transparent": {"background": Background.TRANSPARENT},
    "jpeg": {"output_format": OutputFormat.JPEG},
    "steps": {"steps": 20, "guidance": 3.5},
    "edit": {"operation": Operation.EDIT, "input_images": (INPUT,)},
    "mask": {"operation": Operation.EDIT, "input_images": (INPUT,), "mask": INPUT, "size": SQUARE},
    "references": {"operation": Operation.EDIT, "input_images": (INPUT,) * 4},
    "strength": {"operation": Operation.EDIT, "input_images": (INPUT,), "strength": 0.5},
    "upscale": {"operation": Operation.UPSCALE, "input_images": (INPUT,)},
    "cutout": {"operation": Operation.REMOVE_BACKGROUND, "input_images": (INPUT,)},
    "variation": {"operation": Operation.VARIATION, "input_images": (INPUT,)},
}


def _request(name: str, model: str = "auto", **changes: Any) -> GenerationRequest:
    prompt = "a red circle on a blue square"
    return GenerationRequest(model=model, prompt=prompt, **REQUESTS[name], **changes)


def _plan(name: str, model: str = "auto", **changes: Any) -> Plan:
    return explain_route(_request(name, model, **changes), OFFER)


def _is_able(request: GenerationRequest, card: ModelCard) -> bool:
    try:
        check_lifecycle(card, TODAY)
        fit(request, card)
    except (InvalidRequestError, ModelRetiredError):
        return False
    return True


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("name", REQUESTS)
def test_a_route_holds_exactly_the_models_that_can_do_it(name: str, strategy: Strategy) -> None:
    route = _plan(name, strategy.value).route

    able = {card.id for card in CARDS if _is_able(_request(name), card)}
    assert {one.model for one in route.targets} == able
    assert able, "no model of the catalog can do this, so the row shows nothing"
    assert {one.model for one in route.candidates} == {card.id for card in CARDS}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_cheapest_are_in_the_order_of_what_the_request_would_cost(name: str) -> None:
    request, cards = _request(name), {card.id: card for card in CARDS}

    taken = [one for one in _plan(name, "cheapest").route.candidates if one.taken and not cards[one.model].is_demo]

    known = [one.cost.amount for one in taken if one.cost is not None]
    assert known == sorted(known)
    assert all(one.cost is None for one in taken[len(known) :])
    for one in taken[: len(known)]:
        assert one.cost == estimate(request, cards[one.model], request.count).money


@pytest.mark.parametrize("name", REQUESTS)
def test_the_fastest_are_in_the_order_of_what_their_cards_say(name: str) -> None:
    cards = {card.id: card for card in CARDS if not card.is_demo}

    seconds = [cards[one.model].typical_seconds for one in _plan(name, "fastest").route.targets if one.model in cards]

    assert seconds == sorted(seconds)


@pytest.mark.parametrize("max_price", ["0.001", "0.02", "0.05"])
@pytest.mark.parametrize("name", REQUESTS)
def test_no_target_is_over_the_price(name: str, max_price: str) -> None:
    request = _request(name, filters=Filters(max_price=Decimal(max_price)))
    cards = {card.id: card for card in CARDS}

    for target in explain_route(request, OFFER).route.targets:
        cost = estimate(request, cards[target.model], request.count)
        assert cost.money.amount <= Decimal(max_price)
        assert cost.money.amount or not cost.is_estimate


def test_the_request_of_a_team_goes_to_the_vendors_that_it_has_approved() -> None:
    wanted = Filters(allow=("openai", "stability", "azure"), max_price=Decimal("0.05"), max_seconds=40)

    route = _plan("mask", "cheapest", filters=wanted).route

    assert route.targets
    assert {one.provider for one in route.targets} <= {"openai", "stability", "azure"}


def test_the_demo_model_is_nobodys_choice_while_another_can_do_it() -> None:
    for strategy in Strategy:
        assert _plan("any picture", strategy.value).route.targets[-1].model == "embedded/scenes"


def test_a_pinned_model_is_routed_to_its_version() -> None:
    (target,) = _plan("any picture", "openai/gpt-image-2").route.targets
    (candidate,) = _plan("any picture", "openai/gpt-image-2").route.candidates

    assert target.model_version == candidate.model_version == "gpt-image-2-2026-04-21"


def test_every_price_is_in_one_currency_so_that_costs_can_be_compared() -> None:
    assert {price.currency for card in CARDS for price in card.prices} == {"USD"}


def test_planning_loads_no_adapter() -> None:
    program = (
        "import sys, imagegate.catalog, imagegate.domain.planning, imagegate.app.explain_route\n"
        "print([name for name in sys.modules if name.startswith('imagegate.providers.')])"
    )

    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
