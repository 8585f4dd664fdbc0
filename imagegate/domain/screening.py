"""Screening: what one model would cost and take for a request, and the first thing that speaks against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

from imagegate.domain.bill import estimate
from imagegate.domain.card import ModelCard
from imagegate.domain.conditions import Latency
from imagegate.domain.errors import (
    ImagegateError,
    InvalidRequestError,
    ModelNotAllowedError,
    ModelRetiredError,
    NoTargetError,
)
from imagegate.domain.filters import Filters
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.money import Money
from imagegate.domain.request import GenerationRequest
from imagegate.domain.strategy import Option

_DOLLARS = "USD"


class Stage(IntEnum):
    """How far a model came before something spoke against it: the further, the more a caller can learn from it."""

    MISSING = 0
    GONE = 1
    UNABLE = 2
    FILTERED = 3
    UNHEALTHY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a model is no target: in short, and as the error to tell where no other is one either."""

    stage: Stage
    reason: str
    error: ImagegateError


def objection_of(stage: Stage, error: ImagegateError) -> Objection:
    """Return an objection whose reason is all that its error says."""
    # Its traceback would keep every frame of the plan, and slow the collector down.
    return Objection(stage=stage, reason=error.message, error=error.with_traceback(None))


Screened = tuple[Option, Objection | None]
"""A model as an option for a request, with the first thing that speaks against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Filters, and who set them; without a source it is the request's own `route`."""

    filters: Filters
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Looks at models for one request, within limits that are told in their order."""

    request: GenerationRequest
    today: date
    limits: tuple[Limit, ...] = ()
    latencies: Mapping[str, Latency] = field(default_factory=dict)

    def __call__(self, card: ModelCard, place: int) -> Screened:
        """Look at the model that stands at this place of the catalog."""
        cost, objection = self._price(card)
        option = Option(card=card, place=place, cost=cost, seconds=self._seconds(card, is_slow=False))
        for limit in self.limits:
            objection = objection or self.limited(option, limit)
        return option, objection

    def limited(self, option: Option, limit: Limit) -> Objection | None:
        """Return what a limit has against an option."""
        card, filters = option.card, limit.filters
        complaint = (
            _unlisted(card, filters)
            or _too_dear(option, filters)
            or self._too_slow(card, filters)
            or (f"{card.id} takes no seed" if filters.needs_seed and not card.has_seed else None)
        )
        if complaint is None:
            return None
        reason = f"{complaint}; {limit.source or '`route`'} does not allow that."
        error: ImagegateError = NoTargetError(f"{reason} Change `route`, or ask for another model.", param="route")
        if limit.source:
            error = ModelNotAllowedError(f"{reason} Ask for another model.", param="model")
        return Objection(stage=Stage.FILTERED, reason=reason, error=error)

    def _price(self, card: ModelCard) -> tuple[Money | None, Objection | None]:
        try:
            check_lifecycle(card, self.today)
            cost = estimate(self.request, card, self.request.count)
        except ModelRetiredError as error:
            return None, objection_of(Stage.GONE, error)
        except InvalidRequestError as error:
            return None, objection_of(Stage.UNABLE, error)
        except ValueError:
            message = f"The catalog has no price of {card.id} for this, so that no budget could be held to it."
            return None, objection_of(Stage.UNABLE, NoTargetError(message, param="model"))
        # An estimate of nothing stands for a price that was agreed upon and is not in the catalog.
        return (None if cost.is_estimate and not cost.money.amount else cost.money), None

    def _seconds(self, card: ModelCard, *, is_slow: bool) -> float:
        latency = self.latencies.get(card.id)
        if latency is None:
            return card.typical_seconds
        return latency.p95 if is_slow else latency.p50

    def _too_slow(self, card: ModelCard, filters: Filters) -> str | None:
        if filters.max_seconds is None or (seconds := self._seconds(card, is_slow=True)) <= filters.max_seconds:
            return None
        return f"{card.id} takes {seconds:g} seconds, over {filters.max_seconds:g}"


def _unlisted(card: ModelCard, filters: Filters) -> str | None:
    if card.provider in filters.deny or card.id in filters.deny:
        return f"{card.id} is excluded"
    if filters.allow and card.provider not in filters.allow and card.id not in filters.allow:
        return f"{card.id} is not on the list"
    return None


def _too_dear(option: Option, filters: Filters) -> str | None:
    if filters.max_price is None:
        return None
    cost, model = option.cost, option.card.id
    if cost is None or cost.currency != _DOLLARS:
        return f"the price of {model} in US dollars is not known"
    if cost.amount > filters.max_price:
        return f"{model} would cost {cost.amount.normalize():f} USD, over {filters.max_price:f}"
    return None
