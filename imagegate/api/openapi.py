"""The OpenAPI 3.1 document, made from the same models that read bodies and tell answers."""

from functools import cache

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from imagegate.api.batch_paths import ANSWERS as BATCH_ANSWERS
from imagegate.api.batch_paths import BODIES as BATCH_BODIES
from imagegate.api.batch_paths import batch_paths
from imagegate.api.edits import MAX_INPUT_IMAGES, ImageEditBody, ImageUpscaleBody
from imagegate.api.generations import (
    DeletedGenerationAnswer,
    GenerationBody,
    GenerationsAnswer,
    list_parameters,
)
from imagegate.api.models import ModelAnswer, ModelsAnswer
from imagegate.api.moderations import ModerationsAnswer
from imagegate.api.operations import (
    HOW_TO_ASK,
    STILL_RUNNING,
    Json,
    body_of,
    json_content,
    operation,
    path_parameter,
    schema_of,
)
from imagegate.api.requests import ImageGenerationBody, ModerationBody
from imagegate.api.responses import ErrorAnswer, GenerationAnswer, HealthAnswer, ImagesAnswer
from imagegate.api.routes import RouteAnswer, route_paths
from imagegate.api.webhooks import (
    DeletedEndpointAnswer,
    DeliveriesAnswer,
    DeliveryAnswer,
    NewSecretAnswer,
    TestEventAnswer,
    WebhookEndpointAnswer,
    WebhookEndpointBody,
    WebhookEndpointsAnswer,
    webhook_paths,
)

_BODIES: tuple[type[BaseModel], ...] = (
    *BATCH_BODIES,
    GenerationBody,
    ImageEditBody,
    ImageGenerationBody,
    ImageUpscaleBody,
    ModerationBody,
    WebhookEndpointBody,
)
_ANSWERS: tuple[type[BaseModel], ...] = (
    *BATCH_ANSWERS,
    DeletedEndpointAnswer,
    DeletedGenerationAnswer,
    DeliveriesAnswer,
    DeliveryAnswer,
    ErrorAnswer,
    GenerationAnswer,
    GenerationsAnswer,
    HealthAnswer,
    ImagesAnswer,
    ModelAnswer,
    ModelsAnswer,
    ModerationsAnswer,
    NewSecretAnswer,
    RouteAnswer,
    TestEventAnswer,
    WebhookEndpointAnswer,
    WebhookEndpointsAnswer,
)

_FILE: Json = {"type": "string", "contentMediaType": "application/octet-stream"}
_FILES: Json = {"type": "array", "items": _FILE, "minItems": 1, "maxItems": MAX_INPUT_IMAGES}
_REFERENCE = "#/components/schemas/{model}"
_GENERATION_ID = path_parameter("generation_id", "The id from `imagegate.id`.")
_CONFIGURED: Json = {
    "name": "configured",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["yes", "any"], "default": "yes"},
}


def _paths() -> Json:
    return {
        **_generation_paths(),
        **_model_paths(),
        **_moderation_paths(),
        **batch_paths(),
        **route_paths(),
        **webhook_paths(),
        **_public_paths(),
    }


def _generation_paths() -> Json:
    return {
        "/v1/images/generations": {
            "post": operation(
                operation_id="createImage",
                summary="Make images and wait for them.",
                answer=schema_of(ImagesAnswer),
                accepted=STILL_RUNNING,
                errors=("400", "404", "409", "413", "502"),
                requestBody=body_of(ImageGenerationBody),
                parameters=HOW_TO_ASK,
            )
        },
        "/v1/images/edits": {"post": _edit("createEdit", "Make images from images.", ImageEditBody)},
        "/v1/images/upscales": {"post": _edit("createUpscale", "Make an image larger.", ImageUpscaleBody)},
        **_jobs_paths(),
    }


def _jobs_paths() -> Json:
    return {
        "/v1/generations": {
            "post": operation(
                operation_id="createGeneration",
                summary="Have any operation done, and ask for its result later or be told when it is there.",
                answer=schema_of(GenerationAnswer),
                accepted="It is accepted, or known by its key and still under way; with 200 it is over.",
                errors=("400", "404", "409", "413"),
                requestBody=body_of(GenerationBody),
                parameters=HOW_TO_ASK,
            ),
            "get": operation(
                operation_id="listGenerations",
                summary="List the project's generations page by page; what a moment has changed may not show yet.",
                answer=schema_of(GenerationsAnswer),
                errors=("400",),
                parameters=list_parameters(),
            ),
        },
        **_job_paths(),
    }


