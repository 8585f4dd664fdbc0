"""Delete a generation that is over: its pictures, what providers told of it, and its record; what it cost stays."""

from dataclasses import dataclass

from imagegate.app.collect import quarantine_prefix
from imagegate.app.generation_ports import CallbackErasure, JobErasure
from imagegate.app.ports import Clock, ImageStore, NewId, StaleJobError
from imagegate.app.publish import published_prefix
from imagegate.app.read_generation import ReadGeneration
from imagegate.domain.audit import deletion_event
from imagegate.domain.errors import ConflictError, GenerationNotOverError
from imagegate.domain.ids import EventId, JobId
from imagegate.domain.project import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGeneration:
    """The record goes last, so that a deletion that broke off can be repeated.

    Input pictures are shared by all requests with the same bytes, so they are left to their own, short retention.
    """

    read: ReadGeneration
    jobs: JobErasure
    images: ImageStore
    callbacks: CallbackErasure
    clock: Clock
    new_id: NewId

    def __call__(self, principal: Principal, generation_id: str) -> JobId:
        """Return the id of what was deleted.

        Raises:
            GenerationNotFoundError: there is none in the caller's project, or no longer.
            GenerationNotOverError: it is still under way or held for a review.
        """
        job = self.read(principal, generation_id)
        if not job.status.is_terminal:
            message = f"The generation {job.id} is {job.status.value}. Cancel it first, or wait for its end."
            raise GenerationNotOverError(message, generation_id=job.id)
        for prefix in (published_prefix(job), quarantine_prefix(job)):
            for stored in self.images.list(prefix):
                self.images.delete(stored.key)
        for attempt in job.attempts:
            if attempt.callback_token is not None:
                self.callbacks.erase(job.id, attempt.number)
        event = deletion_event(job, principal.key_id, EventId(self.new_id("evt")), self.clock())
        try:
            self.jobs.erase(job, event)
        except StaleJobError as error:
            message = f"Somebody else changed or deleted the generation {job.id} in the same moment."
            raise ConflictError(message, generation_id=job.id) from error
        return job.id
