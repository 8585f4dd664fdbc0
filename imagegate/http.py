"""The one place that opens connections to providers and gateways: no retries, no redirects, bounded time and size."""

from collections.abc import Callable, Mapping

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.wire import HttpRequest, HttpResponse, SigV4

CONNECT_TIMEOUT_SECONDS = 5.0
_CHUNK_BYTES = 256 * 1024
# A name that cannot be resolved or a refused connection means that nothing was sent.
_NOT_SENT = (NewConnectionError, ConnectTimeoutError)

Sign = Callable[[HttpRequest, SigV4], Mapping[str, str]]


def refuse_to_sign(request: HttpRequest, auth: SigV4) -> Mapping[str, str]:
    """Stand in for a signer where no request needs a signature."""
    message = (
        f"{request.method} {request.url} asks for a signature for {auth.service}, and this transport signs nothing."
    )
    raise ConfigurationError(message)


class HttpTransport:
    """`Transport` on urllib3; connections are kept open between invocations of the same function."""

    def __init__(self, sign: Sign = refuse_to_sign) -> None:
        self._sign = sign
        self._pool = urllib3.PoolManager(num_pools=16, maxsize=4, retries=False)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send once.

        Raises:
            NotSentError: no connection came about.
            AnswerLostError: the connection broke, timed out, or the answer was too large.
        """
        headers = dict(request.headers) if request.auth is None else self._sign(request, request.auth)
        try:
            with self._pool.request(
                request.method,
                request.url,
                body=request.body,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=request.read_timeout_seconds),
                redirect=False,
                retries=False,
                preload_content=False,
            ) as response:
                body = _read(response, request.max_response_bytes)
                names = {name.lower(): value for name, value in response.headers.items()}
                return HttpResponse(status=response.status, headers=names, body=body)
        except _NOT_SENT as error:
            raise NotSentError(type(error).__name__) from error
        except HTTPError as error:
            raise AnswerLostError(type(error).__name__) from error


def _read(response: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    body = bytearray()
    for chunk in response.stream(_CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            message = f"the answer is larger than {limit} bytes"
            raise AnswerLostError(message)
    return bytes(body)
