"""A line of a batch is read strictly where all endpoints agree, and told in OpenAI's shape."""

import json
from typing import Any

import pytest

from imagegate.domain import batch_line
from imagegate.domain.batch import BatchEndpoint, Skip
from imagegate.domain.batch_line import (
    LineAnswer,
    LineError,
    LineOutcome,
    LineResult,
    SeenIds,
    answered,
    lost,
    read_line,
    request_id,
    skipped,
)
from tests.batches import BATCH_ID, a_line

GENERATIONS = BatchEndpoint.GENERATIONS


def told(result: LineResult) -> dict[str, Any]:
    assert result.data.endswith(b"\n")
    line: dict[str, Any] = json.loads(result.data)
    return line


def test_a_line_is_its_custom_id_and_the_body_of_a_request() -> None:
    line = read_line(a_line("one", body={"prompt": "a kite"}), GENERATIONS)

    assert (line.custom_id, line.body) == ("one", {"prompt": "a kite"})


@pytest.mark.parametrize(
    ("data", "code", "param"),
    [
        (b"no JSON\n", "invalid_json_line", None),
        (b"[" * 100_000, "invalid_json_line", None),
        (b"\xff\n", "invalid_json_line", None),
        (b"[]\n", "invalid_json_line", None),
        (a_line(""), "invalid_custom_id", "custom_id"),
        (a_line("x" * 513), "invalid_custom_id", "custom_id"),
        (a_line(custom_id=7), "invalid_custom_id", "custom_id"),  # type: ignore[arg-type]
        (a_line(method="GET"), "invalid_method", "method"),
        (a_line(url="/v1/images/edits"), "mismatched_url", "url"),
        (a_line(body="text"), "invalid_body", "body"),
    ],
)
def test_a_line_that_is_no_request_says_what_is_wrong(data: bytes, code: str, param: str | None) -> None:
    with pytest.raises(LineError) as caught:
        read_line(data, GENERATIONS)

    problem = caught.value.at(4)
    assert (problem.code, problem.param, problem.line) == (code, param, 4)
    assert problem.message


def test_an_id_is_new_once() -> None:
    seen = SeenIds()

    assert [seen.add(one) for one in ("a", "b", "a", "\ud800", "\ud800")] == [True, True, False, True, False]


def test_ids_that_want_the_same_place_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_line, "_PLACES", 4)
    seen = SeenIds()

    assert [seen.add(str(number)) for number in range(3)] == [True] * 3
    assert [seen.add(str(number)) for number in range(3)] == [False] * 3


@pytest.mark.parametrize(("status", "outcome"), [(200, LineOutcome.COMPLETED), (400, LineOutcome.FAILED)])
def test_an_answer_is_told_with_its_status(status: int, outcome: LineOutcome) -> None:
    answer = LineAnswer(status=status, body={"data": []}, request_id="req")

    result = answered(BATCH_ID, 3, "one", answer)

    assert result.outcome is outcome
    assert told(result) == {
        "id": request_id(BATCH_ID, 3),
        "custom_id": "one",
        "response": {"status_code": status, "request_id": "req", "body": {"data": []}},
        "error": None,
    }


@pytest.mark.parametrize(
    ("skip", "outcome"), [(Skip.CANCELLED, LineOutcome.FAILED), (Skip.EXPIRED, LineOutcome.EXPIRED)]
)
def test_a_line_that_was_never_begun_has_no_answer(skip: Skip, outcome: LineOutcome) -> None:
    result = skipped(BATCH_ID, 3, "one", skip)

    assert result.outcome is outcome
    assert (told(result)["response"], told(result)["error"]["code"]) == (None, skip.value)


def test_a_line_that_was_lost_says_so() -> None:
    result = lost(BATCH_ID, 3, "one")

    assert (result.outcome, told(result)["error"]["code"]) == (LineOutcome.FAILED, "internal_error")


def test_a_request_has_one_id_however_often_it_is_asked_for() -> None:
    assert request_id(BATCH_ID, 1) == request_id(BATCH_ID, 1) != request_id(BATCH_ID, 11)
    assert request_id(BATCH_ID, 1).startswith("batch_req_")
