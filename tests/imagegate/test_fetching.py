"""Fetching pictures from addresses that others gave: only public hosts over HTTPS, bounded, whatever they answer."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from imagegate import fetching
from imagegate.app.ports import AnswerLostError, NotSentError, TransportError
from imagegate.domain.wire import HttpRequest
from imagegate.fetching import Guard, GuardedFetch, GuardedPost, public_address, resolve_host
from tests.loopback import Loopback, Received, Reply, Respond, served

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::10.0.0.1",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "::169.254.169.254",
]


def _never(host: str) -> list[str]:
    raise AssertionError(host)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_with_an_address_that_is_not_public_is_refused(address: str) -> None:
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return [address]

    with pytest.raises(NotSentError, match="not public"):
        GuardedFetch(resolve)("https://pictures.example/one.png")

    assert asked == ["pictures.example"]


@pytest.mark.parametrize("addresses", [[], ["93.184.216.34", "127.0.0.1"], ["2606:2800:220:1::1", "::1"]])
def test_one_private_address_among_several_is_enough_to_refuse(addresses: list[str]) -> None:
    with pytest.raises(NotSentError):
        public_address(addresses)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_is_taken(address: str) -> None:
    assert public_address([address, "8.8.8.8"]) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example/one.png",
        "ftp://pictures.example/one.png",
        "file:///etc/passwd",
        "gopher://pictures.example",
        "//pictures.example/one.png",
        "pictures.example/one.png",
        "",
        "https://",
        "https:///one.png",
        "https://pictures.example:8443/one.png",
        "https://pictures.example:22",
        "https://user@pictures.example/one.png",
        "https://user:secret@pictures.example/one.png",
        "https://pictures.example:port/",
        "https://pictures.example:99999/",
        "https://[::1",
        "http://127.0.0.1/",
    ],
)
def test_anything_but_plain_https_is_refused_before_its_name_is_looked_up(url: str) -> None:
    with pytest.raises(NotSentError):
        GuardedFetch(_never)(url)


@given(st.text(max_size=80) | st.text("https:/.@example[]:019\\%?# ", max_size=60).map("https://".__add__))
def test_no_address_breaks_us(url: str) -> None:
    with pytest.raises(TransportError):
        GuardedFetch(lambda host: ["10.0.0.1"])(url)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".example", "a..example", "\u2603." * 80])
def test_a_host_that_cannot_be_resolved_leads_nowhere(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str, *arguments: object, **options: object) -> object:
        name.encode("idna")
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(NotSentError, match="cannot be resolved"):
        resolve_host(host)


def test_all_addresses_of_a_host_are_told() -> None:
    assert set(resolve_host("localhost")) <= {"127.0.0.1", "::1"}


def test_our_own_machine_is_refused_by_its_real_name() -> None:
    with pytest.raises(NotSentError, match="not public"):
        GuardedFetch()("https://localhost/one.png")


@pytest.fixture
def trusted() -> Iterator[Callable[[Respond], tuple[GuardedFetch, Loopback]]]:
    """Serve an answer on this machine from an origin that an operator configured."""
    running = []

    def start(respond: Respond) -> tuple[GuardedFetch, Loopback]:
        server = served(respond)
        loopback = server.__enter__()
        running.append(server)
        return GuardedFetch(_never, frozenset({loopback.url})), loopback

    yield start
    for server in running:
        server.__exit__(None, None, None)


Trusted = Callable[[Respond], tuple[GuardedFetch, Loopback]]


def test_an_origin_that_an_operator_configured_may_lie_on_this_machine(trusted: Trusted) -> None:
    fetch, server = trusted(lambda request: Reply(body=b"one"))

    assert fetch(f"{server.url}/a%20b.png?x=1&y=2") == b"one"
    (received,) = server.received
    assert (received.method, received.path) == ("GET", "/a%20b.png?x=1&y=2")
    assert received.headers["host"] == server.url.removeprefix("http://")
    assert not {"authorization", "cookie"} & received.headers.keys()


def test_an_origin_without_a_path_is_asked_for_its_root(trusted: Trusted) -> None:
    fetch, server = trusted(lambda request: Reply(body=b"one"))

    fetch(server.url)

    assert server.received[0].path == "/"


def test_the_same_host_on_another_port_is_not_trusted(trusted: Trusted) -> None:
    fetch, server = trusted(lambda request: Reply(body=b"one"))
    port = int(server.url.rsplit(":", 1)[1])

    with pytest.raises(NotSentError):
        fetch(f"http://127.0.0.1:{port - 1}/one.png")


def test_a_redirect_is_followed_within_what_is_allowed(trusted: Trusted) -> None:
    def answer(request: Received) -> Reply:
        return Reply(body=b"one") if request.path == "/two" else Reply(status=302, headers={"location": "/two"})

    fetch, server = trusted(answer)

    assert fetch(f"{server.url}/one") == b"one"
    assert [one.path for one in server.received] == ["/one", "/two"]


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/", "https://10.0.0.1/", "file:///etc/passwd"],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_private_address_is_refused(trusted: Trusted, location: str, status: int) -> None:
    _, server = trusted(lambda request: Reply(status=status, headers={"location": location}))
    fetch = GuardedFetch(lambda host: [host], frozenset({server.url}))

    with pytest.raises(NotSentError):
        fetch(f"{server.url}/one")

    assert len(server.received) == 1


@pytest.mark.parametrize("headers", [{"location": "/again"}, {}])
def test_redirects_without_end_are_given_up(trusted: Trusted, headers: dict[str, str]) -> None:
    fetch, server = trusted(lambda request: Reply(status=302, headers=headers))

    with pytest.raises(AnswerLostError, match="too many redirects"):
        fetch(f"{server.url}/one")

    assert len(server.received) == fetching.MAX_REDIRECTS + 1


@pytest.mark.parametrize("status", [201, 204, 304, 404, 500])
def test_what_is_no_success_is_no_picture(trusted: Trusted, status: int) -> None:
    fetch, server = trusted(lambda request: Reply(status=status))

    with pytest.raises(AnswerLostError, match=str(status)):
        fetch(f"{server.url}/one")


def test_a_picture_of_exactly_the_limit_is_read_and_a_larger_one_is_not(
    trusted: Trusted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_PICTURE_BYTES", 1000)
    fetch, server = trusted(lambda request: Reply(body=b"x" * int(request.path[1:])))

    assert len(fetch(f"{server.url}/1000")) == 1000
    with pytest.raises(AnswerLostError, match="larger than 1000 bytes"):
        fetch(f"{server.url}/1001")


def test_a_picture_that_breaks_off_is_lost(trusted: Trusted) -> None:
    fetch, server = trusted(lambda request: Reply(body=b"one", claimed_length=1000))

    with pytest.raises(AnswerLostError):
        fetch(f"{server.url}/one")


def test_a_download_that_takes_too_long_over_its_redirects_is_given_up(
    trusted: Trusted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", -1.0)
    fetch, server = trusted(lambda request: Reply(body=b"one"))

    with pytest.raises(AnswerLostError, match="too long"):
        fetch(f"{server.url}/one")


def test_the_connection_goes_to_the_very_address_that_was_checked() -> None:
    guard = Guard(lambda host: ["93.184.216.34"], frozenset())

    pool = guard.pool(fetching._split("https://pictures.example/one.png"), urllib3.Timeout(1))

    assert (pool.host, pool.port, pool.scheme) == ("93.184.216.34", 443, "https")
    assert getattr(pool, "assert_hostname", None) == "pictures.example"
    assert pool.conn_kw["server_hostname"] == "pictures.example"
    pool.close()


def _message(url: str) -> HttpRequest:
    return HttpRequest(method="POST", url=url, headers={"webhook-id": "evt_one"}, body=b"{}")


@pytest.mark.parametrize("address", PRIVATE)
def test_nothing_is_posted_to_an_address_that_is_not_public(address: str) -> None:
    post = GuardedPost(lambda host: [address])

    with pytest.raises(NotSentError, match="not public"):
        post(_message("https://app.example/hooks"))
    with pytest.raises(NotSentError, match="not public"):
        post.check("https://app.example/hooks")


@pytest.mark.parametrize("url", ["http://app.example/", "https://app.example:8443/", "https://user@app.example/", ""])
def test_only_plain_https_is_posted_to(url: str) -> None:
    post = GuardedPost(_never)

    with pytest.raises(NotSentError):
        post(_message(url))
    with pytest.raises(NotSentError):
        post.check(url)


def test_a_public_address_passes_the_check_without_a_connection() -> None:
    GuardedPost(lambda host: ["93.184.216.34"]).check("https://app.example/hooks")


def test_a_message_arrives_as_it_was_signed_and_the_body_of_the_answer_is_not_read() -> None:
    with served(lambda request: Reply(status=503, headers={"Retry-After": "7"}, body=b"x" * 100)) as server:
        answer = GuardedPost(_never, frozenset({server.url}))(_message(f"{server.url}/hooks?of=one"))

    (received,) = server.received
    assert (received.method, received.path, received.body) == ("POST", "/hooks?of=one", b"{}")
    assert received.headers["webhook-id"] == "evt_one"
    assert received.headers["host"] == server.url.removeprefix("http://")
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "7", b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_follows_no_redirect(status: int) -> None:
    with served(lambda request: Reply(status=status, headers={"location": "/elsewhere"})) as server:
        answer = GuardedPost(_never, frozenset({server.url}))(_message(f"{server.url}/hooks"))

    assert answer.status == status
    assert [one.path for one in server.received] == ["/hooks"]


def test_a_receiver_that_is_not_there_is_a_lost_answer() -> None:
    with served(lambda request: Reply()) as server:
        origin = server.url

    with pytest.raises(AnswerLostError, match="NewConnectionError"):
        GuardedPost(_never, frozenset({origin}))(_message(f"{origin}/hooks"))


def test_a_receiver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_POST_TIMEOUT", urllib3.Timeout(connect=1, total=0.05))
    answered = threading.Event()

    def hesitate(request: Received) -> Reply:
        answered.wait(5)
        return Reply()

    with served(hesitate) as server:
        with pytest.raises(AnswerLostError, match="ReadTimeoutError"):
            GuardedPost(_never, frozenset({server.url}))(_message(f"{server.url}/hooks"))
        answered.set()
