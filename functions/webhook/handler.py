"""Health, and the door for provider callbacks, which no provider of this version sends."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import rest
from imagegate.api.responses import HealthAnswer
from imagegate.domain.errors import UnknownUrlError

app = rest.resolver()


@app.get("/health")
def get_health() -> Response[str]:
    """Tell that the API answers."""
    return rest.answer(app, HealthAnswer())


@app.post("/v1/webhooks/<provider>")
def receive_callback(provider: str) -> Response[str]:
    """Refuse a callback: none of the configured providers calls back."""
    raise UnknownUrlError(f"No provider {provider!r} sends callbacks here.")


rest.refuse_other_methods(app, "/health", "GET")
rest.refuse_other_methods(app, "/v1/webhooks/<provider>", "POST")


@rest.logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one API Gateway event."""
    return app.resolve(event, context)
