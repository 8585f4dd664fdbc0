"""What a caller said about waiting, in the words of RFC 7240: `respond-async` and `wait`."""

from dataclasses import dataclass
from datetime import timedelta

# API Gateway gives up after 29 seconds; what is left is for storing and publishing.
PATIENCE = timedelta(seconds=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Silence leaves it to the target's usual time whether there is a wait at all."""

    wait: timedelta | None = None
    is_async: bool = False

    @property
    def patience(self) -> timedelta:
        """How long the caller waits, at most as long as the gateway can."""
        silence = timedelta(0) if self.is_async else PATIENCE
        return silence if self.wait is None else min(self.wait, PATIENCE)
