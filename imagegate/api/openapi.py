"""The OpenAPI 3.1 document, made from the same models that read bodies and tell answers."""

from functools import cache

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from imagegate.api.edits import MAX_INPUT_IMAGES, ImageEditBody, ImageUpscaleBody
from imagegate.api.generations import (
    DeletedGenerationAnswer,
    GenerationBody,
    GenerationsAnswer,
    list_parameters,
)
from imagegate.api.models import ModelAnswer, ModelsAnswer
from imagegate.api.moderations import ModerationsAnswer
from imagegate.api.requests import (
    IDEMPOTENCY_KEY_MAX_CHARACTERS,
    IDEMPOTENCY_KEY_PATTERN,
    FileBody,
    ImageGenerationBody,
    ModerationBody,
)
from imagegate.api.responses import ErrorAnswer, FileAnswer, GenerationAnswer, HealthAnswer, ImagesAnswer

Json = dict[str, object]

_BODIES: tuple[type[BaseModel], ...] = (
    FileBody,
    GenerationBody,
    ImageEditBody,
    ImageGenerationBody,
    ImageUpscaleBody,
    ModerationBody,
)
_ANSWERS: tuple[type[BaseModel], ...] = (
    DeletedGenerationAnswer,
    ErrorAnswer,
    FileAnswer,
    GenerationAnswer,
    GenerationsAnswer,
    HealthAnswer,
    ImagesAnswer,
    ModelAnswer,
    ModelsAnswer,
    ModerationsAnswer,
)

_ERRORS = {
    "400": "The request is not acceptable; `code` says why.",
    "401": "The API key is missing, unknown or revoked.",
    "404": "There is no such thing, or it belongs to another project.",
    "405": "The path exists, the method does not.",
    "409": "The Idempotency-Key was used with another request.",
    "413": "The body is too large.",
    "429": "A limit or budget is reached.",
    "500": "The gateway failed.",
    "502": "The provider failed.",
    "503": "The provider is not available.",
    "504": "The provider or the gateway took too long.",
}
_ALWAYS = ("405", "429", "500", "503", "504")
_AUTHENTICATED = ("401",)


def _schema(model: type[BaseModel]) -> Json:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _json_content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _operation(
    *,
    operation_id: str,
    summary: str,
    answer: Json | None = None,
    accepted: str = "",
    errors: tuple[str, ...] = (),
    public: bool = False,
    **extra: object,
) -> Json:
    statuses = sorted({*_ALWAYS, *errors, *(() if public else _AUTHENTICATED)})
    responses: Json = {}
    if answer is not None:
        responses["200"] = {"description": "Done.", "content": _json_content(answer)}
    if accepted:
        content = _json_content(_schema(GenerationAnswer))
        responses["202"] = {"description": accepted, "headers": _WHERE_AND_WHEN, "content": content}
    for status in statuses:
        responses[status] = {"description": _ERRORS[status], "content": _json_content(_schema(ErrorAnswer))}
    security: Json = {"security": []} if public else {}
    return {"operationId": operation_id, "summary": summary, "responses": responses, **security, **extra}


def _body(model: type[BaseModel]) -> Json:
    return {"required": True, "content": _json_content(_schema(model))}


def _path_parameter(name: str, description: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    }


_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key and body gets the same generation, uncharged. Kept for 24 hours.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_MAX_CHARACTERS,
        "pattern": IDEMPOTENCY_KEY_PATTERN,
    },
}


_PREFER: Json = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`respond-async` to be answered at once, or `wait=N` to wait at most so many seconds. Anything else "
    "in it is ignored, as RFC 7240 wants.",
    "schema": {"type": "string"},
    "examples": {"async": {"value": "respond-async"}, "wait": {"value": "wait=10"}},
}
_HOW_TO_ASK = [_IDEMPOTENCY_KEY, _PREFER]
_WHERE_AND_WHEN: Json = {
    "Location": {"description": "Where to ask for it.", "required": True, "schema": {"type": "string"}},
    "Retry-After": {"description": "In how many seconds.", "required": True, "schema": {"type": "integer"}},
}
_STILL_RUNNING = "It takes longer than the caller waits: ask `GET /v1/generations/{id}` again."


_FILE: Json = {"type": "string", "contentMediaType": "application/octet-stream"}
_FILES: Json = {"type": "array", "items": _FILE, "minItems": 1, "maxItems": MAX_INPUT_IMAGES}
_REFERENCE = "#/components/schemas/{model}"
_GENERATION_ID = _path_parameter("generation_id", "The id from `imagegate.id`.")
_CONFIGURED: Json = {
    "name": "configured",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["yes", "any"], "default": "yes"},
}


