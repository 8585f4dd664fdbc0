"""What is true at every moment of every history: nobody pays twice, no end changes, and the money adds up."""

from collections import Counter
from decimal import Decimal

from imagegate.domain.job import Attempt, Job, Outcome, Status
from imagegate.domain.progress import MOST_ROUNDS
from imagegate.domain.project import OnUnknown
from tests.imagegate.app.simulation.vendors import PRICES, State, Work
from tests.imagegate.app.simulation.world import World


def check(world: World) -> None:
    """Check what must be true whatever has happened so far."""
    assert not [nonce for nonce, times in Counter(world.vendors.sent).items() if times > 1], "an attempt was sent twice"
    assert world.jobs.committed == world.jobs.spent + world.jobs.held, "the budget does not balance"
    for job in world.jobs.jobs.values():
        _check_rounds(world, job)
        _check_end(world, job)
        if job.status.is_terminal:
            _check_money(world, job)
        if job.status is Status.SUCCEEDED:
            _check_pictures(world, job)


def check_ended(world: World) -> None:
    """Check what must be true once everything has come to its end."""
    assert world.unfinished() == [], "a job was lost"
    assert world.jobs.held == 0, "a reservation was never settled"
    assert world.jobs.committed == world.jobs.spent
    costs = [job.cost.money.amount for job in world.jobs.jobs.values() if job.cost]
    assert world.jobs.spent == sum(costs, Decimal(0))


def _check_rounds(world: World, job: Job) -> None:
    assert job.rounds <= MOST_ROUNDS
    works = {work.nonce: work for work in world.vendors.works}
    for attempt in job.attempts:
        work = works.get(_nonce(job, attempt))
        if work is None or attempt.round == job.rounds or not _may_be_paid(work):
            continue
        # Whoever goes on after this may pay twice, and has allowed it.
        assert attempt.outcome is Outcome.UNKNOWN, f"{work.id} is paid for and was tried again"
        assert job.on_unknown is OnUnknown.RESUBMIT, f"{work.id} may be paid for and was tried again"


def _check_end(world: World, job: Job) -> None:
    ends = [one for one in world.jobs.versions[job.id] if one.status.is_terminal]
    assert len(ends) <= 1, f"{job.id} was written after its end"
    notices = [one.type.value for one in world.jobs.notices if one.subject_id == job.id]
    events = [one for one in world.jobs.events if one.job_id == job.id]
    if job.status.is_terminal:
        assert notices.count(f"generation.{job.status.value}") == 1
        assert not job.open_attempts
    assert len(notices) == len(events) == len(ends)


def _check_money(world: World, job: Job) -> None:
    works = {work.nonce: work for work in world.vendors.works}
    billed = Decimal(0)
    for attempt in job.attempts:
        work = works.get(_nonce(job, attempt))
        price = work.price if work else Decimal(0)
        if attempt.outcome is Outcome.UNKNOWN:
            # What it may have cost at most is what is counted.
            most = PRICES[attempt.target.provider] * attempt.count
            assert price <= most
            price = most
        billed += price
    assert billed == (job.cost.money.amount if job.cost else 0), "the bill is not what was counted"


def _check_pictures(world: World, job: Job) -> None:
    indexes = [image.index for image in job.images]
    assert len(set(indexes)) == len(indexes), "a picture is there twice"
    for attempt in job.current_attempts:
        made = [index for index in indexes if attempt.first <= index < attempt.first + attempt.count]
        if attempt.outcome is not Outcome.SUCCEEDED:
            assert not made
        elif "adopted" in attempt.provider_metadata:
            # Whoever stored them died, perhaps before it had stored the last.
            assert made
        else:
            assert len(made) == attempt.count, "a picture was lost"
    assert all(image.key in world.images.objects for image in job.images)


def _nonce(job: Job, attempt: Attempt) -> str:
    return f"{job.id}/{attempt.number}"


def _may_be_paid(work: Work) -> bool:
    return work.state in {State.RUNNING, State.DONE, State.EMPTY}
