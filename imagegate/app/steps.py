"""Steps: do one step of a job; the same for a caller who waits and for the state machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from imagegate.app.advance import Advance, Advanced
from imagegate.app.inspect import Inspect
from imagegate.app.plan import Plan
from imagegate.app.publish import Publish
from imagegate.domain.job import Job
from imagegate.domain.progress import Step

_NOTHING: Mapping[int, bytes] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Each step writes the job before it returns, so that whoever goes on may be somebody else."""

    plan: Plan
    advance: Advance
    inspect: Inspect
    publish: Publish

    def __call__(self, job: Job, step: Step, pictures: Mapping[int, bytes] = _NOTHING) -> Advanced:
        """Return the job after a step that it is ready for, and the pictures that were made in it.

        Raises:
            StaleJobError: somebody else has moved the job on.
        """
        match step:
            case Step.PLAN:
                return Advanced(job=self.plan(job), pictures={})
            case Step.SUBMIT:
                return self.advance.begin(job)
            case Step.WAIT:
                return self.advance.poll(job)
            case Step.INSPECT:
                return Advanced(job=self.inspect(job, pictures), pictures={})
            case Step.PUBLISH:
                return Advanced(job=self.publish(job), pictures={})
            case _:
                return Advanced(job=job, pictures={})
