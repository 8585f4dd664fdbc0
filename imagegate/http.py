"""The one place that opens connections to providers and gateways: no retries, no redirects, bounded time and size."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.wire import HttpRequest, HttpResponse

CONNECT_TIMEOUT_SECONDS = 5.0
_CHUNK_BYTES = 256 * 1024
_SPOOL_BYTES = 1024 * 1024
# A name that cannot be resolved or a refused connection means that nothing was sent.
_NOT_SENT = (NewConnectionError, ConnectTimeoutError)

Authorize = Callable[[HttpRequest, str], Mapping[str, str]]
"""Returns the headers to send in place of the request's own, with the credentials of the provider named."""


def refuse_to_authorize(request: HttpRequest, provider_id: str) -> Mapping[str, str]:
    """Stand in where no request needs credentials."""
    message = f"{request.method} {request.url} asks for credentials of {provider_id!r}, and this transport has none."
    raise ConfigurationError(message)


class HttpTransport:
    """`Transport` on urllib3; connections are kept open between invocations of the same function."""

    def __init__(
        self, authorize: Authorize = refuse_to_authorize, *, longest_read_seconds: float | None = None
    ) -> None:
        self._authorize = authorize
        self._longest_read_seconds = longest_read_seconds
        self._pool = urllib3.PoolManager(num_pools=16, maxsize=8, retries=False)

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        """Send once.

        Raises:
            NotSentError: no connection came about.
            AnswerLostError: the connection broke, timed out, or the answer was too large.
        """
        headers = self._authorize(request, provider_id) if request.auth else dict(request.headers)
        try:
            with self._pool.request(
                request.method,
                request.url,
                body=request.body or None,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=self._read_seconds(request)),
                redirect=False,
                retries=False,
                preload_content=False,
            ) as response:
                body = read_body(response, request.max_response_bytes)
                names = {name.lower(): value for name, value in response.headers.items()}
                return HttpResponse(status=response.status, headers=names, body=body)
        except _NOT_SENT as error:
            raise NotSentError(type(error).__name__) from error
        except HTTPError as error:
            raise AnswerLostError(type(error).__name__) from error

    @contextmanager
    def stream(self, request: HttpRequest, provider_id: str) -> Iterator[Iterator[bytes]]:
        """Return the body of a successful answer, piece by piece, as what is larger than memory is read.

        Raises:
            NotSentError: no connection came about.
            AnswerLostError: the answer broke off, or was no success.
        """
        headers = self._authorize(request, provider_id) if request.auth else dict(request.headers)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=self._read_seconds(request))
        try:
            with self._pool.request(
                request.method,
                request.url,
                headers=headers,
                timeout=timeout,
                redirect=False,
                retries=False,
                preload_content=False,
            ) as response:
                if response.status != 200:
                    message = f"status {response.status}"
                    raise AnswerLostError(message)
                yield response.stream(_CHUNK_BYTES)
        except _NOT_SENT as error:
            raise NotSentError(type(error).__name__) from error
        except HTTPError as error:
            raise AnswerLostError(type(error).__name__) from error

    def _read_seconds(self, request: HttpRequest) -> float:
        # A function that is stopped while it waits can write nothing down; one that gives up before can.
        return min(request.read_timeout_seconds, self._longest_read_seconds or request.read_timeout_seconds)


def read_body(response: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    """Read a body in pieces.

    Raises:
        AnswerLostError: it is larger than the limit in bytes.
    """
    # What is large goes to a file while it arrives, so that growing never holds two copies of it in memory.
    with SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        for chunk in response.stream(_CHUNK_BYTES):
            spool.write(chunk)
            if spool.tell() > limit:
                message = f"the answer is larger than {limit} bytes"
                raise AnswerLostError(message)
        spool.seek(0)
        return spool.read()
