"""`/v1/routes`: parse, call one use case, tell its result."""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from functions import rest
from imagegate.api.generations import read_generation
from imagegate.api.routes import EXPLAIN, tell_plan
from imagegate.wiring.route import RouteServices


class Routes:
    """The handlers of these paths, which answer through a resolver that others share."""

    def __init__(self, app: APIGatewayRestResolver, services: RouteServices) -> None:
        self._app = app
        self._services = services
        app.post(EXPLAIN)(self.explain)
        rest.refuse_other_methods(app, EXPLAIN, "POST")

    def explain(self) -> Response[str]:
        """Tell which models a request would go to."""
        request, pictures = read_generation(rest.body_of(self._app))
        principal = rest.principal_of(self._app)
        images, has_mask = len(pictures.images), pictures.mask is not None
        plan = self._services.explain_route(principal, request, images, has_mask=has_mask)
        return rest.answer(self._app, tell_plan(request, plan))
