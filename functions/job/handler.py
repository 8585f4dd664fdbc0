"""One step of a generation: what the state machine sends, and where the job stands afterwards."""

from typing import Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from imagegate.app.run_job import Verdict
from imagegate.domain.ids import JobId
from imagegate.domain.progress import Step
from imagegate.wiring import job as wiring

run_job = wiring.run_job()
logger = Logger()


class Task(BaseModel):
    """One call of the machine; `await`, `recover` and `abandon` are no steps of a job, but what happens around them."""

    job_id: JobId
    step: Step | Literal["await", "recover", "abandon"]
    task_token: str = ""


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one task; what fails is raised, and the machine tries again or abandons the job."""
    task = Task.model_validate(event)
    logger.append_keys(job_id=task.job_id, step=str(task.step))
    match task.step:
        case "await":
            run_job.wait(task.job_id, task.task_token)
            return {}
        case "recover":
            return _tell(run_job.recover(task.job_id))
        case "abandon":
            return _tell(run_job.abandon(task.job_id))
        case step:
            return _tell(run_job(task.job_id, step))


def _tell(verdict: Verdict) -> dict[str, object]:
    waits_for_callback = verdict.step is Step.WAIT and verdict.expects_callback
    return {"next": "await_callback" if waits_for_callback else verdict.step.value, "seconds": verdict.seconds}
