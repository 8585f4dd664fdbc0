"""What adapters exchange with the rest: values without hidden sharing, and safe defaults."""

from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.provider import Cancelable, Completed, Failed, Pollable, Refused
from imagegate.domain.wire import HttpRequest
from tests.fakes import ScriptedProvider, SlowProvider


def test_answers_do_not_share_their_metadata() -> None:
    first, second = Completed(images=()), Completed(images=())

    assert first == second
    assert first.metadata is not second.metadata
    assert Refused(codes=(), message="").metadata == Failed(error=ProviderFailedError("")).metadata == {}


def test_only_a_provider_that_can_be_asked_is_pollable_and_only_one_that_can_stop_is_cancelable() -> None:
    assert isinstance(SlowProvider([]), Pollable)
    assert not isinstance(ScriptedProvider([]), Pollable)
    assert not isinstance(SlowProvider([]), Cancelable)


def test_a_request_is_bounded_and_unsigned_unless_it_says_otherwise() -> None:
    request = HttpRequest(method="GET", url="https://painter.example")

    assert request.auth == ()
    assert 0 < request.read_timeout_seconds <= 60
    assert 0 < request.max_response_bytes <= 64 * 1024 * 1024
