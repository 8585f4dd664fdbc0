"""`/v1/usage`: parse, call one use case, tell its result."""

from collections.abc import Callable
from http import HTTPStatus

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from functions import rest
from imagegate.api.usage import CSV_TYPE, UsageFormat, read_usage_format, read_usage_query, tell_usage, write_csv
from imagegate.wiring.costs import CostServices

_USAGE = "/v1/usage"


class Usage:
    """The handler of this path, which answers through a resolver that others share."""

    def __init__(self, app: APIGatewayRestResolver, services: Callable[[], CostServices]) -> None:
        self._app = app
        self._services = services
        app.get(_USAGE)(self.read)
        rest.refuse_other_methods(app, _USAGE, "GET")

    def read(self) -> Response[str]:
        """Add up what the project used and paid."""
        parameters = self._app.current_event.query_string_parameters
        read_usage = self._services().read_usage
        query, wanted = read_usage_query(parameters, read_usage.clock().date()), read_usage_format(parameters)
        rows = read_usage(rest.principal_of(self._app), query)
        if wanted is UsageFormat.CSV:
            return Response(status_code=HTTPStatus.OK, content_type=CSV_TYPE, body=write_csv(rows, query))
        return rest.answer(self._app, tell_usage(rows, query))
