"""Looking at pictures before anybody can see them: what a person must look at is held, and told."""

from decimal import Decimal

import pytest

from imagegate.app.run_job import Verdict
from imagegate.domain.decision import Decision
from imagegate.domain.job import Status
from imagegate.domain.progress import Step
from tests.builders import a_card, a_finding, dollars
from tests.imagegate.app.harness import Harness, completed
from tests.pictures import picture

DOUBTFUL = (a_finding("gore", Decision.REVIEW, param=None),)
BUDGET = {"monthly_budget": dollars("1")}


def _held(typical_seconds: float) -> Harness:
    gateway = Harness(cards=(a_card(typical_seconds=typical_seconds),), sights=DOUBTFUL, project=BUDGET)
    job = gateway().job
    if not job.attempts:
        gateway.drive()
    return gateway


@pytest.mark.parametrize("typical_seconds", [1, 90])
def test_a_doubtful_picture_is_held_with_its_budget_whoever_drives_the_job(typical_seconds: float) -> None:
    gateway = _held(typical_seconds)

    job = gateway.job
    assert (job.status, job.problem, job.completed_at) == (Status.NEEDS_REVIEW, None, None)
    assert job.inspection is not None
    assert job.inspection.findings == DOUBTFUL
    assert {key.split("/")[0] for key in gateway.images.objects} == {"quarantine"}
    assert [image.key.split("/")[0] for image in job.images] == ["quarantine"]
    assert (gateway.jobs.committed, gateway.jobs.spent) == (Decimal("0.04"), Decimal(0))


@pytest.mark.parametrize("typical_seconds", [1, 90])
def test_a_hold_is_told_to_the_projects_endpoints_and_is_no_end_in_the_audit(typical_seconds: float) -> None:
    gateway = _held(typical_seconds)

    (notice,) = gateway.jobs.notices
    assert (notice.type.value, notice.subject_id) == ("generation.needs_review", gateway.job.id)
    assert notice.data["status"] == "needs_review"
    assert gateway.jobs.events == []


def test_the_machine_leaves_a_held_job_to_whoever_decides() -> None:
    gateway = _held(90)
    held = gateway.job

    verdicts = [gateway.run_job(held.id, step) for step in Step]

    assert verdicts == [Verdict(step=Step.REVIEW)] * len(Step)
    assert gateway.job == held


def test_what_the_machine_inspected_is_written_so_that_publishing_may_be_somebody_elses() -> None:
    gateway = Harness(cards=(a_card(typical_seconds=90),), submissions=[completed(picture(), picture("webp"))])
    job = gateway(count=2).job
    for step in (Step.PLAN, Step.SUBMIT):
        gateway.run_job(job.id, step)

    verdict = gateway.run_job(job.id, Step.INSPECT)

    assert verdict.step is Step.PUBLISH
    assert gateway.job.inspection is not None
    assert gateway.job.inspection.sources == ("viewer@1",)
    assert gateway.images.reads == [image.key for image in gateway.job.images]


def test_pictures_that_are_at_hand_are_not_read_from_storage() -> None:
    gateway = Harness()

    gateway()

    assert gateway.images.reads == []
