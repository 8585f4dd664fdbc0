"""Reach addresses that others gave, for pictures and for webhooks: HTTPS on public addresses only, checked each time.

The name is resolved once and the connection goes to that very address, so a name that resolves differently a moment
later (DNS rebinding) gains nothing.
https://owasp.org/www-community/attacks/Server_Side_Request_Forgery (checked 2026-11-22)
"""

import ipaddress
import socket
import time
from collections.abc import Callable
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.wire import HttpRequest, HttpResponse
from imagegate.http import read_body

MAX_PICTURE_BYTES = 48 * 1024 * 1024
MAX_REDIRECTS = 3
MAX_SECONDS = 20.0
_CONNECT_TIMEOUT_SECONDS = 5.0
_READ_TIMEOUT_SECONDS = 10.0
_POST_TIMEOUT = urllib3.Timeout(connect=_CONNECT_TIMEOUT_SECONDS, total=10.0)
_FETCH_TIMEOUT = urllib3.Timeout(connect=_CONNECT_TIMEOUT_SECONDS, read=_READ_TIMEOUT_SECONDS)
_UNICAST = ipaddress.IPv6Network("2000::/3")
_REDIRECTS = {301, 302, 303, 307, 308}

Resolve = Callable[[str], list[str]]


class Guard:
    """Opens connections that never touch a private, link-local or metadata address."""

    def __init__(self, resolve: Resolve | None, trusted_origins: frozenset[str]) -> None:
        self._resolve = resolve or resolve_host
        # Origins an operator configured, such as a stand-in on this machine; nothing else is exempt.
        self._trusted_origins = trusted_origins

    def pool(self, parts: SplitResult, timeout: urllib3.Timeout) -> urllib3.HTTPConnectionPool:
        """Return a pool whose connections go to the one address that was checked.

        Raises:
            NotSentError: the address is not allowed, or leads nowhere.
        """
        host = parts.hostname or ""
        if f"{parts.scheme}://{parts.netloc}" in self._trusted_origins:
            kind = urllib3.HTTPSConnectionPool if parts.scheme == "https" else urllib3.HTTPConnectionPool
            return kind(host, port=parts.port, timeout=timeout, maxsize=1)
        if parts.scheme != "https" or parts.port not in {None, 443} or "@" in parts.netloc or not host:
            raise NotSentError("only https addresses without a port or user are allowed")
        address = public_address(self._resolve(host))
        return urllib3.HTTPSConnectionPool(
            address, port=443, timeout=timeout, maxsize=1, assert_hostname=host, server_hostname=host
        )


class GuardedPost:
    """Sends to an address that a client registered: once, without following redirects, and without reading a body."""

    def __init__(self, resolve: Resolve | None = None, trusted_origins: frozenset[str] = frozenset()) -> None:
        self._guard = Guard(resolve, trusted_origins)

    def check(self, url: str) -> None:
        """Look an address up without connecting to it.

        Raises:
            NotSentError: nothing will ever be sent there.
        """
        self._guard.pool(_split(url), _POST_TIMEOUT).close()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the status and the headers of the answer.

        Raises:
            NotSentError: the address is not allowed, or leads nowhere.
            AnswerLostError: no answer came in time.
        """
        parts = _split(request.url)
        pool = self._guard.pool(parts, _POST_TIMEOUT)
        try:
            with pool.request(
                request.method,
                _target_of(parts),
                body=request.body,
                headers={**request.headers, "host": parts.netloc},
                redirect=False,
                retries=False,
                preload_content=False,
            ) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                return HttpResponse(status=response.status, headers=names, body=b"")
        except HTTPError as error:
            raise AnswerLostError(type(error).__name__) from error
        finally:
            pool.close()


class GuardedFetch:
    """Downloads without credentials and without ever touching a private, link-local or metadata address."""

    def __init__(self, resolve: Resolve | None = None, trusted_origins: frozenset[str] = frozenset()) -> None:
        self._guard = Guard(resolve, trusted_origins)

    def __call__(self, url: str) -> bytes:
        """Return the bytes behind an address.

        Raises:
            NotSentError: the address is not allowed, or leads nowhere.
            AnswerLostError: the answer broke off, was too large, or was no success.
        """
        deadline = time.monotonic() + MAX_SECONDS
        for _ in range(MAX_REDIRECTS + 1):
            if time.monotonic() > deadline:
                raise AnswerLostError("the download took too long")
            answer = self._get(url)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
        raise AnswerLostError("too many redirects")

    def _get(self, url: str) -> bytes | str:
        parts = _split(url)
        pool = self._guard.pool(parts, _FETCH_TIMEOUT)
        headers = {"host": parts.netloc}
        try:
            with pool.request(
                "GET", _target_of(parts), headers=headers, redirect=False, retries=False, preload_content=False
            ) as response:
                if response.status in _REDIRECTS:
                    return response.headers.get("location", "")
                if response.status != 200:
                    raise AnswerLostError(f"status {response.status}")
                return read_body(response, MAX_PICTURE_BYTES)
        except HTTPError as error:
            raise AnswerLostError(type(error).__name__) from error
        finally:
            pool.close()


def _target_of(parts: SplitResult) -> str:
    return (parts.path + (f"?{parts.query}" if parts.query else "")) or "/"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise NotSentError("the address cannot be read") from error
    return parts


def resolve_host(host: str) -> list[str]:
    """Return all addresses of a host.

    Raises:
        NotSentError: there is none.
    """
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSentError("the host cannot be resolved") from error
    return [str(one[4][0]) for one in found]


def public_address(addresses: list[str]) -> str:
    """Return the first address, if every one of them is public.

    Raises:
        NotSentError: one is private, link-local, loopback, reserved, or there is none.
    """
    if not addresses or not all(_is_public(address) for address in addresses):
        raise NotSentError("the host has an address that is not public")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv6Address) and not _is_plain(address):
        return False
    return address.is_global and not address.is_multicast


def _is_plain(address: ipaddress.IPv6Address) -> bool:
    # Addresses with an IPv4 address inside (6to4, Teredo, and NAT64 outside 2000::/3) may lead to a private one.
    return address in _UNICAST and address.sixtofour is None and address.teredo is None
