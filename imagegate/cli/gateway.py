"""The gateway's REST API as the commands use it: one request, one answer, and every failure in words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from imagegate import __version__
from imagegate.api.files import StoredFileAnswer
from imagegate.api.responses import ErrorAnswer
from imagegate.app.ports import AnswerLostError, NotSentError, Transport
from imagegate.cli.failures import CommandFailedError, GatewayRefusedError
from imagegate.cli.output import read_object
from imagegate.cli.settings import Connection, problem_with_url
from imagegate.domain.file import JSONL
from imagegate.domain.wire import HttpRequest, HttpResponse
from imagegate.http import HttpTransport
from imagegate.multipart import encode

# API Gateway itself gives up after 29 seconds; a gateway that streams its answers may take longer.
GENERATE_TIMEOUT_SECONDS = 60.0
READ_TIMEOUT_SECONDS = 30.0
_MOST_BYTES_QUOTED = 200
_USER_AGENT = f"imagegate-cli/{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The answer to asking for pictures: the pictures, or a generation to wait for and when to ask for it again."""

    content: dict[str, Any]
    is_running: bool
    retry_after_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A deployed gateway."""

    connection: Connection
    transport: Transport

    def generate(self, body: dict[str, Any], idempotency_key: str) -> Started:
        """Ask for pictures and wait for them as long as the gateway does."""
        request = HttpRequest(
            method="POST",
            url=f"{self.connection.base_url}/images/generations",
            headers={**self._headers(), "content-type": "application/json", "idempotency-key": idempotency_key},
            body=json.dumps(body).encode(),
            read_timeout_seconds=GENERATE_TIMEOUT_SECONDS,
        )
        response = self._send(request)
        return Started(
            content=_content(response), is_running=response.status == 202, retry_after_seconds=_retry_after(response)
        )

    def models(self, *, wants_all: bool = False) -> dict[str, Any]:
        """Read the models that can be asked for, or those of the whole catalog."""
        return self._get("/models?configured=any" if wants_all else "/models")

    def generation(self, generation_id: str) -> dict[str, Any]:
        """Read one generation."""
        return self._get(_path_of(generation_id))

    def generations(self, wishes: Mapping[str, str]) -> dict[str, Any]:
        """Read a page of the project's generations."""
        return self._get(f"/generations?{urlencode(wishes)}")

    def cancel(self, generation_id: str) -> dict[str, Any]:
        """Cancel one generation."""
        return self._change("POST", f"{_path_of(generation_id)}/cancel")

    def delete(self, generation_id: str) -> dict[str, Any]:
        """Delete one generation."""
        return self._change("DELETE", _path_of(generation_id))

    def upload_lines(self, filename: str, data: bytes) -> str:
        """Put a file for a batch into storage, around the gateway, which takes no large ones; return its id."""
        opened = self._post("/files", {"purpose": "batch", "content_type": JSONL, "filename": filename})
        try:
            file = StoredFileAnswer.model_validate(opened)
        except ValueError as error:
            raise unreadable_answer() from error
        if file.upload is None:
            raise unreadable_answer()
        body, content_type = encode(list(file.upload.fields.items()), [("file", filename, JSONL, data)])
        headers = {"user-agent": _USER_AGENT, "content-type": content_type}
        response = self._send(HttpRequest(method="POST", url=file.upload.url, headers=headers, body=body))
        if not 200 <= response.status < 300:
            message = f"The file could not be uploaded: storage answered with status {response.status}."
            raise CommandFailedError("file_not_uploaded", message)
        return file.id

    def create_batch(self, file_id: str, endpoint: str) -> dict[str, Any]:
        """Create a batch from an uploaded file."""
        return self._post("/batches", {"input_file_id": file_id, "endpoint": endpoint, "completion_window": "24h"})

    def batches(self) -> dict[str, Any]:
        """Read the project's latest batches."""
        return self._get("/batches")

    def batch(self, batch_id: str) -> dict[str, Any]:
        """Read one batch."""
        return self._get(f"/batches/{quote(batch_id, safe='')}")

    def cancel_batch(self, batch_id: str) -> dict[str, Any]:
        """Begin no further line of a batch."""
        return self._change("POST", f"/batches/{quote(batch_id, safe='')}/cancel")

    def estimate(self, body: dict[str, Any]) -> dict[str, Any]:
        """Compare what a request, or a month of them, would cost."""
        return self._post("/estimates", body)

    def usage(self, wishes: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Read what the project used and paid."""
        return self._get(f"/usage?{urlencode(wishes)}")

    def usage_as_csv(self, wishes: Sequence[tuple[str, str]]) -> str:
        """Read the same as CSV."""
        path = f"/usage?{urlencode([*wishes, ('format', 'csv')])}"
        response = self._send(_read(f"{self.connection.base_url}{path}", self._headers()))
        if response.status != 200:
            raise _refusal(response)
        return response.body.decode()

    def webhook_endpoints(self) -> dict[str, Any]:
        """Read the project's webhook endpoints."""
        return self._get("/webhook_endpoints")

    def deliveries(self, endpoint_id: str, *, status: str | None, after: str | None) -> dict[str, Any]:
        """Read one page of what became of events at an endpoint."""
        wanted = {"limit": "100", "status": status, "after": after}
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return self._get(f"/webhook_endpoints/{quote(endpoint_id, safe='')}/deliveries?{query}")

    def replay(self, endpoint_id: str, event_id: str) -> dict[str, Any]:
        """Have an event sent to an endpoint again."""
        path = f"/webhook_endpoints/{quote(endpoint_id, safe='')}/deliveries/{quote(event_id, safe='')}/replay"
        url = f"{self.connection.base_url}{path}"
        return _content(self._send(HttpRequest(method="POST", url=url, headers=self._headers())))

    def health(self) -> dict[str, Any]:
        """Ask whether the API answers; this needs no key, so none is sent."""
        root = self.connection.base_url.removesuffix("/v1")
        return _content(self._send(_read(f"{root}/health", {"user-agent": _USER_AGENT})))

    def download(self, url: str) -> bytes:
        """Fetch a picture from its signed address, which must not be shown the key."""
        response = self._send(_read(url, {"user-agent": _USER_AGENT}))
        if response.status != 200:
            message = f"The picture could not be fetched: its address answered with status {response.status}."
            raise CommandFailedError("picture_not_fetched", message)
        return response.body

    def _get(self, path: str) -> dict[str, Any]:
        return _content(self._send(_read(f"{self.connection.base_url}{path}", self._headers())))

    def _post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        request = HttpRequest(
            method="POST",
            url=f"{self.connection.base_url}{path}",
            headers={**self._headers(), "content-type": "application/json"},
            body=json.dumps(content).encode(),
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
        )
        return _content(self._send(request))

    def _change(self, method: str, path: str) -> dict[str, Any]:
        request = _read(f"{self.connection.base_url}{path}", self._headers())
        return _content(self._send(replace(request, method=method)))

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.connection.api_key}", "user-agent": _USER_AGENT}

    def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.transport.send(request)
        except NotSentError as error:
            parts = urlsplit(request.url)
            message = f"Nothing answers at {parts.scheme}://{parts.netloc} ({error})."
            advice = "Is it up? `make up` starts the local one, and `imagegate doctor` checks the settings."
            raise CommandFailedError("gateway_unreachable", message, advice=advice) from error
        except AnswerLostError as error:
            message = f"The gateway was asked and its answer did not arrive ({error})."
            raise CommandFailedError("answer_lost", message, advice="Repeat the command.") from error


