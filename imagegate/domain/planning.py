"""Planning: which of all models a request goes to and in which order, with what spoke against each of the others.

A plan follows from its request and its offer alone: nothing is asked of any provider, and no adapter is loaded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from imagegate.domain.card import ModelCard
from imagegate.domain.conditions import Latency, Unhealthy
from imagegate.domain.errors import CallerError, ImagegateError, ModelNotFoundError, ProviderUnavailableError
from imagegate.domain.filters import Filters
from imagegate.domain.request import GenerationRequest
from imagegate.domain.route import Candidate, Route, Target
from imagegate.domain.routing import Routing, Wanted, resolve
from imagegate.domain.screening import Limit, Objection, Screen, Screened, Stage, objection_of
from imagegate.domain.strategy import Option, ranked

# What an error says in full is shortened where it is kept as one reason among many.
MAX_REASON_CHARACTERS = 240


def model_not_found(model: str) -> CallerError:
    """Return the error for a name that nothing stands behind."""
    message = f"No configured provider offers the model {model!r}. `GET /v1/models` lists what can be asked for."
    return ModelNotFoundError(message, param="model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What there is to choose from: the cards in the order of preference, and what holds for them just now."""

    cards: tuple[ModelCard, ...]
    today: date
    routing: Routing = field(default_factory=Routing)
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    unhealthy: Mapping[str, Unhealthy] = field(default_factory=dict)
    why_missing: Callable[[str], CallerError] = model_not_found


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A route, and where it has no target the error to tell: of the model that came furthest."""

    route: Route
    error: ImagegateError | None


def plan_route(request: GenerationRequest, offer: Offer) -> Route:
    """Choose the targets for a request.

    Raises:
        CallerError: no model that was asked for can do it, or may; this says why of the one that came furthest.
        ProviderUnavailableError: those that can and may are not healthy just now.
    """
    plan = explain_route(request, offer)
    if plan.error is not None:
        raise plan.error
    return plan.route


def explain_route(request: GenerationRequest, offer: Offer) -> Plan:
    """Tell which targets would be chosen for a request, also where there are none."""
    choice = _Choice(request, offer)
    for wanted in resolve(request.model, offer.routing):
        choice.consider(wanted)
    return choice.plan()


class _Choice:
    """What was chosen so far, in order, and what speaks against the others."""

    def __init__(self, request: GenerationRequest, offer: Offer) -> None:
        self._request = request
        self._offer = offer
        self._places = {card.id: place for place, card in enumerate(offer.cards)}
        self._screen = Screen(
            request=request,
            today=offer.today,
            limits=_limits(request, offer),
            latencies=offer.latencies,
        )
        self._screened: dict[str, Screened] = {}
        self._chosen: dict[str, Candidate] = {}
        self._skipped: dict[str, Candidate] = {}
        self._objections: dict[str, Objection] = {}

    def consider(self, wanted: Wanted) -> None:
        """Take what a name stands for as far as it can do what was asked, and may."""
        strategy, source = wanted.strategy, f" ({wanted.source})" if wanted.source else ""
        if strategy is None:
            reason = f"named by {wanted.source}" if wanted.source else "named in the request"
            able: Sequence[Option] = self._able([wanted.name], wanted)
        else:
            reason = f"can do what was asked{strategy.order}{source}"
            able = ranked(strategy, self._able(self._places, wanted), self._offer.routing.cost_weight)
        for option in able:
            self._choose(option, reason)

    def plan(self) -> Plan:
        """Return the whole plan."""
        chosen = list(self._chosen.values())
        if not self._request.has_fallback:
            reason = "could do what was asked, and is not tried as `fallback` is false"
            chosen[1:] = [replace(one, taken=False, reason=reason) for one in chosen[1:]]
        cards = [self._offer.cards[self._places[one.model]] for one in chosen if one.taken]
        route = Route(targets=tuple(map(_target, cards)), candidates=(*chosen, *self._skipped.values()))
        return Plan(route=route, error=None if cards else self._error())

    def _able(self, models: Iterable[str], wanted: Wanted) -> list[Option]:
        able: list[Option] = []
        for model in models:
            if model not in self._places:
                error = self._offer.why_missing(model)
                self._object(model, None, objection_of(Stage.MISSING, error))
                continue
            option, objection = self._look_at(model)
            if objection is None and wanted.filters is not None:
                objection = self._screen.limited(option, Limit(filters=wanted.filters, source=wanted.source))
            if objection is None:
                able.append(option)
            else:
                self._object(model, option, objection)
        return able

    def _look_at(self, model: str) -> Screened:
        if model not in self._screened:
            place = self._places[model]
            self._screened[model] = self._screen(self._offer.cards[place], place)
        return self._screened[model]

    def _choose(self, option: Option, reason: str) -> None:
        model = option.card.id
        unhealthy = self._offer.unhealthy.get(model)
        if unhealthy is not None:
            self._object(model, option, _unhealthy(model, unhealthy))
        elif model not in self._chosen:
            # What one name's filters kept out may be what another name asks for.
            self._skipped.pop(model, None)
            self._objections.pop(model, None)
            self._chosen[model] = _candidate(option, reason, taken=True)

    def _object(self, model: str, option: Option | None, objection: Objection) -> None:
        if model in self._chosen or model in self._skipped:
            return
        reason = _shortened(objection.reason)
        self._objections[model] = objection
        self._skipped[model] = (
            _candidate(option, reason, taken=False) if option else Candidate(model=model, taken=False, reason=reason)
        )

    def _error(self) -> ImagegateError:
        objections = list(self._objections.values())
        if not objections:
            return self._offer.why_missing(self._request.model)
        furthest = max(objections, key=lambda one: one.stage).error
        if len(objections) == 1:
            return furthest
        hint = f"{len(objections)} models were considered; `POST /v1/routes/explain` tells what speaks against each."
        return type(furthest)(
            f"{furthest.message} {hint}", param=furthest.param, retry_after_seconds=furthest.retry_after_seconds
        )


def _limits(request: GenerationRequest, offer: Offer) -> tuple[Limit, ...]:
    limits = (
        Limit(filters=offer.routing.filters, source="the project's policy"),
        Limit(filters=request.filters),
    )
    return tuple(limit for limit in limits if limit.filters != Filters())


def _unhealthy(model: str, unhealthy: Unhealthy) -> Objection:
    message = f"{model} is left alone just now: {unhealthy.reason}. Repeat the request later, or ask for another model."
    error = ProviderUnavailableError(message, retry_after_seconds=unhealthy.retry_after_seconds)
    return Objection(stage=Stage.UNHEALTHY, reason=f"left alone just now: {unhealthy.reason}", error=error)


def _candidate(option: Option, reason: str, *, taken: bool) -> Candidate:
    card = option.card
    return Candidate(
        model=card.id,
        taken=taken,
        reason=reason,
        model_version=card.version if card.is_pinned else None,
        cost=option.cost,
        seconds=option.seconds,
    )


def _target(card: ModelCard) -> Target:
    return Target(provider=card.provider, model=card.id, model_version=card.version)


def _shortened(reason: str) -> str:
    if len(reason) <= MAX_REASON_CHARACTERS:
        return reason
    return f"{reason[: MAX_REASON_CHARACTERS - 1]}…"
