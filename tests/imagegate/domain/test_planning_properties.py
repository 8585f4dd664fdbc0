"""What is true of every plan, whatever the request, the cards, the policy and the state of the world."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.bill import estimate
from imagegate.domain.card import Lifecycle, ModelCard
from imagegate.domain.conditions import Latency, Unhealthy
from imagegate.domain.filters import Filters
from imagegate.domain.fit import fit
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.planning import Offer, explain_route
from imagegate.domain.request import GenerationRequest, Operation, Size
from imagegate.domain.routing import Alias, Routing
from imagegate.domain.strategy import Strategy
from tests.builders import NOW, a_card, a_price, a_request

TODAY = NOW.date()
PROVIDERS = ("painter", "sketcher")
MODELS = tuple(f"{provider}/{name}" for provider in PROVIDERS for name in ("a", "b", "c"))
STRATEGIES = tuple(one.value for one in Strategy)
GONE = Lifecycle(released_on=TODAY, shutdown_on=TODAY)

prices = st.sampled_from(["0", "0.01", "0.02", "0.05", "1"])
names = st.sampled_from([*MODELS, *STRATEGIES, "draft", "default", "painter/unknown"])
filters = st.builds(
    Filters,
    allow=st.sampled_from([(), (), ("painter",), ("painter/a", "sketcher")]),
    deny=st.sampled_from([(), (), ("sketcher",), ("painter/b",)]),
    max_price=st.none() | st.sampled_from([Decimal("0.02"), Decimal("0.2")]),
    max_seconds=st.none() | st.sampled_from([2.0, 10.0]),
    needs_seed=st.booleans(),
)
routings = st.builds(
    Routing,
    filters=filters,
    aliases=st.builds(
        lambda models, within: {"draft": Alias(models=tuple(models), filters=within)},
        st.lists(st.sampled_from([*MODELS, *STRATEGIES]), min_size=1, max_size=3),
        filters,
    ),
    default_model=st.none() | st.sampled_from(["draft", "painter/a", "cheapest"]),
    cost_weight=st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)]),
)
requests = st.builds(
    a_request,
    model=st.lists(names, min_size=1, max_size=4).map(",".join),
    count=st.integers(1, 4),
    size=st.none() | st.sampled_from([Size(512, 512), Size(1024, 1024), Size(64, 64)]),
    seed=st.none() | st.just(1),
    operation=st.sampled_from([Operation.GENERATE, Operation.GENERATE, Operation.UPSCALE]),
    filters=filters,
    has_fallback=st.booleans(),
)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Draw cards that differ in what a plan looks at, a policy, and how targets fare."""
    cards = tuple(_card(draw, model) for model in draw(st.lists(st.sampled_from(MODELS), unique=True)))
    latencies = st.builds(Latency, p50=st.sampled_from([1.0, 5.0]), p95=st.sampled_from([5.0, 30.0]))
    return Offer(
        cards=cards,
        today=TODAY,
        routing=draw(routings),
        latencies=draw(st.dictionaries(st.sampled_from(MODELS), latencies, max_size=2)),
        unhealthy=draw(st.dictionaries(st.sampled_from(MODELS), st.just(Unhealthy(reason="busy")), max_size=2)),
    )


def _card(draw: st.DrawFn, model: str) -> ModelCard:
    provider, _, name = model.partition("/")
    facts: dict[str, Any] = {
        "prices": (a_price(draw(prices), estimate=draw(st.booleans())),),
        "typical_seconds": draw(st.sampled_from([1.0, 5.0, 20.0])),
        "has_seed": draw(st.booleans()),
        "max_count": draw(st.integers(1, 4)),
        "is_demo": draw(st.booleans()),
    }
    if draw(st.integers(0, 9)) == 0:
        facts["lifecycle"] = GONE
    return a_card(provider=provider, name=name, operations=frozenset({Operation.GENERATE}), **facts)


def _is_within(within: Filters, card: ModelCard, cost: Decimal | None, slow_seconds: float) -> bool:
    listed = not within.allow or card.provider in within.allow or card.id in within.allow
    return (
        listed
        and not {card.provider, card.id} & set(within.deny)
        and (within.max_price is None or (cost is not None and cost <= within.max_price))
        and (within.max_seconds is None or slow_seconds <= within.max_seconds)
        and (card.has_seed or not within.needs_seed)
    )


@given(request=requests, offer=offers())
def test_a_target_can_do_it_and_is_within_every_limit(request: GenerationRequest, offer: Offer) -> None:
    cards = {card.id: card for card in offer.cards}

    for target in explain_route(request, offer).route.targets:
        card = cards[target.model]
        check_lifecycle(card, TODAY)
        fit(request, card)
        cost = estimate(request, card, request.count)
        amount = None if cost.is_estimate and not cost.money.amount else cost.money.amount
        latency = offer.latencies.get(card.id)
        seconds = latency.p95 if latency else card.typical_seconds
        assert card.id not in offer.unhealthy
        for within in (request.filters, offer.routing.filters):
            assert _is_within(within, card, amount, seconds)


@given(request=requests, offer=offers())
def test_every_model_stands_in_a_plan_once_with_a_reason_and_only_targets_are_taken(
    request: GenerationRequest, offer: Offer
) -> None:
    plan = explain_route(request, offer)

    candidates = plan.route.candidates
    assert len({one.model for one in candidates}) == len(candidates)
    assert all(one.reason for one in candidates)
    assert [one.model for one in candidates if one.taken] == [one.model for one in plan.route.targets]
    assert [one.taken for one in candidates] == sorted((one.taken for one in candidates), reverse=True)
    assert (plan.error is None) == bool(plan.route.targets)
    assert len(plan.route.targets) <= (len(offer.cards) if request.has_fallback else 1)


@given(request=requests, offer=offers())
def test_the_same_facts_make_the_same_plan(request: GenerationRequest, offer: Offer) -> None:
    assert explain_route(request, offer).route == explain_route(request, offer).route


@given(
    request=requests.map(lambda one: replace(one, has_fallback=True)),
    offer=offers(),
    strategy=st.sampled_from([Strategy.CHEAPEST, Strategy.FASTEST]),
    data=st.data(),
)
def test_another_order_of_the_catalog_changes_ties_alone(
    request: GenerationRequest, offer: Offer, strategy: Strategy, data: st.DataObject
) -> None:
    request = replace(request, model=strategy.value)
    shuffled = replace(offer, cards=tuple(data.draw(st.permutations(offer.cards))))
    demos = {card.id for card in offer.cards if card.is_demo}

    def figures(one: Offer) -> list[object]:
        taken = [candidate for candidate in explain_route(request, one).route.candidates if candidate.taken]
        by_cost = strategy is Strategy.CHEAPEST
        return [(one.model in demos, one.cost if by_cost else one.seconds) for one in taken]

    assert figures(shuffled) == figures(offer)
