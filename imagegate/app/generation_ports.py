"""What the endpoints of generations and the reconciler need besides single jobs: lists of them."""

from datetime import datetime
from typing import Protocol

from imagegate.domain.ids import JobId


class DueJobs(Protocol):
    """Finds the jobs that nobody drives any more; they are spread over shards, which are asked one by one."""

    def due(self, now: datetime, shard: int) -> tuple[JobId, ...]:
        """Return the jobs of a shard whose `check_at` has passed, the longest overdue first.

        What a moment has changed may not show yet, so each job is to be read before anything is done to it.
        """
        ...
