"""The CPU that our own code spends on one generation: everything but the AWS client, with all ports in memory.

From the request's JSON through moderation, base64, hash and header of the picture to the answer's JSON.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from benchmarks.figures import median
from benchmarks.vendor import invocation_answer
from functions.route.telling import images_answer
from imagegate import wiring
from imagegate.api.requests import ImageGenerationBody, read_body
from imagegate.app.accept import Accept
from imagegate.app.collect import Collect
from imagegate.app.generate import Generate
from imagegate.app.moderate import ModerateImages
from imagegate.app.ports import JobWrite
from imagegate.app.publish import Publish
from imagegate.app.read_generation import ReadImages
from imagegate.app.submit import Submit
from imagegate.catalog import TomlCatalog
from imagegate.domain.ids import JobId, KeyId, ProjectId, new_id
from imagegate.domain.job import Job
from imagegate.domain.project import ApiKey, Principal, Project, Role
from imagegate.domain.wire import HttpRequest, HttpResponse

_BODY: Final = b'{"model": "embedded/scenes", "prompt": "a red circle on a blue background", "size": "256x256"}'
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PROJECT: Final = Project(id=ProjectId("prj_benchmark"), name="benchmark", created_at=_NOW)
_PRINCIPAL: Final = Principal(project_id=_PROJECT.id, key_id=KeyId("key_benchmark"), role=Role.CLIENT)
_BATCHES: Final = 9
_REQUESTS: Final = 20


@dataclass(slots=True)
class _Memory:
    """The stores of jobs and projects; a benchmark never reads a job back."""

    jobs: dict[JobId, Job] = field(default_factory=dict)

    def read(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)

    def write(self, write: JobWrite) -> Job:
        return replace(write.job, version=write.job.version + 1)

    def read_project(self, project_id: ProjectId) -> Project | None:
        return _PROJECT if project_id == _PROJECT.id else None

    def write_project(self, project: Project) -> None:
        raise NotImplementedError

    def read_key(self, key_hash: str) -> ApiKey | None:
        raise NotImplementedError

    def write_key(self, api_key: ApiKey) -> None:
        raise NotImplementedError

    def find_key(self, key_id: KeyId) -> ApiKey | None:
        raise NotImplementedError


@dataclass(slots=True)
class _Pictures:
    """Takes pictures and forgets them."""

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Take it."""

    def copy(self, source: str, destination: str) -> None:
        """Do nothing."""

    def read(self, key: str) -> bytes:
        raise NotImplementedError

    def url(self, key: str) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Vendor:
    answer: bytes

    def send(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, headers={}, body=self.answer)


def _generate_with(answer: bytes) -> Generate:
    memory, pictures, catalog = _Memory(), _Pictures(), TomlCatalog(("embedded",))
    configured = wiring.ConfiguredProviders(base_urls={"embedded": "http://vendor.example"})
    submit = Submit(providers=configured, catalog=catalog, transport=_Vendor(answer))
    return Generate(
        accept=Accept(
            projects=memory,
            catalog=catalog,
            moderate_prompt=wiring.moderate_prompt(),
            submit=submit,
            jobs=memory,
            clock=_now,
            new_id=_new_id,
        ),
        submit=submit,
        collect=Collect(images=pictures),
        moderate_images=ModerateImages(moderators=()),
        publish=Publish(images=pictures, jobs=memory, clock=_now, new_id=_new_id),
        catalog=catalog,
        jobs=memory,
        clock=_now,
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
