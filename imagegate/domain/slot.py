"""Slots: how many calls to one provider an operator allows at a time, and how long a job waits that got none."""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from imagegate.domain.errors import ProviderThrottledError
from imagegate.domain.ids import JobId
from imagegate.domain.job import Attempt, Job, Outcome, problem_of

MAX_IN_FLIGHT_SETTING: Final = "max_in_flight"
"""The setting of a provider with which an operator says how many calls to it may be under way."""

# A DynamoDB item has room for some thousands of holders.
MOST_SLOTS: Final = 1000
# The pause grows with the time that was waited, so that an hour in the queue costs some dozens of looks.
_SHORTEST_PAUSE_SECONDS: Final = 3.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_PAUSE_SHARE: Final = 0.25
# So that those who came together do not come back together.
_JITTER_SHARE: Final = 0.5


def is_limit(text: str) -> bool:
    """Tell whether a text is a number of slots."""
    return text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_SLOTS


def read_limit(settings: Mapping[str, str]) -> int | None:
    """Return how many slots a provider's settings give it, or None where nothing is counted."""
    text = settings.get(MAX_IN_FLIGHT_SETTING, "")
    return int(text) if is_limit(text) else None


def holder_of(job_id: JobId, attempt: Attempt) -> str:
    """Return the name under which an attempt holds a slot."""
    return f"{job_id}/{attempt.number}"


def job_of(holder: str) -> tuple[JobId, int]:
    """Return the job and the number of the attempt behind such a name."""
    job_id, _, number = holder.partition("/")
    return JobId(job_id), int(number)


def wait_for_slot(job: Job, attempt: Attempt, now: datetime) -> Attempt:
    """Return an attempt that got no slot: it is tried again later, or ends with its job's time; nothing was sent."""
    if now >= job.deadline_at:
        message = (
            f"{attempt.target.provider} was busy with other generations for as long as this one may take; nothing was "
            "sent or charged. Repeat the request later."
        )
        problem = problem_of(ProviderThrottledError(message))
        return replace(attempt, outcome=Outcome.FAILED, problem=problem, ended_at=now, due_at=None)
    waited = (now - attempt.started_at).total_seconds()
    pause = min(max(_SHORTEST_PAUSE_SECONDS, waited * _PAUSE_SHARE), _LONGEST_PAUSE_SECONDS)
    seconds = pause * (1 + _JITTER_SHARE * _jitter(holder_of(job.id, attempt)))
    return replace(attempt, due_at=min(now + timedelta(seconds=seconds), job.deadline_at))


def _jitter(name: str) -> float:
    return zlib.crc32(name.encode()) % 1000 / 1000
