"""Read a generation, only within the project it belongs to."""

from dataclasses import dataclass

from imagegate.app.ports import ImageStore, JobStore
from imagegate.domain.errors import GenerationNotFoundError
from imagegate.domain.ids import JobId, is_id
from imagegate.domain.job import Job, Status
from imagegate.domain.project import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadGeneration:
    """Another project's generation and one that never was look the same."""

    jobs: JobStore

    def __call__(self, principal: Principal, generation_id: str) -> Job:
        """Return the job behind a generation id.

        Raises:
            GenerationNotFoundError: there is none in the caller's project.
        """
        job = self.jobs.read(JobId(generation_id)) if is_id("gen", generation_id) else None
        if job is None or job.project_id != principal.project_id:
            message = f"There is no generation {generation_id!r} in this project. Check the id and the API key."
            raise GenerationNotFoundError(message)
        return job


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadImages:
    """The pictures of a finished generation, as addresses or as bytes."""

    images: ImageStore

    def urls(self, job: Job) -> tuple[str, ...]:
        """Return a signed address for each published picture; a job that is not over still has them in quarantine."""
        if job.status is not Status.SUCCEEDED:
            return ()
        return tuple(self.images.url(image.key) for image in job.images)

    def read_bytes(self, job: Job) -> tuple[bytes, ...]:
        """Return the published pictures themselves."""
        return tuple(self.images.read(image.key) for image in job.images)
