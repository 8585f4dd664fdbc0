"""Validate: read a batch's file line by line, and write down where each line lies; no memory grows with the file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from imagegate.app.batch_ports import BatchStore, FileObjects, StaleBatchError, Write
from imagegate.app.ports import Clock
from imagegate.domain.batch import MAX_LINES, MAX_PROBLEMS, Batch, BatchProblem, begin, fail
from imagegate.domain.batch_line import MAX_LINE_BYTES, LineError, LinePlace, SeenIds, read_line
from imagegate.domain.file import JSONL
from imagegate.domain.ids import BatchId, ProjectId
from shared_names import BATCHES_PREFIX

_NEWLINE = b"\n"
_FILE_PROBLEMS = {
    "empty_file": "The file holds no request. Write one in each line.",
    "too_many_lines": f"A batch holds at most {MAX_LINES} requests. Split the file.",
    "too_many_problems": f"Only the first {MAX_PROBLEMS} problems are told.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateBatch:
    """Starts a batch on its lines, or fails it with what is wrong with its file."""

    batches: BatchStore
    objects: FileObjects
    clock: Clock

    def __call__(self, project_id: ProjectId, batch_id: BatchId) -> Batch | None:
        """Return the batch, running or failed; None where it is no more."""
        batch = self.batches.read(project_id, batch_id)
        if batch is None or batch.status.is_terminal or batch.in_progress_at is not None:
            return batch
        # The file may be deleted while the batch runs.
        self.objects.copy(batch.input_key, input_key(batch))
        findings = _Findings()
        with self.objects.open(manifest_key(batch), JSONL) as write:
            self._read(batch, findings, write)
        return self._write(batch, findings)

    def _read(self, batch: Batch, findings: "_Findings", write: Write) -> None:
        seen = SeenIds()
        for place, line in lines_of(self.objects.chunks(input_key(batch))):
            if findings.lines == MAX_LINES:
                findings.add(_file_problem("too_many_lines"))
                return
            if len(findings.problems) == MAX_PROBLEMS:
                findings.add(_file_problem("too_many_problems"))
                return
            findings.lines += 1
            problem = _check(batch, place, line, seen)
            if problem is not None:
                findings.add(problem)
            write(_manifest_line(place))
        if findings.lines == 0:
            findings.add(_file_problem("empty_file"))

    def _write(self, batch: Batch, findings: "_Findings") -> Batch:
        while True:
            problems, now = tuple(findings.problems), self.clock()
            changed = fail(batch, problems, now) if problems else begin(batch, findings.lines, now)
            try:
                return self.batches.write(changed)
            except StaleBatchError:
                # Somebody canceled it, which happens once.
                latest = self.batches.read(batch.project_id, batch.id)
                if latest is None or latest.status.is_terminal:
                    raise
                batch = latest


@dataclass(slots=True)
class _Findings:
    """What was found in a file so far."""

    lines: int = 0
    problems: list[BatchProblem] = field(default_factory=list)

    def add(self, problem: BatchProblem) -> None:
        """Keep a problem."""
        self.problems.append(problem)


def input_key(batch: Batch) -> str:
    """Return where the batch's own copy of its file lies."""
    return f"{BATCHES_PREFIX}{batch.project_id}/{batch.id}/input.jsonl"


def manifest_key(batch: Batch) -> str:
    """Return where the list of a batch's lines lies, one small object for each."""
    return f"{BATCHES_PREFIX}{batch.project_id}/{batch.id}/manifest.jsonl"


def lines_of(chunks: Iterator[bytes]) -> Iterator[tuple[LinePlace, bytes]]:
    """Return the lines that are not blank, with their places; of a line over the limit, no more than a piece."""
    offset = 0
    for number, (length, line) in enumerate(_raw_lines(chunks), start=1):
        if length > MAX_LINE_BYTES or line.strip():
            yield LinePlace(number=number, offset=offset, length=length), line
        offset += length


def read_manifest(chunks: Iterator[bytes]) -> Iterator[LinePlace]:
    """Return the places that a manifest lists."""
    for _, line in _raw_lines(chunks):
        yield LinePlace(**json.loads(line))


def _raw_lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Return each line with its length; what is over the limit is counted and not kept."""
    kept, length = bytearray(), 0
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            end = chunk.find(_NEWLINE, start) + 1 or len(chunk)
            length += end - start
            if length <= MAX_LINE_BYTES:
                kept += chunk[start:end]
            if chunk[end - 1 : end] == _NEWLINE:
                yield length, bytes(kept)
                kept, length = bytearray(), 0
            start = end
    if length:
        yield length, bytes(kept)


def _check(batch: Batch, place: LinePlace, line: bytes, seen: SeenIds) -> BatchProblem | None:
    if place.length > MAX_LINE_BYTES:
        message = f"This line is over {MAX_LINE_BYTES} bytes. Name pictures by address or `file_id`."
        return BatchProblem(code="line_too_long", message=message, line=place.number)
    try:
        custom_id = read_line(line, batch.endpoint).custom_id
    except LineError as error:
        return error.at(place.number)
    if seen.add(custom_id):
        return None
    message = "Another line has this `custom_id`. Each line needs its own."
    return BatchProblem(code="duplicate_custom_id", message=message, line=place.number, param="custom_id")


def _file_problem(code: str) -> BatchProblem:
    return BatchProblem(code=code, message=_FILE_PROBLEMS[code])


def _manifest_line(place: LinePlace) -> bytes:
    told = {"number": place.number, "offset": place.offset, "length": place.length}
    return json.dumps(told, separators=(",", ":")).encode() + _NEWLINE
