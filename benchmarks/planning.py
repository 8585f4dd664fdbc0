"""The CPU that planning a route takes over the whole catalog, as if every provider there is were configured."""

import time
from collections.abc import Callable
from datetime import date
from typing import Final

from benchmarks.figures import median
from imagegate.catalog import TomlCatalog, all_provider_ids
from imagegate.domain.card import ModelCard
from imagegate.domain.filters import Filters
from imagegate.domain.planning import Offer, plan_route
from imagegate.domain.request import GenerationRequest, Size
from imagegate.domain.routing import Routing
from imagegate.domain.strategy import Strategy

# A day of the catalog, so that as many models are gone in every run.
_TODAY: Final = date(2026, 11, 22)
_BATCHES: Final = 25
_PLANS: Final = 20


def models() -> int:
    """Return how many models there are to choose from."""
    return len(_cards())


def cpu_milliseconds(strategy: Strategy) -> float:
    """Return the CPU time of one plan by this strategy for a project with a policy."""
    request = GenerationRequest(
        model=strategy.value,
        prompt="a red circle on a blue square",
        size=Size(1024, 1024),
        filters=Filters(max_seconds=60),
    )
    offer = Offer(cards=_cards(), today=_TODAY, routing=Routing(filters=Filters(deny=("firefly",))))

    def plan() -> None:
        plan_route(request, offer)

    plan()
    return median(_batch(plan) for _ in range(_BATCHES))


def _cards() -> tuple[ModelCard, ...]:
    return TomlCatalog(all_provider_ids()).cards()


def _batch(plan: Callable[[], None]) -> float:
    began = time.process_time()
    for _ in range(_PLANS):
        plan()
    return (time.process_time() - began) * 1000 / _PLANS
