"""Wiring of the `job` function, which takes the steps of jobs that nobody waits for."""

from imagegate.app.run_job import RunJob
from imagegate.wiring.deployment import now
from imagegate.wiring.generations import generations

# The function has 15 minutes; the rest is for collecting the pictures and writing down what became of the attempt.
LONGEST_READ_SECONDS = 780.0


def run_job() -> RunJob:
    """Build what the state machine calls."""
    parts = generations(LONGEST_READ_SECONDS)
    return RunJob(steps=parts.steps, jobs=parts.jobs, runs=parts.runs, callbacks=parts.callbacks, clock=now)
