"""The last resort: whatever died between two steps, its job ends, once, and nothing is sent twice."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from imagegate.app.free_slots import FreeSlots
from imagegate.app.ports import JobWrite, StaleJobError
from imagegate.app.reconcile import ABANDONED_AFTER, MOST_JOBS, Reconcile, Reconciled
from imagegate.app.sweep import PAGE, Sweep, SweepMark
from imagegate.domain.ids import JobId
from imagegate.domain.job import LONGEST_SILENCE, Outcome, Status
from imagegate.domain.progress import LONGEST_CALL
from imagegate.domain.project import OnUnknown
from tests.builders import a_card, a_job, dollars
from tests.fakes import ListingProvider, MemoryJobStore
from tests.imagegate.app.harness import Harness, completed, pending

SLOW = a_card(typical_seconds=90)
BUDGET = {"monthly_budget": dollars("1")}
LATER = LONGEST_SILENCE + timedelta(minutes=1)


@dataclass
class MemoryMarks:
    """`SweepMarks` that hold one."""

    mark: SweepMark = field(default_factory=SweepMark)

    def read(self) -> SweepMark:
        return self.mark

    def write(self, mark: SweepMark) -> None:
        self.mark = mark


@dataclass
class MemoryDueJobs:
    """`DueJobs` over a store, which shows what moments ago was written in one of two shards."""

    jobs: MemoryJobStore
    late: list[JobId] = field(default_factory=list)

    def due(self, now: datetime, shard: int) -> tuple[JobId, ...]:
        open_jobs = {job.id: job.check_at for job in self.jobs.jobs.values() if job.check_at is not None}
        listed = sorted((moment, job_id) for job_id, moment in open_jobs.items() if moment <= now)
        return () if shard == 0 else (*(job_id for _, job_id in listed), *self.late)


@dataclass
class Settings:
    """`ConfigurationStore` with one provider."""

    settings: dict[str, str]

    def read(self) -> dict[str, dict[str, str]]:
        return {"painter": self.settings}

    def write(self, provider_id: str, settings: object) -> None:
        raise AssertionError


def _reconciler(gateway: Harness) -> Reconcile:
    return Reconcile(
        lists=MemoryDueJobs(gateway.jobs),
        shards=2,
        jobs=gateway.jobs,
        runs=gateway.runs,
        publish=gateway.steps.publish,
        free_slots=FreeSlots(slots=gateway.slots, configuration=Settings(gateway.settings), jobs=gateway.jobs),
        sweep=Sweep(images=gateway.images, jobs=gateway.jobs, marks=MemoryMarks(), clock=gateway.clock),
        clock=gateway.clock,
    )


def _killed_after(gateway: Harness, event: str) -> Harness:
    """Make a synchronous call whose process is killed when this stands in the journal, before it writes the job."""

    def kill(write: JobWrite) -> None:
        if event in gateway.journal and write.job.version:
            raise KeyboardInterrupt

    gateway.jobs.refuse = kill
    with pytest.raises(KeyboardInterrupt):
        gateway()
    gateway.jobs.refuse = lambda write: None
    return gateway


def _never_started() -> Harness:
    """Accept a job whose execution was never started."""
    gateway = Harness(cards=(SLOW,), project=BUDGET)
    gateway()
    gateway.runs.started.clear()
    return gateway


def test_a_job_whose_execution_was_never_started_is_driven_to_its_end() -> None:
    gateway = _never_started()
    gateway.later(seconds=LATER.total_seconds())

    assert _reconciler(gateway)() == Reconciled(restarted=1)

    assert gateway.runs.started == [(gateway.job.id, 2)]
    assert gateway.drive().status is Status.SUCCEEDED
    assert gateway.journal.count("send") == 1
    assert gateway.jobs.spent == gateway.jobs.committed == Decimal("0.04")


def test_a_job_that_somebody_drives_is_left_alone() -> None:
    gateway = _never_started()
    gateway.later(minutes=5)

    assert _reconciler(gateway)() == Reconciled()
    assert gateway.runs.started == []


def test_two_runs_start_a_job_once() -> None:
    gateway = _never_started()
    gateway.later(seconds=LATER.total_seconds())

    done = [_reconciler(gateway)() for _ in range(2)]

    assert [one.restarted for one in done] == [1, 0]
    assert len(gateway.runs.started) == 1


def test_of_two_runs_at_the_same_moment_one_gives_way() -> None:
    gateway = _never_started()
    gateway.later(seconds=LATER.total_seconds())

    def be_late(write: JobWrite) -> None:
        raise StaleJobError(write.job.id)

    gateway.jobs.refuse = be_late

    assert _reconciler(gateway)() == Reconciled()
    assert _reconciler(gateway)(gateway.job.deadline_at + ABANDONED_AFTER) == Reconciled()
    assert gateway.runs.started == []


def test_an_execution_that_died_is_followed_by_another_under_a_new_name() -> None:
    gateway = _never_started()
    names = []
    for _ in range(3):
        gateway.later(seconds=LATER.total_seconds())
        _reconciler(gateway)()
        names.append(gateway.runs.started[-1])

    assert len(set(names)) == 3


def test_a_killed_call_with_its_picture_stored_ends_with_the_picture() -> None:
    gateway = _killed_after(Harness(project=BUDGET), "put quarantine")
    assert gateway.attempt.is_open
    gateway.later(seconds=LATER.total_seconds())

    _reconciler(gateway)()
    done = gateway.drive()

    assert (done.status, done.attempts[0].outcome) == (Status.SUCCEEDED, Outcome.SUCCEEDED)
    assert done.attempts[0].provider_metadata == {"adopted": True}
    assert gateway.images.find(done.images[0].key) is not None
    assert (done.images[0].width, done.images[0].index) == (64, 0)
    assert gateway.journal.count("send") == 1
    assert gateway.jobs.spent == gateway.jobs.committed == Decimal("0.04")


def test_a_killed_call_without_a_picture_ends_as_unknown_and_is_not_sent_again() -> None:
    gateway = _killed_after(Harness(project=BUDGET), "send")
    gateway.images.objects.clear()
    gateway.later(seconds=LATER.total_seconds())

    _reconciler(gateway)()
    done = gateway.drive()

    assert (done.status, done.attempts[0].outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert gateway.journal.count("send") == 1
    assert gateway.jobs.spent == gateway.jobs.committed == Decimal("0.04")


def test_a_killed_call_is_sent_again_where_its_project_wishes_that() -> None:
    gateway = Harness(
        project={**BUDGET, "on_unknown": OnUnknown.RESUBMIT}, submissions=[completed(), completed()], cards=(a_card(),)
    )
    _killed_after(gateway, "send")
    gateway.images.objects.clear()
    gateway.later(seconds=LATER.total_seconds())

    _reconciler(gateway)()
    done = gateway.drive()

    assert [one.outcome for one in done.attempts] == [Outcome.UNKNOWN, Outcome.SUCCEEDED]
    assert gateway.jobs.spent == Decimal("0.08")


def test_what_the_provider_lists_comes_before_what_was_stored() -> None:
    gateway = Harness(maker=ListingProvider([completed()], polls=[completed()], found=[pending()]))
    _killed_after(gateway, "put quarantine")
    gateway.later(seconds=LATER.total_seconds())

    _reconciler(gateway)()
    done = gateway.drive()

    assert done.status is Status.SUCCEEDED
    assert "adopted" not in done.attempts[0].provider_metadata


def test_as_of_a_later_moment_who_sent_a_request_counts_as_dead() -> None:
    gateway = _killed_after(Harness(project=BUDGET), "send")
    gateway.images.objects.clear()
    sent_at = gateway.attempt.sent_at
    assert sent_at is not None

    assert _reconciler(gateway)(sent_at + LATER).restarted == 1
    done = gateway.drive()

    assert done.status is Status.FAILED
    assert done.completed_at is not None
    assert done.completed_at < sent_at + LONGEST_CALL


def test_a_job_that_nothing_moves_is_given_up_long_after_its_deadline() -> None:
    gateway = _killed_after(Harness(project=BUDGET), "send")
    job = gateway.job

    assert _reconciler(gateway)(job.deadline_at + ABANDONED_AFTER) == Reconciled(abandoned=1)

    assert (gateway.job.status, gateway.attempt.outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert gateway.job.problem is not None
    assert gateway.job.problem.code == "internal_error"
    assert gateway.jobs.spent == gateway.jobs.committed == Decimal("0.04")
    assert [event.action for event in gateway.jobs.events] == ["generation.failed"]


def test_a_list_that_is_behind_does_no_harm() -> None:
    gateway = Harness(project=BUDGET)
    gateway()
    reconcile = _reconciler(gateway)
    lists = MemoryDueJobs(gateway.jobs, late=[gateway.job.id, JobId("gen_gone")])

    assert replace(reconcile, lists=lists)() == Reconciled()


def test_one_job_that_cannot_be_settled_keeps_no_other_waiting() -> None:
    gateway = _never_started()
    other = replace(gateway.job, id=JobId("gen_other"), version=0)
    gateway.jobs.write(JobWrite(job=other))
    gateway.later(seconds=LATER.total_seconds())

    def break_one(write: JobWrite) -> None:
        if write.job.id == "gen_other":
            raise OSError

    gateway.jobs.refuse = break_one

    done = _reconciler(gateway)()

    assert done.restarted == 1
    assert [(job_id, type(error)) for job_id, error in done.failures] == [("gen_other", OSError)]


def test_one_run_settles_no_more_than_it_has_time_for() -> None:
    gateway = Harness()
    for number in range(MOST_JOBS + 5):
        gateway.jobs.write(JobWrite(job=a_job(id=JobId(f"gen_{number}"))))
    gateway.later(seconds=LATER.total_seconds())

    assert [_reconciler(gateway)().restarted for _ in range(2)] == [MOST_JOBS, 5]


@pytest.mark.parametrize("holder", ["gen_gone/1", "gen_over/1", "gen_open/1", "gen_open/2"])
def test_only_an_attempt_that_is_open_keeps_its_slot(holder: str) -> None:
    gateway = Harness(cards=(SLOW,), settings={"max_in_flight": "9"}, submissions=[pending()], polls=[])
    gateway()
    open_job = replace(gateway.run_job.steps.plan(gateway.job), id=JobId("gen_open"), version=0)
    gateway.jobs.write(JobWrite(job=open_job))
    gateway.jobs.write(JobWrite(job=a_job(id=JobId("gen_over"), status=Status.CANCELED)))
    gateway.slots.held["painter"] = {holder}

    released = _reconciler(gateway)().released_slots

    assert released == (holder != "gen_open/1")
    assert len(gateway.slots.held["painter"]) == 1 - released


def test_a_provider_without_a_limit_has_no_slots_to_free() -> None:
    gateway = Harness()

    assert _reconciler(gateway)().released_slots == 0
    assert gateway.slots.calls == 0


def test_a_page_of_quarantine_is_swept_with_each_run() -> None:
    gateway = Harness()
    for number in range(PAGE):
        gateway.images.put(f"quarantine/prj_one/gen_{number:04}/1-0.png", b"", "image/png")
    gateway.later(hours=25)

    assert _reconciler(gateway)().swept_objects == PAGE
