"""What adapters share: callers' options read strictly, answers leniently, base64 once, statuses by a table."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest
from pydantic import Field

from imagegate.domain.errors import (
    InvalidRequestError,
    InvalidTypeError,
    InvalidValueError,
    ProviderFailedError,
    ProviderThrottledError,
    UnknownParameterError,
)
from imagegate.domain.provider import InputPicture, ProviderCall
from imagegate.domain.wire import HttpResponse
from imagegate.reading import (
    Answer,
    ErrorTable,
    NoOptions,
    Options,
    PictureBytes,
    failed,
    read_answer,
    read_options,
    retry_after_seconds,
    shorten,
)
from tests.builders import a_card, a_request


class Brushes(Options):
    brush: Literal["wide", "fine"] | None = None
    layers: int = Field(default=1, ge=1)


class Painted(Answer):
    id: str
    picture: PictureBytes | None = None


def _call(**options: Any) -> ProviderCall:
    request = a_request(provider_options={"painter": options, "sketcher": {"brush": 3}})
    return ProviderCall(request=request, card=a_card(), base_url="https://painter.example")


def _answer(status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status=status, headers=headers or {}, body=b"")


def test_options_are_read_for_the_calls_own_provider() -> None:
    assert read_options(Brushes, _call(brush="fine", layers=3)) == Brushes(brush="fine", layers=3)
    assert read_options(Brushes, replace(_call(), request=a_request())) == Brushes()


@pytest.mark.parametrize(
    ("options", "kind", "param"),
    [
        ({"brsh": "fine"}, UnknownParameterError, "brsh"),
        ({"layers": "3"}, InvalidTypeError, "layers"),
        ({"layers": True}, InvalidTypeError, "layers"),
        ({"layers": 0}, InvalidValueError, "layers"),
        ({"brush": "broad"}, InvalidValueError, "brush"),
    ],
)
def test_a_wrong_option_is_named_with_those_that_are_known(
    options: dict[str, object], kind: type[InvalidRequestError], param: str
) -> None:
    with pytest.raises(InvalidRequestError, match="Known options: brush, layers") as refused:
        read_options(Brushes, _call(**options))

    assert type(refused.value) is kind
    assert refused.value.param == f"provider_options.painter.{param}"


def test_a_provider_without_options_takes_none() -> None:
    with pytest.raises(UnknownParameterError, match="Known options: none"):
        read_options(NoOptions, _call(brush="fine"))


def test_an_answer_is_read_for_what_is_declared_and_the_rest_let_through() -> None:
    text = base64.b64encode(b"one").decode()

    assert read_answer(Painted, f'{{"id": "1", "picture": "{text}", "new": {{}}}}'.encode()) == Painted.model_construct(
        id="1", picture=b"one"
    )


def test_base64_may_come_as_a_data_address() -> None:
    answer = read_answer(Painted, b'{"id": "1", "picture": "data:image/png;base64,b25l"}')

    assert answer is not None
    assert answer.picture == b"one"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b'{"id": 1}',
        b'{"id": "1", "picture": "b25"}',
        b'{"id": "1", "picture": "?"}',
        '{"id": "1", "picture": "\u00e9"}'.encode(),
        b'{"id": "1", "picture": 3}',
        b'{"id": "1", "picture": ["b25l"]}',
    ],
)
def test_what_is_not_of_the_shape_is_no_answer(body: bytes) -> None:
    assert read_answer(Painted, body) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": "\u0663"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 2),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
    ],
)
def test_the_wish_to_wait_is_read_in_seconds(headers: dict[str, str], seconds: int | None) -> None:
    assert retry_after_seconds(_answer(headers=headers)) == seconds


def test_a_failure_is_told_by_its_status_and_the_providers_words_only_to_the_caller_at_fault() -> None:
    table: ErrorTable = {400: (InvalidValueError, "No."), 429: (ProviderThrottledError, "Busy.")}

    wrong = failed("Painter", table, _answer(400), "a  secret\ndetail")
    busy = failed("Painter", table, _answer(429, {"retry-after": "7"}), "account 12")
    unknown = failed("Painter", table, _answer(418), "teapot")

    assert wrong.error.message == "No. Painter says: a secret detail"
    assert (busy.error.message, busy.error.retry_after_seconds) == ("Busy.", 7)
    assert type(unknown.error) is ProviderFailedError
    assert unknown.error.message == "Painter answered with status 418."
    assert unknown.metadata == {"status": 418}


def test_words_are_shortened_to_a_line_of_bounded_length() -> None:
    assert shorten(" a\n b ") == "a b"
    assert len(shorten("x" * 1000)) == 303


def test_a_picture_is_no_more_than_its_bytes_and_its_address() -> None:
    one = InputPicture(data=b"one", media_type="image/png", width=1, height=1, url="https://images.example/one")

    assert replace(_call(), inputs=(one,)).inputs[0] == one
