"""`POST /v1/moderations`: parse, judge, tell."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import rest
from imagegate.api.moderations import tell_moderations
from imagegate.api.requests import ModerationBody, read_body
from imagegate.wiring import moderate as wiring

moderate_prompt = wiring.moderate_prompt()
app = rest.resolver()


@app.post("/v1/moderations")
def create_moderation() -> Response[str]:
    """Judge each text as if it were a prompt."""
    body = read_body(ModerationBody, rest.body_of(app))
    decisions = tuple(moderate_prompt({"input": text}) for text in body.texts())
    return rest.answer(app, tell_moderations(f"modr-{app.current_event.request_context.request_id}", decisions))


rest.refuse_other_methods(app, "/v1/moderations", "POST")


@rest.logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one API Gateway event."""
    return app.resolve(event, context)
