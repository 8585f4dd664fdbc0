"""One step of a batch or of one of its lines: what the state machine sends, and what comes next."""

from typing import Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from functions.batch.lines import endpoints
from imagegate.app.validate_batch import manifest_key
from imagegate.app.work_on_line import LineTask, LineVerdict
from imagegate.domain.batch import Batch
from imagegate.domain.batch_line import LinePlace
from imagegate.domain.ids import BatchId, JobId, ProjectId
from imagegate.wiring import batch as wiring

services = wiring.batch_services()
answers = endpoints(services.read_images)
logger = Logger()


class BatchTask(BaseModel):
    """A step of the whole batch."""

    step: Literal["validate", "vendor", "finalize", "fail"]
    project_id: ProjectId
    batch_id: BatchId


class LineStepTask(BaseModel):
    """A step of one line; `job_id` is its generation's, once it has one."""

    step: Literal["begin", "record", "abandon"]
    project_id: ProjectId
    batch_id: BatchId
    number: int
    offset: int
    length: int
    job_id: JobId | None = None

    def to_domain(self) -> LineTask:
        """Return which line is meant."""
        place = LinePlace(number=self.number, offset=self.offset, length=self.length)
        return LineTask(project_id=self.project_id, batch_id=self.batch_id, place=place)


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one task; what fails is raised, and the machine tries again or gives the line or the batch up."""
    logger.append_keys(batch_id=event.get("batch_id"), step=event.get("step"), line=event.get("number"))
    if "number" in event:
        return _tell_line(_work_on(LineStepTask.model_validate(event)))
    task = BatchTask.model_validate(event)
    match task.step:
        case "validate":
            return _tell_batch(services.validate(task.project_id, task.batch_id))
        case "vendor":
            return _tell_pause(services.run_vendor_batches(task.project_id, task.batch_id, answers))
        case "finalize":
            return _tell_batch(services.finalize(task.project_id, task.batch_id))
        case "fail":
            return _tell_batch(services.finalize.fail(task.project_id, task.batch_id))


def _work_on(task: LineStepTask) -> LineVerdict:
    if task.step == "begin":
        return services.work_on_line.begin(task.to_domain(), answers)
    if task.step == "record" and task.job_id is not None:
        return services.work_on_line.record(task.to_domain(), task.job_id, answers)
    return services.work_on_line.abandon(task.to_domain())


def _tell_line(verdict: LineVerdict) -> dict[str, object]:
    return {"next": verdict.next.value, "job_id": verdict.job_id}


def _tell_pause(seconds: int | None) -> dict[str, object]:
    return {"next": "finalize"} if seconds is None else {"next": "wait", "seconds": seconds}


def _tell_batch(batch: Batch | None) -> dict[str, object]:
    if batch is None or batch.status.is_terminal:
        return {"next": "done"}
    return {"next": "lines", "manifest": manifest_key(batch)}
