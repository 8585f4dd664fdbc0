"""Images and models: parse, call one use case, tell its result; what else there is adds itself."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import rest
from functions.route.batches import BatchRoutes
from functions.route.files import FileRoutes
from functions.route.generations import Generations
from functions.route.routes import Routes
from functions.route.webhook_endpoints import WebhookEndpoints
from functions.telling import images_answer
from imagegate import __version__
from imagegate.api.edits import ImageEditBody, ImageUpscaleBody, Pictures, read_edit
from imagegate.api.models import ModelsAnswer, tell_model
from imagegate.api.openapi import openapi_document
from imagegate.api.requests import (
    ImageGenerationBody,
    ImageOptions,
    read_body,
    read_configured,
)
from imagegate.api.responses import tell_generation
from imagegate.domain.request import GenerationRequest, Operation
from imagegate.wiring.route import route_services
from imagegate.wiring.webhooks import webhook_services

services = route_services()
app = rest.resolver()
FileRoutes(app=app, files=services.files, receive_images=services.receive_images).add()
BatchRoutes(app=app, batches=services.batches).add()
generations = Generations(app, services)
Routes(app, services)
WebhookEndpoints(app, webhook_services())


@app.post("/v1/images/generations")
def create_image() -> Response[str]:
    """Make images and wait for them."""
    body = read_body(ImageGenerationBody, rest.body_of(app))
    return _create(body, body.to_domain(), Pictures([], None))


def _create(body: ImageOptions, request: GenerationRequest, pictures: Pictures) -> Response[str]:
    generated = generations.ask(request, pictures, generations.preference)
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
rest.refuse_other_methods(app, "/v1/models", "GET")
rest.refuse_other_methods(app, "/v1/models/<provider>/<model>", "GET")
rest.refuse_other_methods(app, "/v1/openapi.json", "GET")


@rest.logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one API Gateway event."""
    return app.resolve(event, context)
