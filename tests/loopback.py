"""A small HTTP server on loopback that answers as a test says and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; a `claimed_length` longer than the body cuts the connection in the middle."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    claimed_length: int | None = None


Respond = Callable[[Received], Reply]


@dataclass(kw_only=True)
class Loopback:
    """A running server."""

    url: str
    respond: Respond
    received: list[Received] = field(default_factory=list)


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.close_connection = True
            # A client that gave up closes its end, which is what such a test is about.
            with suppress(ConnectionError):
                self._answer_one_request()

        def _answer_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(method=self.command, path=self.path, headers=headers, body=body)
            loopback.received.append(request)
            self._answer(loopback.respond(request))

        def _answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.body) if reply.claimed_length is None else reply.claimed_length
            self.send_header("content-length", str(length))
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()
            self.close_connection = self.close_connection or length != len(reply.body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Keep the test's output to itself."""

    return Handler


@contextmanager
def served(respond: Respond, port: int = 0) -> Iterator[Loopback]:
    """Run a server for the length of a block, on a port of the system's choice or on the one that is named."""
    loopback = Loopback(url="", respond=respond)
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(loopback)) as server:
        # Open connections of the test's client must not keep the server from stopping.
        server.daemon_threads = True
        server.block_on_close = False
        loopback.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield loopback
        finally:
            server.shutdown()
            thread.join()
