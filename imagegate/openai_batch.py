"""OpenAI's Batch API: many requests in one file, answered within 24 hours; only input tokens cost half.

https://developers.openai.com/api/docs/guides/batch (checked 2026-11-22). Results come in any order, so each line has an
id of ours. A batch carries our name for it in its metadata: there is no idempotency key, and a batch whose answer was
lost must not be created again.
"""

import json
from typing import Any, assert_never

from imagegate.domain.errors import ProviderFailedError, ProviderTimeoutError
from imagegate.domain.provider import Failed
from imagegate.domain.vendor_batch import (
    BatchWish,
    CreateBatch,
    ListBatches,
    LookAtBatch,
    ReadFile,
    UploadLines,
    VendorBatch,
    VendorLine,
)
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from imagegate.multipart import encode
from imagegate.reading import Answer, read_answer, shorten

ENDPOINT = "/v1/images/generations"
_WINDOW = "24h"
_NAME = "imagegate"
_PAGE = 100
_JSON = {"content-type": "application/json"}
_AUTH = (ApiKeyHeader(prefix="Bearer "),)
_OVER = frozenset({"completed", "failed", "expired", "cancelled"})
_NEVER_BEGUN = "failed"
_EXPIRED = "batch_expired"


class _Problem(Answer):
    code: str | None = None
    message: str | None = None


class _Problems(Answer):
    data: list[_Problem] | None = None


class _Batch(Answer):
    id: str
    # Of a file there is no more to read than its id.
    status: str | None = None
    metadata: dict[str, Any] | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: _Problems | None = None


class _Page(Answer):
    data: list[_Batch]


class _LineResponse(Answer):
    status_code: int
    request_id: str | None = None
    body: Any = None


class _Line(Answer):
    custom_id: str
    response: _LineResponse | None = None
    error: _Problem | None = None


def line_of(custom_id: str, body: bytes) -> bytes:
    """Return a line that asks for what a request with this body would."""
    line = {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": json.loads(body)}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def ask(base_url: str, wish: BatchWish) -> HttpRequest:
    """Describe a request about batches."""
    match wish:
        case UploadLines():
            file = ("file", "lines.jsonl", "application/jsonl", wish.data)
            body, content_type = encode([("purpose", "batch")], [file])
            headers = {"content-type": content_type}
            return HttpRequest(method="POST", url=f"{base_url}/files", headers=headers, body=body, auth=_AUTH)
        case CreateBatch():
            metadata = {_NAME: wish.name}
            wanted = {"input_file_id": wish.file_id, "endpoint": ENDPOINT, "completion_window": _WINDOW}
            body = json.dumps({**wanted, "metadata": metadata}).encode()
            return HttpRequest(method="POST", url=f"{base_url}/batches", headers=_JSON, body=body, auth=_AUTH)
        case ListBatches():
            after = f"&after={wish.after}" if wish.after else ""
            return HttpRequest(method="GET", url=f"{base_url}/batches?limit={_PAGE}{after}", auth=_AUTH)
        case LookAtBatch():
            return HttpRequest(method="GET", url=f"{base_url}/batches/{wish.batch_id}", auth=_AUTH)
        case ReadFile():
            return HttpRequest(method="GET", url=f"{base_url}/files/{wish.file_id}/content", auth=_AUTH)
        case _:
            assert_never(wish)


def read(response: HttpResponse) -> tuple[VendorBatch, ...] | None:
    """Read a success; None where it cannot be read."""
    page = read_answer(_Page, response.body)
    if page is not None:
        return tuple(_told(one) for one in page.data)
    batch = read_answer(_Batch, response.body)
    return None if batch is None else (_told(batch),)


def read_line(line: bytes) -> VendorLine | None:
    """Read one line of the results; None where it cannot be read."""
    read = read_answer(_Line, line)
    if read is None:
        return None
    if read.response is None:
        return VendorLine(custom_id=read.custom_id, told=_not_made(read.error or _Problem()))
    headers = {"x-request-id": read.response.request_id} if read.response.request_id else {}
    told = HttpResponse(status=read.response.status_code, headers=headers, body=json.dumps(read.response.body).encode())
    return VendorLine(custom_id=read.custom_id, told=told)


def _told(batch: _Batch) -> VendorBatch:
    files = tuple(file for file in (batch.output_file_id, batch.error_file_id) if file)
    name = (batch.metadata or {}).get(_NAME)
    is_over = batch.status in _OVER
    failure = _never_begun(batch) if batch.status == _NEVER_BEGUN else None
    return VendorBatch(
        id=batch.id, name=str(name) if name else None, is_over=is_over, files=files if is_over else (), failure=failure
    )


def _never_begun(batch: _Batch) -> Failed:
    problems = (batch.errors and batch.errors.data) or [_Problem()]
    message = shorten(problems[0].message or "it does not say why")
    error = ProviderFailedError(f"OpenAI did not begin the batch that this was in: {message}. Nothing was charged.")
    return Failed(error=error, metadata={"batch": batch.id, "code": problems[0].code})


def _not_made(problem: _Problem) -> Failed:
    metadata = {"code": problem.code}
    if problem.code == _EXPIRED:
        message = "OpenAI did not come to this request within 24 hours. Nothing was charged; send it again."
        return Failed(error=ProviderTimeoutError(message), metadata=metadata)
    message = "OpenAI did not do this request of its batch. Nothing was made; send it again."
    return Failed(error=ProviderFailedError(message), metadata=metadata)
