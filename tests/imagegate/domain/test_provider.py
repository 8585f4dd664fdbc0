"""What adapters exchange with the rest: values without hidden sharing, and safe defaults."""

from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.provider import Completed, Failed, Refused
from imagegate.domain.wire import HttpRequest


def test_answers_do_not_share_their_metadata() -> None:
    first, second = Completed(images=(), model_version="1"), Completed(images=(), model_version="1")

    assert first == second
    assert first.metadata is not second.metadata
    assert Refused(codes=(), message="").metadata == Failed(error=ProviderFailedError("")).metadata == {}


def test_a_request_is_bounded_and_unsigned_unless_it_says_otherwise() -> None:
    request = HttpRequest(method="GET", url="https://painter.example")

    assert request.auth is None
    assert 0 < request.read_timeout_seconds <= 60
    assert 0 < request.max_response_bytes <= 32 * 1024 * 1024
