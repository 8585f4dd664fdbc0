"""Inspect: look at the pictures before anybody can see them, and hold what a person must look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from imagegate.app.moderate import ModerateImages
from imagegate.app.ports import Clock, ImageStore, JobStore, JobWrite, NewId
from imagegate.domain.decision import Decision
from imagegate.domain.event import generation_event
from imagegate.domain.ids import EventId
from imagegate.domain.job import Job, hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspect:
    """Records what was decided; what follows from it is the next step's matter."""

    moderate_images: ModerateImages
    images: ImageStore
    jobs: JobStore
    clock: Clock
    new_id: NewId

    def __call__(self, job: Job, pictures: Mapping[int, bytes]) -> Job:
        """Return the inspected job; `pictures` are those that need not be read from storage, by index."""
        data = tuple(pictures[one.index] if one.index in pictures else self.images.read(one.key) for one in job.images)
        inspection = self.moderate_images(data)
        job = replace(job, moderation=(*job.moderation, inspection))
        if inspection.decision is Decision.REVIEW:
            held = hold(job, self.clock())
            event = generation_event(held, EventId(self.new_id("evt")))
            return self.jobs.write(JobWrite(job=held, notice=event))
        # Whoever waits publishes in a moment, and writes it down with that.
        return self.jobs.write(JobWrite(job=job)) if job.is_asynchronous else job
