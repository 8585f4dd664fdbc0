"""What every REST handler shares: a resolver whose errors are always in one envelope, and JSON answers."""

import base64
from typing import Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import BaseModel

from imagegate.api.responses import ErrorAnswer, GenerationAnswer, tell_error, tell_problem
from imagegate.domain.errors import (
    BodyTooLargeError,
    ImagegateError,
    InternalError,
    MethodNotAllowedError,
    UnknownUrlError,
)
from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.job import Job, Problem
from imagegate.domain.project import Principal, Role

# Lambda takes 6 MB with everything around the body; API Gateway itself stops at 10 MB.
MAX_BODY_BYTES: Final = 5 * 1024 * 1024
RETRY_AFTER_SECONDS: Final = 5
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

logger = Logger()


def resolver() -> APIGatewayRestResolver:
    """Return a resolver that tells every failure as an `ErrorAnswer` and never a stack trace."""
    app = APIGatewayRestResolver()

    def tell_known(error: ImagegateError) -> Response[str]:
        if error.http_status >= 500:
            logger.exception(error.code)
        told = tell_error(error, _request_id(app))
        return _error(app, told, error.http_status, error.retryable, error.retry_after_seconds)

    def tell_unknown(error: Exception) -> Response[str]:
        logger.exception(type(error).__name__)
        message = "The gateway failed. Repeat the request later, and report its id if it fails again."
        return tell_known(InternalError(message))

    def tell_not_found(_: Exception) -> Response[str]:
        message = f"There is nothing at {app.current_event.path}. `GET /v1/openapi.json` lists every path."
        return tell_known(UnknownUrlError(message))

    app.exception_handler(ImagegateError)(tell_known)
    app.exception_handler(Exception)(tell_unknown)
    app.not_found(tell_not_found)
    return app


def refuse_other_methods(app: APIGatewayRestResolver, path: str, *allowed: str) -> None:
    """Answer 405 to the methods a path does not have."""

    def refuse(**_: str) -> Response[str]:
        message = f"This path takes {', '.join(allowed)}, not {app.current_event.http_method}."
        error = MethodNotAllowedError(message)
        refusal = _error(app, tell_error(error, _request_id(app)), error.http_status, error.retryable, None)
        refusal.headers["allow"] = ", ".join(allowed)
        return refusal

    app.route(path, method=[method for method in METHODS if method not in allowed])(refuse)


def body_of(app: APIGatewayRestResolver) -> bytes:
    """Return the body as it came; whether it is text at all is for its reader to find out.

    Raises:
        BodyTooLargeError: it is over the gateway's limit.
    """
    text = app.current_event.body or ""
    body = base64.b64decode(text) if app.current_event.is_base64_encoded else text.encode("utf-8", "surrogatepass")
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLargeError(f"The body is over {MAX_BODY_BYTES} bytes. Send less.")
    return body


def content_type_of(app: APIGatewayRestResolver) -> str:
    """Return what the body says it is."""
    return app.current_event.headers.get("Content-Type", "")


def principal_of(app: APIGatewayRestResolver) -> Principal:
    """Return who sends the request, as the authorizer found out."""
    context = app.current_event.raw_event["requestContext"]["authorizer"]
    return Principal(
        project_id=ProjectId(context["project_id"]), key_id=KeyId(context["key_id"]), role=Role(context["role"])
    )


def answer(app: APIGatewayRestResolver, model: BaseModel, *, status: int = 200) -> Response[str]:
    """Return a successful answer."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=model.model_dump_json(),
        headers={"x-request-id": _request_id(app)},
    )


def accepted(app: APIGatewayRestResolver, generation: GenerationAnswer) -> Response[str]:
    """Return a generation that a slow provider still works on, with where and when to ask for it."""
    return Response(
        status_code=202,
        content_type="application/json",
        body=generation.model_dump_json(),
        headers={
            "x-request-id": _request_id(app),
            "location": f"/v1/generations/{generation.id}",
            "retry-after": str(RETRY_AFTER_SECONDS),
        },
    )


def problem_answer(app: APIGatewayRestResolver, job: Job, problem: Problem) -> Response[str]:
    """Return the error of a generation that ended without a picture."""
    told = tell_problem(job, problem, _request_id(app))
    return _error(app, told, problem.http_status, problem.retryable, problem.retry_after_seconds)


def _error(
    app: APIGatewayRestResolver,
    error: ErrorAnswer,
    status: int,
    retryable: bool,
    retry_after_seconds: int | None,
) -> Response[str]:
    headers: dict[str, str | list[str]] = {
        "x-request-id": _request_id(app),
        # The OpenAI SDKs repeat 409, 429 and 5xx by themselves; a repeat that cannot help or may pay twice is stopped.
        "x-should-retry": str(retryable).lower(),
    }
    if retry_after_seconds is not None:
        headers["retry-after"] = str(retry_after_seconds)
    return Response(status_code=status, content_type="application/json", body=error.model_dump_json(), headers=headers)


def _request_id(app: APIGatewayRestResolver) -> str:
    return str(app.current_event.request_context.request_id)
