"""Routes: the ordered targets for a request, with the reason why each candidate was taken or skipped."""

from dataclasses import dataclass, replace
from datetime import date

from imagegate.domain.card import ModelCard
from imagegate.domain.errors import CallerError, InvalidRequestError, ModelNotFoundError, ModelRetiredError
from imagegate.domain.fit import fit
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.request import AUTO_MODEL, GenerationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model that was considered."""

    model: str
    taken: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One provider and model to try."""

    provider: str
    model: str
    model_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a request goes: `targets` in the order in which they are tried."""

    targets: tuple[Target, ...]
    candidates: tuple[Candidate, ...]


def plan_route(request: GenerationRequest, cards: tuple[ModelCard, ...], today: date) -> Route:
    """Choose the targets for a request among the cards of all configured providers.

    Raises:
        ModelNotFoundError: no configured provider offers the model.
        ModelRetiredError: its provider has shut it down.
        InvalidRequestError: the one model that was named cannot do what was asked, and this says why.
    """
    if request.model == AUTO_MODEL:
        return _plan_auto(request, cards, today)
    for card in cards:
        if card.id == request.model:
            check_lifecycle(card, today)
            fit(request, card)
            return Route(targets=(_target(card),), candidates=(_taken(card, "named in the request"),))
    raise _model_not_found(request.model)


def skip(route: Route, target: Target, reason: str) -> Route:
    """Take a target out that turned out not to be able to do what was asked."""
    targets = tuple(one for one in route.targets if one.model != target.model)
    skipped = Candidate(model=target.model, taken=False, reason=reason)
    candidates = tuple(skipped if one.model == target.model else one for one in route.candidates)
    return replace(route, targets=targets, candidates=candidates)


def _plan_auto(request: GenerationRequest, cards: tuple[ModelCard, ...], today: date) -> Route:
    candidates: list[Candidate] = []
    targets: list[Target] = []
    refusals: list[CallerError] = []
    for card in cards:
        try:
            check_lifecycle(card, today)
            fit(request, card)
        except (InvalidRequestError, ModelRetiredError) as refusal:
            refusals.append(refusal)
            candidates.append(Candidate(model=card.id, taken=False, reason=refusal.message))
        else:
            targets.append(_target(card))
            candidates.append(_taken(card, "can do what was asked"))
    if targets:
        return Route(targets=tuple(targets), candidates=tuple(candidates))
    if refusals:
        raise refusals[0]
    raise _model_not_found(request.model)


def _target(card: ModelCard) -> Target:
    return Target(provider=card.provider, model=card.id, model_version=card.version)


def _taken(card: ModelCard, reason: str) -> Candidate:
    return Candidate(model=card.id, taken=True, reason=reason)


def _model_not_found(model: str) -> ModelNotFoundError:
    message = f"No configured provider offers the model {model!r}. `GET /v1/models` lists what can be asked for."
    return ModelNotFoundError(message, param="model")
