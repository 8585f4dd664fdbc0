"""Lines of a batch: what stands in one line of its file, and what is answered to it."""

import hashlib
import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from imagegate.domain.batch import BatchEndpoint, BatchProblem, Skip
from imagegate.domain.errors import InternalError
from imagegate.domain.ids import BatchId
from imagegate.domain.request import JsonValue

MAX_LINE_BYTES = 5 * 1024 * 1024
MAX_CUSTOM_ID_CHARACTERS = 512
_METHOD = "POST"
# Twice as many as a batch has lines and a power of two, so that a free place is near.
_PLACES = 1 << 17
_WHY_SKIPPED = {
    Skip.CANCELLED: "The batch was cancelled before this request was begun. Send it again in another batch.",
    Skip.EXPIRED: "The batch's 24 hours were over before this request was begun. Send it again in another batch.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlace:
    """Where a line lies in the file of its batch; lines are counted from 1, as editors do."""

    number: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One request of a batch, its body still unread."""

    custom_id: str
    body: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """What the endpoint answers to one line."""

    status: int
    body: Mapping[str, JsonValue]
    request_id: str


class LineOutcome(StrEnum):
    """Where the result of a line goes, and how it counts."""

    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """What is written about one line that is over."""

    outcome: LineOutcome
    data: bytes


class LineError(Exception):
    """A line that is no request for its batch's endpoint."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param

    def at(self, line: int) -> BatchProblem:
        """Return the problem of the line with this number."""
        return BatchProblem(code=self.code, message=self.message, line=line, param=self.param)


class SeenIds:
    """Which custom ids a file has held so far, in memory of one size however many there are.

    Each is kept as 64 bits of its digest: among 50,000, two that differ look alike once in ten billion files.
    """

    def __init__(self) -> None:
        self._places = array("Q", bytes(8 * _PLACES))

    def add(self, custom_id: str) -> bool:
        """Keep an id and tell whether it is new."""
        digest = hashlib.blake2b(custom_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        # Zero marks a free place.
        mark = int.from_bytes(digest, "big") or 1
        place = mark % _PLACES
        while self._places[place] not in {0, mark}:
            place = (place + 1) % _PLACES
        is_new = self._places[place] == 0
        self._places[place] = mark
        return is_new


def read_line(data: bytes, endpoint: BatchEndpoint) -> BatchLine:
    """Read one line as far as every endpoint's lines are alike.

    Raises:
        LineError: the first thing that is wrong with it.
    """
    try:
        line = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LineError("invalid_json_line", "This line is not JSON. Write one object in each line.") from error
    if not isinstance(line, dict):
        raise LineError("invalid_json_line", "This line is not a JSON object.")
    custom_id, body = line.get("custom_id"), line.get("body")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= MAX_CUSTOM_ID_CHARACTERS:
        message = f"`custom_id` must be a text of 1 to {MAX_CUSTOM_ID_CHARACTERS} characters."
        raise LineError("invalid_custom_id", message, "custom_id")
    if line.get("method") != _METHOD:
        raise LineError("invalid_method", "`method` must be POST.", "method")
    if line.get("url") != endpoint.value:
        raise LineError("mismatched_url", f"`url` must be the batch's endpoint, {endpoint.value}.", "url")
    if not isinstance(body, dict):
        raise LineError("invalid_body", "`body` must be a JSON object.", "body")
    return BatchLine(custom_id=custom_id, body=body)


def answered(batch_id: BatchId, line: int, custom_id: str, answer: LineAnswer) -> LineResult:
    """Return the result of a line that its endpoint answered, with pictures or with an error."""
    response = {"status_code": answer.status, "request_id": answer.request_id, "body": answer.body}
    outcome = LineOutcome.COMPLETED if answer.status < 400 else LineOutcome.FAILED
    fields = {"custom_id": custom_id, "response": response, "error": None}
    return LineResult(outcome=outcome, data=_tell(batch_id, line, fields))


def skipped(batch_id: BatchId, line: int, custom_id: str, skip: Skip) -> LineResult:
    """Return the result of a line that was never begun."""
    error = {"code": skip.value, "message": _WHY_SKIPPED[skip]}
    outcome = LineOutcome.EXPIRED if skip is Skip.EXPIRED else LineOutcome.FAILED
    fields = {"custom_id": custom_id, "response": None, "error": error}
    return LineResult(outcome=outcome, data=_tell(batch_id, line, fields))


def lost(batch_id: BatchId, line: int, custom_id: str) -> LineResult:
    """Return the result of a line that the gateway lost sight of."""
    message = "The gateway failed while working on this request. Look at your generations before you send it again."
    error = {"code": InternalError.code, "message": message}
    return LineResult(
        outcome=LineOutcome.FAILED,
        data=_tell(batch_id, line, {"custom_id": custom_id, "response": None, "error": error}),
    )


def request_id(batch_id: BatchId, line: int) -> str:
    """Return the id of one request of a batch, which a repeat finds again."""
    return f"batch_req_{hashlib.sha256(f'{batch_id}/{line}'.encode()).hexdigest()[:32]}"


def _tell(batch_id: BatchId, line: int, fields: Mapping[str, JsonValue]) -> bytes:
    told = {"id": request_id(batch_id, line), **fields}
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"
