"""The CPU that our own code spends on one generation: everything but the AWS client, with all ports in memory.

From the request's JSON through moderation, base64, hash and header of the picture to the answer's JSON.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from benchmarks.figures import median
from benchmarks.vendor import invocation_answer
from functions.telling import images_answer
from imagegate.api.requests import ImageGenerationBody, read_body
from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.calls import Calls
from imagegate.app.collect import Collect
from imagegate.app.conclude import Conclude
from imagegate.app.generate import Generate
from imagegate.app.moderate import ModerateImages
from imagegate.app.observe import Observe
from imagegate.app.ports import JobWrite, Upload
from imagegate.app.publish import Publish
from imagegate.app.read_generation import ReadImages
from imagegate.app.submit import Submit
from imagegate.configured import ConfiguredProviders
from imagegate.domain.ids import JobId, KeyId, ProjectId, new_id
from imagegate.domain.job import Job
from imagegate.domain.project import ApiKey, Principal, Project, Role
from imagegate.domain.wire import HttpRequest, HttpResponse
from imagegate.wiring import moderate as wiring

_BODY: Final = b'{"model": "embedded/scenes", "prompt": "a red circle on a blue background", "size": "256x256"}'
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PROJECT: Final = Project(id=ProjectId("prj_benchmark"), name="benchmark", created_at=_NOW)
_PRINCIPAL: Final = Principal(project_id=_PROJECT.id, key_id=KeyId("key_benchmark"), role=Role.CLIENT)
_BATCHES: Final = 9
_REQUESTS: Final = 20


@dataclass(slots=True)
class _Memory:
    """The stores of jobs and projects; a benchmark never reads a job or a key back."""

    def read(self, job_id: JobId) -> Job | None:
        return None

    def write(self, write: JobWrite) -> Job:
        return replace(write.job, version=write.job.version + 1)

    def read_project(self, project_id: ProjectId) -> Project | None:
        return _PROJECT if project_id == _PROJECT.id else None

    def write_project(self, project: Project) -> None:
        """Forget it."""

    def read_key(self, key_hash: str) -> ApiKey | None:
        return None

    def write_key(self, api_key: ApiKey) -> None:
        """Forget it."""

    def find_key(self, key_id: KeyId) -> ApiKey | None:
        return None


@dataclass(slots=True)
class _Pictures:
    """Takes pictures and forgets them."""

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Take it."""

    def copy(self, source: str, destination: str) -> None:
        """Do nothing."""

    def read(self, key: str) -> bytes:
        return b""

    def find(self, key: str) -> bytes | None:
        return None

    def url(self, key: str) -> str:
        return ""

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        return Upload(url="", fields={}, max_bytes=max_bytes, lifetime_seconds=lifetime_seconds)


@dataclass(frozen=True, slots=True)
class _Vendor:
    answer: bytes

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        return HttpResponse(status=200, headers={}, body=self.answer)


def _generate_with(answer: bytes) -> Generate:
    memory, pictures = _Memory(), _Pictures()
    configured = ConfiguredProviders(read_settings=dict, own={"embedded": "http://vendor.example"}, stand_ins={})
    calls = Calls(providers=configured, catalog=configured, transport=_Vendor(answer), images=pictures)
    return Generate(
        accept=Accept(
            projects=memory,
            catalog=configured,
            moderate_prompt=wiring.moderate_prompt(),
            calls=calls,
            jobs=memory,
            clock=_now,
            new_id=_new_id,
        ),
        advance=Advance(
            submit=Submit(calls=calls),
            observe=Observe(calls=calls),
            collect=Collect(images=pictures, calls=calls, fetch=lambda url: b""),
            jobs=memory,
            clock=_now,
        ),
        conclude=Conclude(
            calls=calls,
            moderate_images=ModerateImages(moderators=()),
            publish=Publish(images=pictures, jobs=memory, clock=_now, new_id=_new_id),
            catalog=configured,
            images=pictures,
            jobs=memory,
            clock=_now,
        ),
        jobs=memory,
        clock=_now,
        sleep=time.sleep,
    )


def cpu_milliseconds(size_bytes: int) -> float:
    """Return the CPU time of one request whose picture has this size."""
    generate = _generate_with(invocation_answer(size_bytes))
    read_images = ReadImages(images=_Pictures())

    def serve() -> str:
        request = read_body(ImageGenerationBody, _BODY).to_domain()
        return images_answer(read_images, generate(_PRINCIPAL, request), None).model_dump_json()

    serve()
    return median(_batch(serve) for _ in range(_BATCHES))


def _batch(serve: Callable[[], str]) -> float:
    began = time.process_time()
    for _ in range(_REQUESTS):
        serve()
    return (time.process_time() - began) * 1000 / _REQUESTS


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(prefix: str) -> str:
    return new_id(prefix, _now(), bytes(10))
