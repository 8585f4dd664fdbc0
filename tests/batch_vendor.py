"""A provider that takes batches, in memory, with a gateway whose lines travel in them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from imagegate.app.ask_vendor import AskVendor
from imagegate.app.ports import TransportError
from imagegate.app.receive_images import ReceiveImages
from imagegate.app.run_vendor_batches import RunVendorBatches
from imagegate.app.settle_line import SettleLine
from imagegate.app.validate_batch import input_key, manifest_key
from imagegate.app.vendor_chunks import VendorChunks
from imagegate.app.work_on_line import Endpoints, LineRequest, LineTask, LineVerdict, WorkOnLine
from imagegate.domain.batch import BatchEndpoint, BatchStatus
from imagegate.domain.batch_line import BatchLine, LineAnswer, LinePlace
from imagegate.domain.errors import ImagegateError
from imagegate.domain.job import Job
from imagegate.domain.provider import Failed, ProviderCall
from imagegate.domain.vendor_batch import (
    BatchWish,
    CreateBatch,
    ListBatches,
    LookAtBatch,
    UploadLines,
    VendorBatch,
    VendorLine,
)
from imagegate.domain.wire import HttpRequest, HttpResponse
from tests.batches import BATCH_ID, MemoryBatchStore, MemoryLineResults, MemoryObjects, a_batch, a_line
from tests.builders import PROJECT_ID, a_card, a_request
from tests.fakes import ScriptedProvider
from tests.imagegate.app.harness import Harness, completed, nothing_to_fetch

Answer = tuple[VendorBatch, ...] | Failed | None
OVER = VendorBatch(id="vendor_1", is_over=True, files=("results",))


@dataclass
class BatchProvider(ScriptedProvider):
    """One that answers requests about batches from `answers`, by kind and in order; the last one stays."""

    answers: dict[type[Any], list[Answer]] = field(default_factory=dict)
    wishes: list[BatchWish] = field(default_factory=list)
    address: str = ""

    def batch_line(self, call: ProviderCall, custom_id: str) -> bytes:
        return json.dumps({"custom_id": custom_id, "prompt": call.request.prompt}).encode() + b"\n"

    def ask_batches(self, base_url: str, wish: BatchWish) -> HttpRequest:
        self.wishes.append(wish)
        return HttpRequest(method="GET", url=self.address or f"{base_url}/{type(wish).__name__}")

    def read_batches(self, response: HttpResponse) -> Answer:
        answers = self.answers[type(self.wishes[-1])]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def read_batch_line(self, line: bytes) -> VendorLine | None:
        if b"custom_id" not in line:
            return None
        return VendorLine(custom_id=json.loads(line)["custom_id"], told=HttpResponse(status=200, headers={}, body=line))

    def asked(self, kind: type[Any]) -> int:
        """Return how often a wish of a kind was sent."""
        return sum(isinstance(wish, kind) for wish in self.wishes)


def read_request(endpoint: BatchEndpoint, line: BatchLine) -> LineRequest:
    return LineRequest(request=a_request(prompt=str(line.body["prompt"])))


def tell_job(line: BatchLine, job: Job, request_id: str) -> LineAnswer:
    status = job.problem.http_status if job.problem else 200
    told = {"status": job.status.value, "code": job.problem.code if job.problem else None}
    return LineAnswer(status=status, body=told, request_id=request_id)


def tell_error(error: ImagegateError, request_id: str) -> LineAnswer:
    return LineAnswer(status=error.http_status, body={"code": error.code}, request_id=request_id)


ENDPOINTS = Endpoints(read=read_request, tell_job=tell_job, tell_error=tell_error)


class Travel:
    """A running batch of lines that travel; its provider's batch is over at the first look unless told otherwise."""

    def __init__(self, lines: int = 1, **answers: list[Answer]) -> None:
        by_kind: dict[type[Any], list[Answer]] = {
            UploadLines: answers.get("uploaded", [(VendorBatch(id="file_1"),)]),
            CreateBatch: answers.get("created", [(VendorBatch(id="vendor_1"),)]),
            ListBatches: answers.get("listed", [()]),
            LookAtBatch: answers.get("looks", [(OVER,)]),
        }
        self.provider = BatchProvider([completed() for _ in range(lines * 2)], answers=by_kind)
        self.gateway = Harness(maker=self.provider, settings={"batch_api": "on"}, cards=(a_card(images_per_call=1),))
        self.batches, self.results = MemoryBatchStore(), MemoryLineResults()
        self.batch = self.batches.add(a_batch(status=BatchStatus.IN_PROGRESS))
        self.objects = MemoryObjects()
        self.chunks = VendorChunks(objects=self.objects, lines=MemoryLineResults())
        self.files: dict[str, bytes | TransportError] = {}
        self.while_reading: Callable[[], object] = lambda: None
        self.tasks = self._write([a_line(f"line-{number}") for number in range(lines)])
        self.work = self._work()
        self.run = RunVendorBatches(
            batches=self.batches,
            chunks=self.chunks,
            ask=AskVendor(calls=self.gateway.calls, download=self._download),
            settle=SettleLine(
                calls=self.gateway.calls,
                steps=self.gateway.steps,
                jobs=self.gateway.jobs,
                clock=self.gateway.clock,
            ),
            work_on_line=self.work,
            clock=self.gateway.clock,
        )

    def __call__(self) -> int | None:
        """Take one step."""
        return self.run(PROJECT_ID, BATCH_ID, ENDPOINTS)

    def begin(self) -> list[LineVerdict]:
        """Begin every line; each of them will be answered."""
        verdicts = [self.work.begin(task, ENDPOINTS) for task in self.tasks]
        self.files["results"] = b"".join(self.result(one) for one in self.jobs())
        return verdicts

    def result(self, job: Job) -> bytes:
        """Return the provider's line about a generation."""
        return json.dumps({"custom_id": f"{job.id}/1"}).encode() + b"\n"

    def jobs(self) -> list[Job]:
        return list(self.gateway.jobs.jobs.values())

    def told(self) -> dict[int, Any]:
        """Return the body or the error of each line that is over."""
        lines = {number: json.loads(result.data) for number, result in sorted(self.results.results.items())}
        return {number: (line["response"] or {}).get("body") or line["error"]["code"] for number, line in lines.items()}

    def _write(self, lines: list[bytes]) -> list[LineTask]:
        self.objects.objects[input_key(self.batch)] = b"".join(lines)
        places, offset = [], 0
        for number, line in enumerate(lines, start=1):
            places.append(LinePlace(number=number, offset=offset, length=len(line)))
            offset += len(line)
        manifest = (json.dumps({"number": one.number, "offset": one.offset, "length": one.length}) for one in places)
        self.objects.objects[manifest_key(self.batch)] = "\n".join(manifest).encode()
        return [LineTask(project_id=PROJECT_ID, batch_id=BATCH_ID, place=place) for place in places]

    def _work(self) -> WorkOnLine:
        return WorkOnLine(
            batches=self.batches,
            objects=self.objects,
            results=self.results,
            accept=self.gateway.generate.accept,
            receive_images=ReceiveImages(images=self.gateway.images, fetch=nothing_to_fetch, new_id=self.gateway.ids),
            jobs=self.gateway.jobs,
            chunks=self.chunks,
            clock=self.gateway.clock,
        )

    @contextmanager
    def _download(self, request: HttpRequest, provider_id: str) -> Iterator[Iterator[bytes]]:
        found = self.files[self.provider.wishes[-1].file_id]  # type: ignore[union-attr]
        if isinstance(found, TransportError):
            raise found
        self.while_reading()
        yield (found[start : start + 7] for start in range(0, len(found), 7))
