"""Health, and the door for the callbacks of providers: verified over their raw bytes, kept, and acknowledged."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import rest
from imagegate.api.responses import CallbackAnswer, HealthAnswer
from imagegate.domain.callback import ReceivedCallback
from imagegate.domain.errors import ImagegateError
from imagegate.wiring import webhook as wiring

receive = wiring.receive_callback()
app = rest.resolver()


@app.get("/health")
def get_health() -> Response[str]:
    """Tell that the API answers."""
    return rest.answer(app, HealthAnswer())


@app.post("/v1/webhooks/<provider>")
def receive_callback(provider: str) -> Response[str]:
    """Take a callback; an answer other than 200 makes its provider send it again, or give up."""
    headers = {name.lower(): value for name, value in app.current_event.headers.items()}
    query = app.current_event.query_string_parameters
    try:
        received = ReceivedCallback(headers=headers, body=rest.body_of(app))
        reception = receive(provider, query, received)
    except ImagegateError:
        _count("refused")
        raise
    _count(reception.value)
    return rest.answer(app, CallbackAnswer(status=reception.value))


def _count(what: str) -> None:
    # One at a time: a handler that gathers them complains about each request without any, such as those for health.
    name, dimensions = f"Callbacks{what.capitalize()}", {"service": "webhook"}
    with single_metric(name=name, unit=MetricUnit.Count, value=1, default_dimensions=dimensions):
        pass


rest.refuse_other_methods(app, "/health", "GET")
rest.refuse_other_methods(app, "/v1/webhooks/<provider>", "POST")


@rest.logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one API Gateway event."""
    return app.resolve(event, context)
