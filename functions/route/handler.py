"""Generations and models: parse, call one use case, tell its result."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import rest
from functions.route.telling import images_answer
from imagegate import __version__, wiring
from imagegate.api.models import ModelsAnswer, tell_model
from imagegate.api.openapi import openapi_document
from imagegate.api.requests import ImageGenerationBody, read_body, read_configured, read_idempotency_key
from imagegate.api.responses import tell_generation

services = wiring.route_services()
app = rest.resolver()


@app.post("/v1/images/generations")
def create_image() -> Response[str]:
    """Make images and wait for them."""
    key = read_idempotency_key(app.current_event.headers.get("Idempotency-Key"))
    body = read_body(ImageGenerationBody, rest.body_of(app))
    generated = services.generate(rest.principal_of(app), body.to_domain(), key)
    if generated.job.problem is not None:
        return rest.problem_answer(app, generated.job, generated.job.problem)
    if not generated.job.status.is_terminal:
        return rest.accepted(app, tell_generation(generated.job))
    return rest.answer(app, images_answer(services.read_images, generated, body.response_format))


@app.get("/v1/generations/<generation_id>")
def get_generation(generation_id: str) -> Response[str]:
    """Read a generation."""
    job = services.read_generation(rest.principal_of(app), generation_id)
    if job.open_attempts:
        job = services.generate.resume(job).job
    return rest.answer(app, tell_generation(job, services.read_images.urls(job)))


@app.get("/v1/models")
def list_models() -> Response[str]:
    """List the models of all configured providers, or of the whole catalog."""
    wants_all = read_configured(app.current_event.get_query_string_value("configured"))
    listed = services.list_models(wants_all=wants_all)
    return rest.answer(
        app, ModelsAnswer(data=[tell_model(one.card, is_configured=one.is_configured) for one in listed])
    )


@app.get("/v1/models/<provider>/<model>")
def get_model(provider: str, model: str) -> Response[str]:
    """Read one model card."""
    return rest.answer(app, tell_model(services.list_models.read(f"{provider}/{model}")))


@app.get("/v1/openapi.json")
def get_openapi() -> dict[str, object]:
    """Return the OpenAPI document; its server is relative to where the document itself was read."""
    return openapi_document("..", __version__)


rest.refuse_other_methods(app, "/v1/images/generations", "POST")
rest.refuse_other_methods(app, "/v1/generations/<generation_id>", "GET")
rest.refuse_other_methods(app, "/v1/models", "GET")
rest.refuse_other_methods(app, "/v1/models/<provider>/<model>", "GET")
rest.refuse_other_methods(app, "/v1/openapi.json", "GET")


@rest.logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one API Gateway event."""
    return app.resolve(event, context)
