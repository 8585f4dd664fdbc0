"""Generations, models and webhook endpoints: parse, call one use case, tell its result."""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import rest
from functions.route.telling import file_answer, images_answer
from functions.route.webhook_endpoints import WebhookEndpoints
from imagegate import __version__
from imagegate.api.edits import ImageEditBody, ImageUpscaleBody, Pictures, read_edit
from imagegate.api.models import ModelsAnswer, tell_model
from imagegate.api.openapi import openapi_document
from imagegate.api.requests import (
    FileBody,
    ImageGenerationBody,
    ImageOptions,
    read_body,
    read_configured,
    read_idempotency_key,
)
from imagegate.api.responses import tell_generation
from imagegate.domain.request import GenerationRequest, Operation
from imagegate.wiring.route import route_services
from imagegate.wiring.webhooks import webhook_services

services = route_services()
app = rest.resolver()
WebhookEndpoints(app, webhook_services())


@app.post("/v1/images/generations")
def create_image() -> Response[str]:
    """Make images and wait for them."""
    body = read_body(ImageGenerationBody, rest.body_of(app))
    return _create(body, body.to_domain(), Pictures([], None))


def _create(body: ImageOptions, request: GenerationRequest, pictures: Pictures) -> Response[str]:
    key = read_idempotency_key(app.current_event.headers.get("Idempotency-Key"))
    principal = rest.principal_of(app)
    images = services.receive_images(principal, pictures.images)
    mask = services.receive_images(principal, [pictures.mask])[0] if pictures.mask else None
    generated = services.generate(principal, replace(request, input_images=images, mask=mask), key)
    if generated.job.problem is not None:
        return rest.problem_answer(app, generated.job, generated.job.problem)
    if not generated.job.status.is_terminal:
        return rest.accepted(app, tell_generation(generated.job))
    return rest.answer(app, images_answer(services.read_images, generated, body.response_format))


@app.post("/v1/images/edits")
def create_edit() -> Response[str]:
    """Make images from images and wait for them."""
    body, pictures = read_edit(ImageEditBody, rest.body_of(app), rest.content_type_of(app))
    return _create(body, body.to_request(body.operation), pictures)


@app.post("/v1/images/upscales")
def create_upscale() -> Response[str]:
    """Make an image larger and wait for it."""
    body, pictures = read_edit(ImageUpscaleBody, rest.body_of(app), rest.content_type_of(app))
    return _create(body, body.to_request(Operation.UPSCALE), pictures)


@app.post("/v1/files")
def create_file() -> Response[str]:
    """Open an upload."""
    body = read_body(FileBody, rest.body_of(app))
    file_id, upload = services.receive_images.open_upload(rest.principal_of(app), body.content_type)
    return rest.answer(app, file_answer(file_id, upload))


@app.get("/v1/generations/<generation_id>")
def get_generation(generation_id: str) -> Response[str]:
    """Read a generation."""
    job = services.read_generation(rest.principal_of(app), generation_id)
    if not job.status.is_terminal:
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
rest.refuse_other_methods(app, "/v1/images/edits", "POST")
rest.refuse_other_methods(app, "/v1/images/upscales", "POST")
rest.refuse_other_methods(app, "/v1/files", "POST")
rest.refuse_other_methods(app, "/v1/generations/<generation_id>", "GET")
rest.refuse_other_methods(app, "/v1/models", "GET")
rest.refuse_other_methods(app, "/v1/models/<provider>/<model>", "GET")
rest.refuse_other_methods(app, "/v1/openapi.json", "GET")


@rest.logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one API Gateway event."""
    return app.resolve(event, context)
