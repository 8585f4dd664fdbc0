"""What the descriptions of paths are made of: operations whose failures are all told in one envelope."""

from pydantic import BaseModel

from imagegate.api.requests import IDEMPOTENCY_KEY_MAX_CHARACTERS, IDEMPOTENCY_KEY_PATTERN
from imagegate.api.responses import ErrorAnswer, GenerationAnswer

Json = dict[str, object]

_ERRORS = {
    "400": "The request is not acceptable; `code` says why.",
    "401": "The API key is missing, unknown or revoked.",
    "403": "The key's role does not allow this.",
    "404": "There is no such thing, or it belongs to another project.",
    "405": "The path exists, the method does not.",
    "409": "The Idempotency-Key is in use, or something else stands in the way; `code` says what.",
    "413": "The body is too large.",
    "429": "A limit or budget is reached.",
    "500": "The gateway failed.",
    "502": "The provider failed.",
    "503": "The provider is not available.",
    "504": "The provider or the gateway took too long.",
}
_SUCCESSES = {"200": "Done.", "202": "Begun; what comes of it is told elsewhere."}
_ALWAYS = ("405", "429", "500", "503", "504")
_AUTHENTICATED = ("401",)


def schema_of(model: type[BaseModel]) -> Json:
    """Point to the schema of a model."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def json_content(schema: Json) -> Json:
    """Return the content of a body or an answer in JSON."""
    return {"application/json": {"schema": schema}}


def operation(
    *,
    operation_id: str,
    summary: str,
    answer: Json | None = None,
    accepted: str = "",
    errors: tuple[str, ...] = (),
    public: bool = False,
    success: str = "200",
    **extra: object,
) -> Json:
    """Describe one method of one path with every status; `accepted` says when a generation comes with 202."""
    statuses = sorted({*_ALWAYS, *errors, *(() if public else _AUTHENTICATED)})
    responses: Json = {}
    if answer is not None:
        responses[success] = {"description": _SUCCESSES[success], "content": json_content(answer)}
    if accepted:
        content = json_content(schema_of(GenerationAnswer))
        responses["202"] = {"description": accepted, "headers": _WHERE_AND_WHEN, "content": content}
    for status in statuses:
        responses[status] = {"description": _ERRORS[status], "content": json_content(schema_of(ErrorAnswer))}
    security: Json = {"security": []} if public else {}
    return {"operationId": operation_id, "summary": summary, "responses": responses, **security, **extra}


def body_of(model: type[BaseModel]) -> Json:
    """Describe a required body in JSON."""
    return {"required": True, "content": json_content(schema_of(model))}


def path_parameter(name: str, description: str) -> Json:
    """Describe one part of a path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    }


IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key and body gets what the first one made, uncharged. Kept for 24 hours.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_MAX_CHARACTERS,
        "pattern": IDEMPOTENCY_KEY_PATTERN,
    },
}


PREFER: Json = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`respond-async` to be answered at once, or `wait=N` to wait at most so many seconds. Anything else "
    "in it is ignored, as RFC 7240 wants.",
    "schema": {"type": "string"},
    "examples": {"async": {"value": "respond-async"}, "wait": {"value": "wait=10"}},
}
HOW_TO_ASK = [IDEMPOTENCY_KEY, PREFER]
STILL_RUNNING = "It takes longer than the caller waits: ask `GET /v1/generations/{id}` again."
_WHERE_AND_WHEN: Json = {
    "Location": {"description": "Where to ask for it.", "required": True, "schema": {"type": "string"}},
    "Retry-After": {"description": "In how many seconds.", "required": True, "schema": {"type": "integer"}},
}
