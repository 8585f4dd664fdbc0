"""The transport against a real server: one request each time, bounded, and honest about what may have arrived."""

import socket
import threading
from collections.abc import Iterator, Mapping

import pytest

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.wire import HttpRequest, SigV4
from imagegate.http import HttpTransport
from tests.loopback import Loopback, Received, Reply, served


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    transport = HttpTransport()
    yield transport
    transport._pool.clear()


def _request(server: Loopback, **changes: object) -> HttpRequest:
    fields: dict[str, object] = {"method": "POST", "url": f"{server.url}/paint", "body": b"{}"}
    return HttpRequest(**(fields | changes))  # type: ignore[arg-type]


def test_an_answer_comes_whole_with_lower_case_header_names(transport: HttpTransport) -> None:
    with served(lambda request: Reply(status=201, headers={"X-Job-Id": "Seven"}, body=b"one")) as server:
        response = transport.send(_request(server, headers={"content-type": "application/json"}))

    assert (response.status, response.body, response.headers["x-job-id"]) == (201, b"one", "Seven")
    (received,) = server.received
    assert (received.method, received.path, received.body) == ("POST", "/paint", b"{}")
    assert received.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_is_an_answer_like_any_other_and_is_not_asked_for_again(
    transport: HttpTransport, status: int
) -> None:
    with served(lambda request: Reply(status=status, headers={"retry-after": "0"})) as server:
        assert transport.send(_request(server)).status == status

    assert len(server.received) == 1


def test_a_redirect_is_not_followed(transport: HttpTransport) -> None:
    def redirect(request: Received) -> Reply:
        return Reply(status=307, headers={"location": "/elsewhere"})

    with served(redirect) as server:
        assert transport.send(_request(server)).status == 307

    assert [one.path for one in server.received] == ["/paint"]


def test_an_answer_of_exactly_the_allowed_size_is_read(transport: HttpTransport) -> None:
    with served(lambda request: Reply(body=b"x" * 1000)) as server:
        assert len(transport.send(_request(server, max_response_bytes=1000)).body) == 1000


def test_an_answer_that_is_too_large_is_lost(transport: HttpTransport) -> None:
    with (
        served(lambda request: Reply(body=b"x" * 1001)) as server,
        pytest.raises(AnswerLostError, match="larger than 1000 bytes"),
    ):
        transport.send(_request(server, max_response_bytes=1000))


def test_a_refused_connection_means_that_nothing_was_sent(transport: HttpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(NotSentError, match="NewConnectionError"):
        transport.send(HttpRequest(method="POST", url=f"http://127.0.0.1:{port}"))


def test_an_answer_that_does_not_come_in_time_is_lost(transport: HttpTransport) -> None:
    is_over = threading.Event()

    def answer_late(request: Received) -> Reply:
        is_over.wait(timeout=10)
        return Reply()

    with served(answer_late) as server:
        with pytest.raises(AnswerLostError, match="ReadTimeoutError"):
            transport.send(_request(server, read_timeout_seconds=0.1))
        is_over.set()

    assert len(server.received) == 1


def test_an_answer_that_is_cut_off_is_lost(transport: HttpTransport) -> None:
    with (
        served(lambda request: Reply(body=b"one", claimed_length=1000)) as server,
        pytest.raises(AnswerLostError, match=r"ProtocolError|IncompleteRead"),
    ):
        transport.send(_request(server))

    assert len(server.received) == 1


def test_a_request_that_asks_for_it_is_sent_with_the_credentials_of_its_provider() -> None:
    def authorize(request: HttpRequest, provider_id: str) -> Mapping[str, str]:
        return {"authorization": f"{provider_id}: {request.body.decode()}"}

    transport = HttpTransport(authorize)
    with served(lambda request: Reply()) as server:
        transport.send(_request(server, auth=(SigV4(service="lambda"),), headers={"x-own": "1"}), "painter")
        transport.send(_request(server), "painter")
    transport._pool.clear()

    signed, unsigned = server.received
    assert signed.headers["authorization"] == "painter: {}"
    assert "x-own" not in signed.headers
    assert "authorization" not in unsigned.headers


def test_a_transport_without_credentials_sends_nothing_that_needs_them(transport: HttpTransport) -> None:
    request = HttpRequest(method="POST", url="http://127.0.0.1:1", auth=(SigV4(service="lambda"),))

    with pytest.raises(ConfigurationError, match="credentials of 'painter'"):
        transport.send(request, "painter")


def test_a_connection_is_used_again(transport: HttpTransport) -> None:
    with served(lambda request: Reply(body=b"one")) as server:
        for _ in range(3):
            transport.send(_request(server))
        (pool,) = [transport._pool.connection_from_url(server.url)]

    assert (len(server.received), pool.num_connections) == (3, 1)


def test_what_is_larger_than_memory_is_read_piece_by_piece(transport: HttpTransport) -> None:
    body = b"x" * 1_000_000
    with (
        served(lambda request: Reply(body=body)) as server,
        transport.stream(_request(server, method="GET"), "painter") as pieces,
    ):
        read = list(pieces)

    assert b"".join(read) == body
    assert max(len(piece) for piece in read) <= 256 * 1024


def test_a_download_carries_the_providers_credentials() -> None:
    transport = HttpTransport(lambda request, provider_id: {"authorization": f"Bearer {provider_id}"})
    with (
        served(lambda request: Reply(body=b"one")) as server,
        transport.stream(_request(server, auth=(SigV4(service="any"),)), "painter") as pieces,
    ):
        assert list(pieces) == [b"one"]

    assert server.received[0].headers["authorization"] == "Bearer painter"
    transport._pool.clear()


@pytest.mark.parametrize(
    "reply", [Reply(status=404), Reply(status=302, headers={"location": "/"}), Reply(body=b"one", claimed_length=4)]
)
def test_a_download_that_is_no_success_or_breaks_off_is_lost(transport: HttpTransport, reply: Reply) -> None:
    with (
        served(lambda request: reply) as server,
        pytest.raises(AnswerLostError),
        transport.stream(_request(server), "painter") as pieces,
    ):
        list(pieces)


def test_a_download_without_a_connection_was_not_sent(transport: HttpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    request = HttpRequest(method="GET", url=f"http://127.0.0.1:{port}")
    with pytest.raises(NotSentError), transport.stream(request, "painter"):
        pass
