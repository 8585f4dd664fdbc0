"""How the endpoints read the lines of a batch, and what they answer to them."""

import json
from typing import assert_never

from pydantic import BaseModel

from functions.telling import images_answer
from imagegate.api.edits import EditBody, ImageEditBody, ImageUpscaleBody, read_edit
from imagegate.api.requests import ImageGenerationBody, read_body
from imagegate.api.responses import tell_error, tell_generation, tell_problem
from imagegate.app.generate import Generated
from imagegate.app.read_generation import ReadImages
from imagegate.app.work_on_line import Endpoints, LineRequest
from imagegate.domain.batch import BatchEndpoint
from imagegate.domain.batch_line import BatchLine, LineAnswer
from imagegate.domain.errors import ImagegateError
from imagegate.domain.job import Job
from imagegate.domain.request import Operation

_JSON = "application/json"
_INLINE = "b64_json"


def endpoints(read_images: ReadImages) -> Endpoints:
    """Return what the endpoints do with lines."""

    def tell_job(line: BatchLine, job: Job, request_id: str) -> LineAnswer:
        return _tell_job(read_images, line, job, request_id)

    return Endpoints(read=_read, tell_job=tell_job, tell_error=_tell_error)


def _read(endpoint: BatchEndpoint, line: BatchLine) -> LineRequest:
    body = json.dumps(line.body).encode()
    match endpoint:
        case BatchEndpoint.GENERATIONS:
            return LineRequest(request=read_body(ImageGenerationBody, body).to_domain())
        case BatchEndpoint.EDITS:
            edit, _ = read_edit(ImageEditBody, body, _JSON)
            return _with_pictures(ImageEditBody, body, edit.operation)
        case BatchEndpoint.UPSCALES:
            return _with_pictures(ImageUpscaleBody, body, Operation.UPSCALE)
        case _:
            assert_never(endpoint)


def _with_pictures(kind: type[EditBody], body: bytes, operation: Operation) -> LineRequest:
    parsed, pictures = read_edit(kind, body, _JSON)
    return LineRequest(request=parsed.to_request(operation), images=tuple(pictures.images), mask=pictures.mask)


def _tell_job(read_images: ReadImages, line: BatchLine, job: Job, request_id: str) -> LineAnswer:
    if job.problem is not None:
        return _answer(job.problem.http_status, tell_problem(job, job.problem, request_id), request_id)
    if not job.status.is_terminal:
        # Held for a review: the generation itself says so, now and later.
        return _answer(202, tell_generation(job), request_id)
    # Base64 only where it was asked for: a file of pictures is far larger than one of addresses.
    response_format = _INLINE if line.body.get("response_format") == _INLINE else "url"
    return _answer(200, images_answer(read_images, Generated(job=job), response_format), request_id)


def _tell_error(error: ImagegateError, request_id: str) -> LineAnswer:
    return _answer(error.http_status, tell_error(error, request_id), request_id)


def _answer(status: int, body: BaseModel, request_id: str) -> LineAnswer:
    return LineAnswer(status=status, body=json.loads(body.model_dump_json()), request_id=request_id)