def _paths() -> Json:
    return {**_generation_paths(), **_model_paths(), **_moderation_paths(), **_public_paths()}


def _generation_paths() -> Json:
    return {
        "/v1/images/generations": {
            "post": _operation(
                operation_id="createImage",
                summary="Make images and wait for them.",
                answer=_schema(ImagesAnswer),
                accepted=_STILL_RUNNING,
                errors=("400", "404", "409", "413", "502"),
                requestBody=_body(ImageGenerationBody),
                parameters=_HOW_TO_ASK,
            )
        },
        "/v1/images/edits": {"post": _edit("createEdit", "Make images from images.", ImageEditBody)},
        "/v1/images/upscales": {"post": _edit("createUpscale", "Make an image larger.", ImageUpscaleBody)},
        "/v1/files": {
            "post": _operation(
                operation_id="createFile",
                summary="Get a signed form to upload one picture with, and the id under which it can be named.",
                answer=_schema(FileAnswer),
                errors=("400", "413"),
                requestBody=_body(FileBody),
            )
        },
        **_jobs_paths(),
    }


def _jobs_paths() -> Json:
    return {
        "/v1/generations": {
            "post": _operation(
                operation_id="createGeneration",
                summary="Have any operation done, and ask for its result later or be told when it is there.",
                answer=_schema(GenerationAnswer),
                accepted="It is accepted, or known by its key and still under way; with 200 it is over.",
                errors=("400", "404", "409", "413"),
                requestBody=_body(GenerationBody),
                parameters=_HOW_TO_ASK,
            ),
            "get": _operation(
                operation_id="listGenerations",
                summary="List the project's generations page by page; what a moment has changed may not show yet.",
                answer=_schema(GenerationsAnswer),
                errors=("400",),
                parameters=list_parameters(),
            ),
        },
        "/v1/generations/{generation_id}": {
            "get": _operation(
                operation_id="getGeneration",
                summary="Read a generation, with signed addresses for its pictures.",
                answer=_schema(GenerationAnswer),
                errors=("404",),
                parameters=[_GENERATION_ID],
            ),
            "delete": _operation(
                operation_id="deleteGeneration",
                summary="Delete a generation that is over, with its pictures, for good.",
                answer=_schema(DeletedGenerationAnswer),
                errors=("404", "409"),
                parameters=[_GENERATION_ID],
            ),
        },
        "/v1/generations/{generation_id}/cancel": {
            "post": _operation(
                operation_id="cancelGeneration",
                summary="Cancel a generation that is not over; what its provider has begun may be charged.",
                answer=_schema(GenerationAnswer),
                errors=("404", "409"),
                parameters=[_GENERATION_ID],
            )
        },
    }


def _edit(operation_id: str, summary: str, body: type[BaseModel]) -> Json:
    schema = _schema(body)
    return _operation(
        operation_id=operation_id,
        summary=summary,
        answer=_schema(ImagesAnswer),
        accepted=_STILL_RUNNING,
        errors=("400", "404", "409", "413", "502"),
        requestBody={
            "required": True,
            "content": {**_json_content(schema), "multipart/form-data": {"schema": _form(body)}},
        },
        parameters=_HOW_TO_ASK,
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
            "get": _operation(
                operation_id="listModels",
                summary="List the models of all configured providers, or with `configured=any` of the whole catalog.",
                answer=_schema(ModelsAnswer),
                errors=("400",),
                parameters=[_CONFIGURED],
            )
        },
        "/v1/models/{provider}/{model}": {
            "get": _operation(
                operation_id="getModel",
                summary="Read one model card.",
                answer=_schema(ModelAnswer),
                errors=("404",),
                parameters=[_path_parameter("provider", "Provider id."), _path_parameter("model", "Model name.")],
            )
        },
    }


def _moderation_paths() -> Json:
    return {
        "/v1/moderations": {
            "post": _operation(
                operation_id="createModeration",
                summary="Judge texts by the gateway's own policy, without making anything.",
                answer=_schema(ModerationsAnswer),
                errors=("400", "413"),
                requestBody=_body(ModerationBody),
            )
        },
    }


def _public_paths() -> Json:
    return {
        "/v1/openapi.json": {
            "get": _operation(
                operation_id="getOpenApi", summary="This document.", answer={"type": "object"}, public=True
            )
        },
        "/health": {
            "get": _operation(
                operation_id="getHealth",
                summary="Tell whether the API answers.",
                answer=_schema(HealthAnswer),
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
