"""A line becomes one generation and one result, however often its steps are repeated."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imagegate.app.receive_images import ReceiveImages
from imagegate.app.validate_batch import input_key
from imagegate.app.vendor_chunks import VendorChunks
from imagegate.app.work_on_line import Endpoints, LineRequest, LineStep, LineTask, LineVerdict, WorkOnLine
from imagegate.domain.batch import BatchEndpoint, BatchStatus, cancel
from imagegate.domain.batch_line import BatchLine, LineAnswer, LineOutcome, LinePlace
from imagegate.domain.decision import Decision
from imagegate.domain.errors import BudgetExceededError, ImagegateError, InvalidValueError
from imagegate.domain.ids import BatchId, JobId
from imagegate.domain.image import ImageSource
from imagegate.domain.job import Job, Status
from tests.batches import BATCH_ID, MemoryBatchStore, MemoryLineResults, MemoryObjects, a_batch, a_line
from tests.builders import KEY_ID, NOW, PROJECT_ID, a_finding, a_request
from tests.imagegate.app.harness import Harness, nothing_to_fetch
from tests.pictures import picture

LINE = a_line("one")
TASK = LineTask(project_id=PROJECT_ID, batch_id=BATCH_ID, place=LinePlace(number=1, offset=0, length=len(LINE)))


def read_request(endpoint: BatchEndpoint, line: BatchLine) -> LineRequest:
    return LineRequest(request=a_request(prompt=str(line.body["prompt"])))


def read_picture_request(endpoint: BatchEndpoint, line: BatchLine) -> LineRequest:
    image = ImageSource(param="images", data=picture())
    return LineRequest(request=a_request(), images=(image,), mask=image)


def refuse_request(endpoint: BatchEndpoint, line: BatchLine) -> LineRequest:
    raise InvalidValueError("No.", param="n")


def tell_job(line: BatchLine, job: Job, request_id: str) -> LineAnswer:
    status = job.problem.http_status if job.problem else 200
    return LineAnswer(status=status, body={"generation": job.id, "status": job.status.value}, request_id=request_id)


def tell_error(error: ImagegateError, request_id: str) -> LineAnswer:
    return LineAnswer(status=error.http_status, body={"error": error.code}, request_id=request_id)


ENDPOINTS = Endpoints(read=read_request, tell_job=tell_job, tell_error=tell_error)


class Line:
    """One line of a running batch, on a gateway in memory."""

    def __init__(self, **changes: Any) -> None:
        self.gateway = Harness(**changes)
        self.batches, self.results = MemoryBatchStore(), MemoryLineResults()
        self.batch = self.batches.add(a_batch(status=BatchStatus.IN_PROGRESS))
        objects = MemoryObjects(objects={input_key(self.batch): LINE})
        self.work = WorkOnLine(
            batches=self.batches,
            objects=objects,
            results=self.results,
            accept=self.gateway.generate.accept,
            receive_images=ReceiveImages(images=self.gateway.images, fetch=nothing_to_fetch, new_id=self.gateway.ids),
            jobs=self.gateway.jobs,
            chunks=VendorChunks(objects=objects, lines=MemoryLineResults()),
            clock=self.gateway.clock,
        )

    def begin(self, **changes: Any) -> LineVerdict:
        return self.work.begin(TASK, replace(ENDPOINTS, **changes))

    def record(self, job_id: JobId | None = None) -> LineVerdict:
        return self.work.record(TASK, job_id or self.gateway.job.id, ENDPOINTS)

    def told(self) -> dict[str, Any]:
        """Return the one result."""
        (result,) = self.results.results.values()
        line: dict[str, Any] = json.loads(result.data)
        return line

    def counts(self) -> tuple[int, int]:
        counts = self.batches.batches[BATCH_ID].counts
        return counts.completed, counts.failed


def test_a_line_is_accepted_as_a_generation_that_the_machine_is_to_run() -> None:
    line = Line()

    verdict = line.begin()

    job = line.gateway.job
    assert verdict == LineVerdict(next=LineStep.RUN, job_id=job.id)
    assert (job.request.prompt, job.key_id, job.is_asynchronous, job.attempts) == ("a red circle", KEY_ID, True, ())
    assert line.gateway.runs.started == []


def test_a_line_that_is_begun_twice_has_one_generation() -> None:
    line = Line()

    assert line.begin() == line.begin()
    assert len(line.gateway.jobs.jobs) == 1


def test_the_pictures_of_a_line_are_stored_before_it_is_accepted() -> None:
    line = Line()

    line.begin(read=read_picture_request)

    request = line.gateway.job.request
    assert len(request.input_images) == 1
    assert request.mask == request.input_images[0]


def test_a_line_whose_request_is_wrong_gets_its_endpoints_error() -> None:
    line = Line()

    assert line.begin(read=refuse_request) == LineVerdict(next=LineStep.DONE)

    assert line.told()["response"] == {
        "status_code": 400,
        "request_id": line.told()["id"],
        "body": {"error": "invalid_value"},
    }
    assert line.counts() == (0, 1)
    assert line.gateway.jobs.jobs == {}


def test_a_line_that_the_budget_does_not_cover_fails_alone() -> None:
    line = Line()

    def refuse(write: object) -> None:
        raise BudgetExceededError("No money.")

    line.gateway.jobs.refuse = refuse

    assert line.begin().next is LineStep.DONE
    assert line.told()["response"]["status_code"] == 429


@pytest.mark.parametrize(
    ("cause", "code", "outcome"),
    [("cancel", "batch_cancelled", LineOutcome.FAILED), ("late", "batch_expired", LineOutcome.EXPIRED)],
)
def test_a_line_of_a_batch_without_time_left_is_skipped(cause: str, code: str, outcome: LineOutcome) -> None:
    line = Line()
    if cause == "cancel":
        line.batches.write(cancel(line.batch, NOW))
    else:
        line.gateway.later(hours=24)

    assert line.begin().next is LineStep.DONE

    assert line.told()["error"]["code"] == code
    assert line.results.results[1].outcome is outcome
    assert line.gateway.jobs.jobs == {}


def test_a_generation_that_is_over_is_told_and_counted_once() -> None:
    line = Line()
    line.begin()
    line.gateway.drive()

    assert line.record() == line.record() == LineVerdict(next=LineStep.DONE)

    assert line.told()["response"]["body"] == {"generation": line.gateway.job.id, "status": "succeeded"}
    assert line.counts() == (1, 0)


def test_a_generation_that_is_refused_at_once_needs_no_machine_and_counts_as_failed() -> None:
    line = Line(words={"circle": a_finding(decision=Decision.BLOCK)})
    assert line.begin().next is LineStep.DONE

    assert line.told()["response"]["status_code"] == 400
    assert line.counts() == (0, 1)


def test_a_generation_that_is_held_for_a_review_is_told_as_it_stands() -> None:
    line = Line(sights=(a_finding(decision=Decision.REVIEW),))
    line.begin()
    line.gateway.drive()

    line.record()

    assert line.gateway.job.status is Status.NEEDS_REVIEW
    assert line.told()["response"]["body"]["status"] == "needs_review"


def test_a_generation_that_nobody_drives_is_waited_for_until_long_after_its_deadline() -> None:
    line = Line()
    line.begin()

    assert line.record().next is LineStep.WAIT
    line.gateway.later(seconds=timedelta(hours=2).total_seconds())

    assert line.record().next is LineStep.DONE
    assert line.told()["error"]["code"] == "internal_error"


def test_a_generation_that_was_deleted_is_lost() -> None:
    line = Line()

    line.record(JobId("gen_none"))

    assert line.told()["error"]["code"] == "internal_error"


def test_a_line_whose_steps_fail_again_and_again_is_lost_and_counted() -> None:
    line = Line()

    assert line.work.abandon(TASK).next is LineStep.DONE

    assert line.told()["error"]["code"] == "internal_error"
    assert line.counts() == (0, 1)


@pytest.mark.parametrize("is_over", [True, False])
def test_nothing_is_done_for_a_batch_that_is_over_or_no_more(is_over: bool) -> None:
    line = Line()
    line.batches.batches[BATCH_ID] = a_batch(status=BatchStatus.FAILED)
    task = TASK if is_over else replace(TASK, batch_id=BatchId("batch_other"))

    verdicts = [
        line.work.begin(task, ENDPOINTS),
        line.work.record(task, JobId("gen_none"), ENDPOINTS),
        line.work.abandon(task),
    ]

    assert verdicts == [LineVerdict(next=LineStep.DONE)] * 3
    assert line.results.results == {}
