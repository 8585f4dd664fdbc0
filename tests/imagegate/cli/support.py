"""A gateway on loopback that says what a test told it to say, and answers made of the gateway's own models."""

import base64
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typer.testing import CliRunner, Result

from imagegate.api.models import CardAnswer, ModelAnswer, ModelsAnswer, PriceAnswer
from imagegate.api.responses import (
    CostAnswer,
    ErrorAnswer,
    ErrorDetail,
    GenerationAnswer,
    GenerationReference,
    ImageAnswer,
    ImageData,
    ImagesAnswer,
    WarningAnswer,
)
from imagegate.cli.main import app
from imagegate.domain.job import Status
from imagegate.domain.money import PriceUnit
from imagegate.domain.request import OutputFormat
from imagegate.domain.warning import WarningType

PICTURE = b"\x89PNG\r\n\x1a\n not really"
GENERATION_ID = "gen_01a20492183f47025870a2a71c7e4a37"
API_KEY = "ig_0123456789abcdef"
# How the answer of an endpoint is dropped: the connection closes without a word.
DROPPED = (0, b"")
# The person at the keyboard gives up while the endpoint works.
INTERRUPTED = (-1, b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


@dataclass(slots=True, kw_only=True)
class FakeGateway:
    """Answers by method and path; what it was not told of is a 404."""

    origin: str = ""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    # What is said first, one after another.
    earlier: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"{self.origin}/live/v1"

    def says(self, endpoint: str, content: str | bytes, status: int = 200) -> None:
        """Prepare the answer of an endpoint, such as `GET /live/v1/models`."""
        self.answers[endpoint] = (status, content.encode() if isinstance(content, str) else content)

    def says_first(self, endpoint: str, *answers: tuple[int, bytes]) -> None:
        """Prepare answers that come before the one of `says`."""
        self.earlier[endpoint] = list(answers)

    def generates(self, content: str | bytes, status: int = 200) -> None:
        self.says("POST /live/v1/images/generations", content, status)


def _handler(gateway: FakeGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            gateway.received.append(Received(method=self.command, path=self.path, headers=headers, body=body))
            endpoint = f"{self.command} {self.path}"
            earlier = gateway.earlier.get(endpoint)
            status, content = earlier.pop(0) if earlier else gateway.answers.get(endpoint, (404, b""))
            if (status, content) == INTERRUPTED:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            if status <= 0:
                return
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.send_header("x-request-id", "req-from-header")
            if status == 202:
                self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output to itself."""

    return Handler


@contextmanager
def served() -> Iterator[FakeGateway]:
    """Serve a fake gateway on a free port."""
    gateway = FakeGateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(gateway))
    gateway.origin = f"http://127.0.0.1:{server.server_address[1]}"
    # The default of half a second is what stopping would take.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def imagegate(*arguments: str, **environment: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)


def images_answer(count: int = 1, *, url: str | None = None, output_format: str = "png") -> str:
    """The answer to a request for pictures; with an address it holds no base64."""
    encoded = None if url else base64.b64encode(PICTURE).decode()
    return ImagesAnswer(
        created=1_795_000_000,
        data=[ImageData(b64_json=encoded, url=url)] * count,
        output_format=OutputFormat(output_format),
        size="512x512",
        imagegate=generation(),
    ).model_dump_json()


def generation(
    status: Status = Status.SUCCEEDED, error: ErrorDetail | None = None, url: str | None = "https://signed.test/"
) -> GenerationAnswer:
    """A generation with a warning and a cost."""
    return GenerationAnswer(
        id=GENERATION_ID,
        status=status,
        created_at=1_795_000_000,
        latency_seconds=2.345,
        requested_model="auto",
        provider="embedded",
        model="embedded/scenes",
        model_version="1",
        attempts=1,
        route=[],
        failures=[],
        images=[ImageAnswer(media_type="image/png", width=512, height=512, size_bytes=9, sha256="0" * 64, url=url)],
        cost=CostAnswer(
            amount="0.0002",
            currency="USD",
            price_checked_on="2026-11-22",
            source="https://prices.test/",
            is_estimate=False,
        ),
        warnings=[
            WarningAnswer(type=WarningType.OTHER, message="does not know unicorn", param="prompt"),
            WarningAnswer(type=WarningType.DEPRECATED, message="retires soon"),
        ],
        moderation=[],
        error=error,
    )


def _price() -> PriceAnswer:
    return PriceAnswer(
        unit=PriceUnit.IMAGE,
        amount="0.0002",
        currency="USD",
        source="https://prices.test/",
        checked_on="2026-11-22",
        operations=[],
        qualities=[],
        sizes=[],
        is_estimate=False,
    )


def models_answer(count: int = 1, *, shutdown_on: str | None = None, is_configured: bool = True) -> str:
    """The list of models."""
    card = CardAnswer(
        provider="embedded",
        version="1",
        display_name="Scenes",
        operations=["generate"],
        sizes="256x256 to 1024x1024",
        default_size="512x512",
        max_count=4,
        output_formats=["png"],
        backgrounds=["opaque"],
        qualities=["low"],
        seed=True,
        negative_prompt=False,
        mask=False,
        max_input_images=0,
        steps=None,
        guidance=None,
        strength=None,
        typical_seconds=1.0,
        is_pinned=True,
        is_configured=is_configured,
        released_on="2026-11-22",
        shutdown_on=shutdown_on,
        replacement=None,
        prices=[_price()],
    )
    model = ModelAnswer(id="embedded/scenes", created=0, owned_by="embedded", imagegate=card)
    return ModelsAnswer(data=[model] * count).model_dump_json()


def error_answer(code: str, message: str, *, generation_id: str | None = None) -> str:
    """An error in the gateway's envelope."""
    reference = GenerationReference(generation_id=generation_id) if generation_id else None
    detail = ErrorDetail(message=message, type="invalid_request_error", param="prompt", code=code)
    return ErrorAnswer(error=detail, request_id="req-1", imagegate=reference).model_dump_json()


def gateway_file(gateway: FakeGateway) -> str:
    """What `make up` writes down."""
    content = {
        "base_url": gateway.base_url,
        "api_key": API_KEY,
        "admin_key": "ig_admin",
        "aws_endpoint_url": gateway.origin,
        "outputs": {"TableName": "local-table"},
    }
    return json.dumps(content)
