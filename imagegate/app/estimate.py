"""Estimate: compare the models of the catalog by what a request or a month of requests would cost this project."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from imagegate.app.authenticate import project_of
from imagegate.app.ports import Catalog, Clock, ProjectStore
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ModelNotFoundError
from imagegate.domain.estimate import Estimates, ModelChoice, estimate_average, estimate_request
from imagegate.domain.monthly import Month, MonthlyPlan, monthly_estimates
from imagegate.domain.negotiated import negotiated
from imagegate.domain.project import Principal
from imagegate.domain.request import GenerationRequest
from imagegate.domain.route import Candidate
from imagegate.domain.routing import Routing, resolve
from imagegate.domain.selfhosted import MachinePrice


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Estimates of one request, and the ids of the models that can be asked for now."""

    estimates: Estimates
    configured: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMonths(Compared):
    """Estimates of one image each, and the months they make."""

    month: Month


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareCosts:
    """Reads the price book and the project's own prices; nothing is asked of any provider."""

    projects: ProjectStore
    catalog: Catalog
    clock: Clock
    machines: Mapping[str, MachinePrice]

    def of_request(self, principal: Principal, request: GenerationRequest, choice: ModelChoice) -> Compared:
        """Compare one request.

        Raises:
            ModelNotFoundError: a model that was named is not in the catalog.
        """
        cards, left_out, configured = self._candidates(principal, request, choice)
        estimates = estimate_request(request, cards, self.clock().date())
        return Compared(estimates=_with(estimates, left_out), configured=configured)

    def of_month(
        self,
        principal: Principal,
        request: GenerationRequest,
        megapixels: Decimal | None,
        plan: MonthlyPlan,
        choice: ModelChoice,
    ) -> ComparedMonths:
        """Compare a month of images like this one.

        Raises:
            ModelNotFoundError: a model that was named is not in the catalog.
            InvalidValueError: self-hosting is described in a way that makes too few images.
        """
        cards, left_out, configured = self._candidates(principal, request, choice)
        _check_known(plan.fixed, self.catalog.all_cards(), "monthly_fixed_costs")
        estimates = estimate_average(request, megapixels, cards, self.clock().date())
        return ComparedMonths(
            estimates=_with(estimates, left_out),
            configured=configured,
            month=monthly_estimates(estimates.found, plan),
        )

    def _candidates(
        self, principal: Principal, request: GenerationRequest, choice: ModelChoice
    ) -> tuple[tuple[ModelCard, ...], tuple[Candidate, ...], frozenset[str]]:
        project = project_of(principal, self.projects)
        every = self.catalog.all_cards()
        named = choice.models or _named(request, project.routing)
        _check_known(named, every, "models" if choice.models else "model")
        configured = frozenset(card.id for card in self.catalog.cards())
        wanted = [card for card in every if card.id in named or not named]
        taken = [card for card in wanted if card.id in configured or not choice.only_configured]
        left_out = tuple(
            Candidate(model=card.id, taken=False, reason=f"{card.provider} is not configured in this deployment.")
            for card in wanted
            if card not in taken
        )
        return tuple(negotiated(card, project.prices) for card in taken), left_out, configured


def _named(request: GenerationRequest, routing: Routing) -> tuple[str, ...]:
    """Return the models that a request names; none where a strategy would choose among all."""
    wanted = resolve(request.model, routing)
    return () if any(one.strategy is not None for one in wanted) else tuple(one.name for one in wanted)


def _with(estimates: Estimates, left_out: tuple[Candidate, ...]) -> Estimates:
    return replace(estimates, skipped=(*estimates.skipped, *left_out))


def _check_known(models: Mapping[str, Decimal] | tuple[str, ...], cards: tuple[ModelCard, ...], param: str) -> None:
    known = {card.id for card in cards}
    unknown = next((model for model in models if model not in known), None)
    if unknown is not None:
        message = f"There is no model {unknown!r} in the catalog. `GET /v1/models?configured=any` lists all."
        raise ModelNotFoundError(message, param=param)
