"""`/v1/estimates`: parse, call one use case, tell its result."""

from collections.abc import Callable

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from functions import rest
from imagegate.api.estimate_answers import tell_estimates, tell_month
from imagegate.api.estimates import EstimateBody
from imagegate.api.requests import read_body
from imagegate.wiring.costs import CostServices

_ESTIMATES = "/v1/estimates"


class Estimates:
    """The handler of this path, which answers through a resolver that others share."""

    def __init__(self, app: APIGatewayRestResolver, services: Callable[[], CostServices]) -> None:
        self._app = app
        self._services = services
        app.post(_ESTIMATES)(self.create)
        rest.refuse_other_methods(app, _ESTIMATES, "POST")

    def create(self) -> Response[str]:
        """Compare what a request, or a month of them, would cost."""
        body = read_body(EstimateBody, rest.body_of(self._app))
        compare, principal = self._services().compare, rest.principal_of(self._app)
        plan, request, choice = body.plan(compare.machines), body.request(), body.choice()
        if plan is None:
            told = compare.of_request(principal, request, choice)
            return rest.answer(self._app, tell_estimates(told.estimates, told.configured))
        month = compare.of_month(principal, request, body.megapixels, plan, choice)
        return rest.answer(self._app, tell_month(month.month, month.estimates, month.configured, plan))