def _job_paths() -> Json:
    return {
        "/v1/generations/{generation_id}": {
            "get": operation(
                operation_id="getGeneration",
                summary="Read a generation, with signed addresses for its pictures.",
                answer=schema_of(GenerationAnswer),
                errors=("404",),
                parameters=[_GENERATION_ID],
            ),
            "delete": operation(
                operation_id="deleteGeneration",
                summary="Delete a generation that is over, with its pictures, for good.",
                answer=schema_of(DeletedGenerationAnswer),
                errors=("404", "409"),
                parameters=[_GENERATION_ID],
            ),
        },
        "/v1/generations/{generation_id}/cancel": {
            "post": operation(
                operation_id="cancelGeneration",
                summary="Cancel a generation that is not over; what its provider has begun may be charged.",
                answer=schema_of(GenerationAnswer),
                errors=("404", "409"),
                parameters=[_GENERATION_ID],
            )
        },
    }


def _edit(operation_id: str, summary: str, body: type[BaseModel]) -> Json:
    schema = schema_of(body)
    return operation(
        operation_id=operation_id,
        summary=summary,
        answer=schema_of(ImagesAnswer),
        accepted=STILL_RUNNING,
        errors=("400", "404", "409", "413", "502"),
        requestBody={
            "required": True,
            "content": {**json_content(schema), "multipart/form-data": {"schema": _form(body)}},
        },
        parameters=HOW_TO_ASK,
    )


def _form(body: type[BaseModel]) -> Json:
    """Return the fields of a body as a form: the pictures are files in place of references."""
    whole: Json = body.model_json_schema(ref_template=_REFERENCE)
    fields = whole["properties"]
    assert isinstance(fields, dict)  # noqa: S101 - pydantic's schema of a model
    others = {name: schema for name, schema in fields.items() if name not in {"images", "mask"}}
    files = {"image": _FILES, "image[]": _FILES, "mask": _FILE}
    return {
        "type": "object",
        "description": whole.get("description", ""),
        "properties": {**files, **others},
        "anyOf": [{"required": ["image"]}, {"required": ["image[]"]}],
        "additionalProperties": False,
    }


def _model_paths() -> Json:
    return {
        "/v1/models": {
            "get": operation(
                operation_id="listModels",
                summary="List the models of all configured providers, or with `configured=any` of the whole catalog.",
                answer=schema_of(ModelsAnswer),
                errors=("400",),
                parameters=[_CONFIGURED],
            )
        },
        "/v1/models/{provider}/{model}": {
            "get": operation(
                operation_id="getModel",
                summary="Read one model card.",
                answer=schema_of(ModelAnswer),
                errors=("404",),
                parameters=[path_parameter("provider", "Provider id."), path_parameter("model", "Model name.")],
            )
        },
    }


def _moderation_paths() -> Json:
    return {
        "/v1/moderations": {
            "post": operation(
                operation_id="createModeration",
                summary="Judge texts by the gateway's own policy, without making anything.",
                answer=schema_of(ModerationsAnswer),
                errors=("400", "413"),
                requestBody=body_of(ModerationBody),
            )
        },
    }


def _public_paths() -> Json:
    return {
        "/v1/openapi.json": {
            "get": operation(
                operation_id="getOpenApi", summary="This document.", answer={"type": "object"}, public=True
            )
        },
        "/health": {
            "get": operation(
                operation_id="getHealth",
                summary="Tell whether the API answers.",
                answer=schema_of(HealthAnswer),
                public=True,
            )
        },
    }


def _schemas() -> Json:
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in _BODIES]
    wanted += [(model, "serialization") for model in _ANSWERS]
    _, document = models_json_schema(wanted, ref_template=_REFERENCE)
    schemas: Json = document["$defs"]
    return schemas


@cache
def openapi_document(server_url: str, version: str) -> Json:
    """Return the whole document for the address under which this API is reached."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Imagegate",
            "version": version,
            "description": "One API in front of every image-generation provider a team uses.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server_url}],
        "security": [{"apiKey": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
        },
    }
