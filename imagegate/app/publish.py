"""Publish: move the pictures within reach, settle the money, and write the end of the job with its audit event."""

from dataclasses import dataclass, replace

from imagegate.app.ports import Clock, ImageStore, JobStore, JobWrite, NewId
from imagegate.domain.audit import event_for
from imagegate.domain.event import generation_event
from imagegate.domain.ids import EventId
from imagegate.domain.image import Image
from imagegate.domain.job import Job, Problem, Provenance, fail, reject, succeed
from shared_names import PUBLISHED_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """The only place where a generation becomes terminal after it was accepted."""

    images: ImageStore
    jobs: JobStore
    clock: Clock
    new_id: NewId

    def success(self, job: Job) -> Job:
        """Publish the quarantined images; their bytes are copied as they are, so what is signed stays signed."""
        published = tuple(self._publish(job, image) for image in job.images)
        done = succeed(job, images=published, provenance=Provenance(), now=self.clock())
        return self._write(done)

    def rejection(self, job: Job, problem: Problem) -> Job:
        """End with a refusal; its pictures, if any, stay in quarantine."""
        return self._write(reject(replace(job, images=()), problem, self.clock()))

    def failure(self, job: Job, problem: Problem) -> Job:
        """End without a picture and release what was reserved."""
        return self._write(fail(replace(job, images=()), problem, self.clock()))

    def _publish(self, job: Job, image: Image) -> Image:
        extension = image.media_type.removeprefix("image/")
        key = f"{PUBLISHED_PREFIX}{job.project_id}/{job.id}/{image.index}.{extension}"
        self.images.copy(image.key, key)
        return replace(image, key=key)

    def _write(self, job: Job) -> Job:
        # Whoever is told can find the audit event, which has the same id.
        event_id = EventId(self.new_id("evt"))
        event, notice = event_for(job, event_id), generation_event(job, event_id)
        return self.jobs.write(JobWrite(job=job, settlement=job.settlement, event=event, notice=notice))
