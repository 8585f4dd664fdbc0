"""Progress: which step a job takes next, told from its record alone, so that whoever drives it can stop anywhere."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from imagegate.domain.job import LONGEST_GENERATION, Attempt, Job, Outcome, Status, replace_attempts
from imagegate.domain.project import OnUnknown
from imagegate.domain.route import Target

# One budget for a whole generation, whoever drives it: the first round, and two more at the same target or others.
MOST_ROUNDS = 3
# A function lives no longer, so whoever sent an attempt and has not written its answer by then is gone.
LONGEST_CALL = timedelta(minutes=15)
_SHORTEST_WAIT_SECONDS = 1
_FIRST_PAUSE_SECONDS = 5
_LONGEST_PAUSE_SECONDS = 300
# While nobody waits, the pause between two polls grows with the time that the work has taken so far.
_POLL_SHARE = 0.25
_LONGEST_POLL_SECONDS = 30.0


class Step(StrEnum):
    """What is done to a job; `wait` and `review` are for others to end, and `done` is the end."""

    PLAN = "plan"
    SUBMIT = "submit"
    WAIT = "wait"
    INSPECT = "inspect"
    REVIEW = "review"
    PUBLISH = "publish"
    DONE = "done"


def next_step(job: Job, now: datetime) -> Step:
    """Return the step that a job is ready for."""
    if job.status.is_terminal:
        return Step.DONE
    if job.status is Status.NEEDS_REVIEW:
        return Step.REVIEW
    if job.open_attempts:
        return Step.SUBMIT if any(_is_due_to_send(one, now) for one in job.open_attempts) else Step.WAIT
    if job.images:
        return Step.INSPECT if job.inspection is None else Step.PUBLISH
    return Step.PLAN if next_target(job, now) is not None else Step.PUBLISH


def next_target(job: Job, now: datetime) -> Target | None:
    """Return the target to try when no attempt is open: the next one planned, or the same again where that may help."""
    targets = job.route.targets if job.route else ()
    if not job.attempts:
        return targets[0] if targets else None
    if job.rounds >= MOST_ROUNDS or now >= job.deadline_at or not _may_try_again(job):
        return None
    tried = {one.target.model for one in job.attempts}
    untried = [one for one in targets if one.model not in tried]
    # What ails one model of a provider, such as a limit of our account, often ails the others.
    providers = {one.target.provider for one in job.attempts}
    elsewhere = [one for one in untried if one.provider not in providers]
    again = [one for one in targets if one.model == job.target.model and job.is_asynchronous]
    return next(iter((*elsewhere, *untried, *again)), None)


def pause_seconds(job: Job, target: Target) -> int:
    """Return how long to wait before a round at this target: none at one that was not tried, else as it asked for."""
    if not job.attempts or job.target.model != target.model:
        return 0
    asked = [one.problem.retry_after_seconds or 0 for one in job.current_attempts if one.problem is not None]
    grown = _FIRST_PAUSE_SECONDS * job.rounds**2
    return min(max([grown, *asked]), _LONGEST_PAUSE_SECONDS)


def wait_seconds(job: Job, now: datetime) -> int:
    """Return how long to leave a waiting job alone, in whole seconds."""
    first = min((one.due_at or now for one in job.open_attempts), default=now)
    return max(ceil((first - now).total_seconds()), _SHORTEST_WAIT_SECONDS)


def poll_due_at(job: Job, attempt: Attempt, asked_seconds: float, now: datetime) -> datetime:
    """Return when to look at an attempt again that its provider still works on."""
    seconds = asked_seconds
    if job.is_asynchronous:
        worked = (now - (attempt.sent_at or attempt.started_at)).total_seconds()
        grown = _LONGEST_POLL_SECONDS if attempt.callback_token else worked * _POLL_SHARE
        seconds = max(seconds, min(grown, _LONGEST_POLL_SECONDS))
    # A provider's number may be beyond what a moment can hold.
    return min(now + timedelta(seconds=min(seconds, LONGEST_GENERATION.total_seconds())), job.deadline_at)


def expects_callback(job: Job) -> bool:
    """Tell whether a provider was asked to say when it is done."""
    return any(one.sent_at is not None and one.callback_token is not None for one in job.open_attempts)


def take_up(job: Job, as_of: datetime, now: datetime) -> Job:
    """Return a job that nobody drives, to be driven on from `now`; senders that must be dead `as_of` then count so."""
    lost = (
        replace(one, lost_at=now, due_at=now)
        for one in job.open_attempts
        if one.sent_at is not None
        and one.provider_ref is None
        and one.lost_at is None
        and not one.in_batch
        and one.sent_at + LONGEST_CALL <= as_of
    )
    return replace_attempts(job, tuple(lost), now)


def _is_due_to_send(attempt: Attempt, now: datetime) -> bool:
    return attempt.sent_at is None and not attempt.in_batch and (attempt.due_at or now) <= now


def _may_try_again(job: Job) -> bool:
    """Tell whether every attempt failed in a way that made and charged nothing, or that its project pays for twice."""
    return all(_is_worth_another(one, job.on_unknown) for one in job.current_attempts)


def _is_worth_another(attempt: Attempt, on_unknown: OnUnknown) -> bool:
    if attempt.outcome is Outcome.UNKNOWN:
        return on_unknown is OnUnknown.RESUBMIT
    return attempt.outcome is Outcome.FAILED and attempt.problem is not None and attempt.problem.retryable
