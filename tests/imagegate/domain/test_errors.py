"""The error tree: codes are unique, and the drawing in its docstring is true."""

import re
from collections.abc import Iterator

import pytest

from imagegate.domain import errors
from imagegate.domain.errors import (
    CallerError,
    ConfigurationError,
    IdempotencyKeyReusedError,
    ImagegateError,
    InternalError,
    InvalidRequestError,
    ProviderError,
)

ABSTRACT = {ImagegateError, CallerError, InvalidRequestError, ProviderError}


def _below(kind: type[ImagegateError]) -> Iterator[type[ImagegateError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


LEAVES = [kind for kind in _below(ImagegateError) if kind not in ABSTRACT]


def _drawn(kind: type[ImagegateError]) -> str:
    lines = (errors.__doc__ or "").splitlines()
    return next((line for line in lines if re.search(rf"─ {kind.__name__}\b", line)), "")


@pytest.mark.parametrize("kind", LEAVES)
def test_every_leaf_is_drawn_with_its_code_and_its_chance_of_a_repeat(kind: type[ImagegateError]) -> None:
    line = _drawn(kind)

    assert kind.code in line
    assert ("repeat later" in line) is kind.retryable


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if not issubclass(kind, InvalidRequestError)])
def test_every_leaf_is_drawn_with_its_status(kind: type[ImagegateError]) -> None:
    assert f" {kind.http_status} " in _drawn(kind)


def test_no_two_leaves_share_a_code() -> None:
    codes = [kind.code for kind in LEAVES]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if issubclass(kind, CallerError)])
def test_a_callers_error_is_a_4xx(kind: type[ImagegateError]) -> None:
    assert 400 <= kind.http_status < 500


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if not issubclass(kind, CallerError)])
def test_our_errors_and_a_providers_are_not_the_callers(kind: type[ImagegateError]) -> None:
    assert kind.http_status >= 500 or kind is errors.WebhookVerificationError


def test_an_error_carries_what_helps_its_reader() -> None:
    error = IdempotencyKeyReusedError("Wait.", param="p", generation_id="gen_1", retry_after_seconds=2)

    assert str(error) == error.message == "Wait."
    assert (error.param, error.generation_id, error.retry_after_seconds) == ("p", "gen_1", 2)


def test_our_own_fault_is_not_repeated_by_an_sdk_since_the_provider_may_have_been_paid() -> None:
    assert not InternalError.retryable


def test_a_configuration_error_is_no_gateway_error() -> None:
    assert not issubclass(ConfigurationError, ImagegateError)