def open_gateway(connection: Connection) -> Gateway:
    """Return the gateway behind a connection.

    Raises:
        CommandFailedError: the address cannot be one of a gateway.
    """
    problem = problem_with_url(connection.base_url)
    if problem:
        message = f"The address {connection.base_url!r} (from {connection.found_in}) cannot be used: {problem}."
        advice = "It looks like https://HOST/STAGE/v1; `make deploy` and `make up` print it."
        raise CommandFailedError("invalid_base_url", message, advice=advice)
    return Gateway(connection=connection, transport=HttpTransport())


def unreadable_answer() -> CommandFailedError:
    """The failure of an answer that is not a gateway's."""
    message = "The answer is not what a gateway of this version says."
    return CommandFailedError(
        "unreadable_answer", message, advice="Does the address lead to an Imagegate? `imagegate doctor` checks it."
    )


def _path_of(generation_id: str) -> str:
    return f"/generations/{quote(generation_id, safe='')}"


def _read(url: str, headers: dict[str, str]) -> HttpRequest:
    return HttpRequest(method="GET", url=url, headers=headers, read_timeout_seconds=READ_TIMEOUT_SECONDS)


def _content(response: HttpResponse) -> dict[str, Any]:
    if not 200 <= response.status < 300:
        raise _refusal(response)
    content = read_object(response.body)
    if content is None:
        raise unreadable_answer()
    return content


def _refusal(response: HttpResponse) -> GatewayRefusedError:
    content = read_object(response.body) or {}
    try:
        told = ErrorAnswer.model_validate(content)
    except ValueError:
        return _foreign_refusal(response, content)
    return GatewayRefusedError(
        told.error.code,
        told.error.message,
        status=response.status,
        envelope=content,
        request_id=told.request_id or _request_id(response),
        generation_id=told.imagegate.generation_id if told.imagegate else None,
    )


def _foreign_refusal(response: HttpResponse, content: dict[str, Any]) -> GatewayRefusedError:
    """Tell an error that did not come from the gateway's own code, such as a proxy's."""
    code = f"http_{response.status}"
    said = content.get("message") or response.body[:_MOST_BYTES_QUOTED].decode(errors="replace").strip()
    message = f"{said or 'There is no explanation'} (status {response.status})"
    envelope = {"error": {"message": message, "type": "http_error", "param": None, "code": code}}
    return GatewayRefusedError(
        code,
        message,
        status=response.status,
        envelope=envelope,
        request_id=_request_id(response),
        generation_id=None,
        advice="`imagegate doctor` checks the address and the key.",
    )


def _retry_after(response: HttpResponse) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) <= 4 else None


def _request_id(response: HttpResponse) -> str | None:
    return response.headers.get("x-request-id") or response.headers.get("x-amzn-requestid")
