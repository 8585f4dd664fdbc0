"""Which lines of a batch travel in which of their providers' batches, and how far each of those is, kept as objects.

Only one process works on a batch at a time, the one that its machine waits for.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from imagegate.app.batch_ports import FileObjects, LineResults
from imagegate.app.validate_batch import manifest_key, read_manifest
from imagegate.domain.batch import Batch
from imagegate.domain.batch_line import LineOutcome, LinePlace, LineResult
from imagegate.domain.ids import JobId
from shared_names import BATCHES_PREFIX

# Far fewer than a provider takes: one function must be able to send them, and to go through their results, in minutes.
MOST_LINES = 200
MOST_BYTES = 16 * 1024 * 1024
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passenger:
    """A line that travels in a provider's batch, and its generation."""

    place: LinePlace
    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One batch of a provider's, from its plan to its end.

    `creating_at` is written before it is created and `is_unsure` is taken back once it is known what came of that.
    """

    number: int
    provider: str
    file_id: str | None = None
    creating_at: datetime | None = None
    is_unsure: bool = False
    batch_id: str | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorChunks:
    """Keeps them; `lines` holds the lines that travel, as `LineResults` whose data names provider and generation."""

    objects: FileObjects
    lines: LineResults

    def add(self, batch: Batch, line: int, provider: str, job_id: JobId) -> None:
        """Let a line travel; a repeat changes nothing."""
        if self.objects.size(_key(batch)) is None:
            self.objects.put(_key(batch), b"", _JSON)
        data = json.dumps({"provider": provider, "job_id": job_id}).encode()
        self.lines.add(batch, line, LineResult(outcome=LineOutcome.COMPLETED, data=data))

    def read(self, batch: Batch) -> list[Chunk]:
        """Return the chunks of a batch, planned at the first look."""
        if self.objects.size(_key(batch)) is None:
            return []
        kept = b"".join(self.objects.chunks(_key(batch)))
        if kept:
            return [_read_chunk(one) for one in json.loads(kept)]
        chunks = list(self._plan(batch))
        self.save(batch, chunks)
        return chunks

    def save(self, batch: Batch, chunks: list[Chunk]) -> None:
        """Keep how far they are."""
        self.objects.put(_key(batch), json.dumps([asdict(one) for one in chunks], default=str).encode(), _JSON)

    def passengers(self, batch: Batch, chunk: Chunk) -> list[Passenger]:
        """Return the lines of a chunk."""
        kept = json.loads(b"".join(self.objects.chunks(_key(batch, chunk.number))))
        return [Passenger(place=LinePlace(**one["place"]), job_id=JobId(one["job_id"])) for one in kept]

    def _plan(self, batch: Batch) -> Iterator[Chunk]:
        open_groups: dict[str, list[Passenger]] = {}
        count = 0
        for place, kept in self.lines.read_all(batch, read_manifest(self.objects.chunks(manifest_key(batch)))):
            if kept is None:
                continue
            told = json.loads(kept.data)
            group = open_groups.setdefault(told["provider"], [])
            if group and not _has_room(group, place):
                count += 1
                yield self._close(batch, count, told["provider"], group)
                group.clear()
            group.append(Passenger(place=place, job_id=JobId(told["job_id"])))
        for provider, group in open_groups.items():
            count += 1
            yield self._close(batch, count, provider, group)

    def _close(self, batch: Batch, number: int, provider: str, group: list[Passenger]) -> Chunk:
        self.objects.put(_key(batch, number), json.dumps([asdict(one) for one in group]).encode(), _JSON)
        return Chunk(number=number, provider=provider)


def _has_room(group: list[Passenger], place: LinePlace) -> bool:
    size = sum(one.place.length for one in group) + place.length
    return len(group) < MOST_LINES and size <= MOST_BYTES


def _read_chunk(kept: dict[str, Any]) -> Chunk:
    creating_at = kept["creating_at"]
    return Chunk(**{**kept, "creating_at": creating_at and datetime.fromisoformat(creating_at)})


def _key(batch: Batch, chunk: int | None = None) -> str:
    name = "vendor.json" if chunk is None else f"vendor/{chunk}.json"
    return f"{BATCHES_PREFIX}{batch.project_id}/{batch.id}/{name}"
