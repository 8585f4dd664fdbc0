"""Plan: choose the target to try next and write the intents, before anything is sent there."""

from dataclasses import dataclass, replace
from datetime import timedelta

from imagegate.app.calls import Calls
from imagegate.app.ports import Catalog, Clock, JobStore, JobWrite, NewId
from imagegate.domain.errors import CallerError
from imagegate.domain.fit import fit
from imagegate.domain.job import Attempt, Job, begin_attempts, replace_attempts
from imagegate.domain.lifecycle import check_lifecycle
from imagegate.domain.progress import next_target, pause_seconds
from imagegate.domain.route import Target, skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Begins a round at the first target that can express the request; the others are kept as skipped."""

    calls: Calls
    catalog: Catalog
    jobs: JobStore
    clock: Clock
    new_id: NewId

    def __call__(self, job: Job) -> Job:
        """Return the written job, with attempts to send, or with nothing left in its route to try."""
        now = self.clock()
        while (target := next_target(job, now)) is not None:
            try:
                # What was tried or accepted before was checked then.
                if job.attempts and target.model != job.target.model:
                    self.calls.check(job.request, target)
                begun = self.begin(job, target)
            except CallerError as refusal:
                assert job.route is not None  # noqa: S101 - the target came from it
                job = replace(job, route=skip(job.route, target, refusal.message))
            else:
                return self.jobs.write(JobWrite(job=begun))
        return self.jobs.write(JobWrite(job=replace(job, updated_at=now)))

    def begin(self, job: Job, target: Target) -> Job:
        """Return the job, unwritten, with the intents of one round."""
        now, card = self.clock(), self.catalog.card(target.model)
        pause = pause_seconds(job, target)
        due_at = now + timedelta(seconds=pause) if pause else None
        # What was said about another target before does not hold for this one.
        warnings = (*check_lifecycle(card, now.date()), *fit(job.request, card).warnings)
        begun = begin_attempts(replace(job, warnings=warnings), target, card.images_per_call, now, due_at)
        if not self.calls.asks_for_callback(target):
            return begun
        return replace_attempts(begun, tuple(self._with_token(one) for one in begun.current_attempts), now)

    def _with_token(self, attempt: Attempt) -> Attempt:
        return replace(attempt, callback_token=self.new_id("cbk"))
