"""What is deleted from quarantine, and what must stay."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from imagegate.app.ports import JobWrite
from imagegate.app.sweep import PAGE, PAUSE, YOUNGEST, Sweep, SweepMark
from imagegate.domain.ids import JobId
from imagegate.domain.job import Status
from tests.builders import a_job
from tests.fakes import FakeClock, MemoryImageStore, MemoryJobStore

KEPT = {Status.QUEUED, Status.RUNNING, Status.NEEDS_REVIEW, Status.REJECTED}


@dataclass
class Marks:
    """`SweepMarks` that hold one."""

    mark: SweepMark = field(default_factory=SweepMark)

    def read(self) -> SweepMark:
        return self.mark

    def write(self, mark: SweepMark) -> None:
        self.mark = mark


@dataclass
class Bucket:
    """A sweep over quarantine in memory; all that is stored is old enough."""

    clock: FakeClock = field(default_factory=FakeClock)
    images: MemoryImageStore = field(default_factory=lambda: MemoryImageStore([]))
    jobs: MemoryJobStore = field(default_factory=lambda: MemoryJobStore([]))
    marks: Marks = field(default_factory=Marks)

    def __post_init__(self) -> None:
        self.clock.sleep(YOUNGEST.total_seconds())

    def put(self, job_id: str, name: str = "1-0.png", prefix: str = "quarantine") -> str:
        key = f"{prefix}/prj_one/{job_id}/{name}"
        self.images.put(key, b"", "image/png")
        return key

    def sweep(self) -> int:
        return Sweep(images=self.images, jobs=self.jobs, marks=self.marks, clock=self.clock)()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def test_pictures_without_a_job_are_deleted_and_nothing_outside_of_quarantine(bucket: Bucket) -> None:
    bucket.put("gen_gone")
    bucket.put("gen_gone", "1-1.png")
    published = bucket.put("gen_gone", prefix="published")

    assert bucket.sweep() == 2
    assert list(bucket.images.objects) == [published]


@pytest.mark.parametrize("status", list(Status))
def test_pictures_stay_as_long_as_somebody_may_ask_for_them(bucket: Bucket, status: Status) -> None:
    bucket.jobs.write(JobWrite(job=a_job(id=JobId("gen_one"), status=status)))
    bucket.put("gen_one")

    assert bucket.sweep() == (status not in KEPT)


def test_young_pictures_stay_since_their_job_may_not_be_written_yet(bucket: Bucket) -> None:
    key = bucket.put("gen_gone")
    bucket.images.times[key] = bucket.clock.now - YOUNGEST + timedelta(minutes=1)

    assert bucket.sweep() == 0


def test_the_sweep_goes_on_where_it_was_and_rests_at_the_end(bucket: Bucket) -> None:
    for number in range(PAGE + 1):
        bucket.put(f"gen_{number:04}")

    assert [bucket.sweep(), bucket.sweep()] == [PAGE, 1]
    bucket.put("gen_0000")
    assert bucket.sweep() == 0
    bucket.clock.sleep(PAUSE.total_seconds())
    assert bucket.sweep() == 1
