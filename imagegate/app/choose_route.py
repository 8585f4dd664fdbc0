"""Choose a route: plan a request by its project's policy, the catalog, and what is known of the targets just now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from imagegate.app.ports import Catalog, Health, Latencies
from imagegate.domain.conditions import Latency, Unhealthy
from imagegate.domain.errors import CallerError, ProviderNotConfiguredError
from imagegate.domain.planning import Offer, Plan, explain_route, model_not_found, plan_route
from imagegate.domain.project import Project
from imagegate.domain.request import GenerationRequest
from imagegate.domain.route import Route


def no_latencies(request: GenerationRequest) -> Mapping[str, Latency]:
    """Leave it to the cards how long models take."""
    return {}


def all_healthy() -> Mapping[str, Unhealthy]:
    """Have nothing against any target."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseRoute:
    """Gathers what a plan follows from; no provider is asked and no adapter loaded."""

    catalog: Catalog
    latencies: Latencies = no_latencies
    health: Health = all_healthy

    def __call__(self, project: Project, request: GenerationRequest, today: date) -> Route:
        """Return the route of a request.

        Raises:
            CallerError: no model that was asked for can do it, or may.
            ProviderUnavailableError: those that can and may are not healthy just now.
        """
        return plan_route(request, self._offer(project, request, today))

    def explain(self, project: Project, request: GenerationRequest, today: date) -> Plan:
        """Return the plan of a request, also where nothing can do it."""
        return explain_route(request, self._offer(project, request, today))

    def _offer(self, project: Project, request: GenerationRequest, today: date) -> Offer:
        return Offer(
            cards=self.catalog.cards(),
            today=today,
            routing=project.routing,
            latencies=self.latencies(request),
            unhealthy=self.health(),
            why_missing=self._why_missing,
        )

    def _why_missing(self, model: str) -> CallerError:
        unconfigured = self.catalog.unconfigured(model)
        if unconfigured is None:
            return model_not_found(model)
        message = (
            f"{unconfigured.display_name} is not configured in this deployment. Run `imagegate secrets set "
            f"{unconfigured.id}`, or use a model that `GET /v1/models` lists."
        )
        return ProviderNotConfiguredError(message, param="model")
