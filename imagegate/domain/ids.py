"""Ids: time first, so that they sort by age, then randomness, so that they cannot be guessed."""

import re
from datetime import datetime
from typing import NewType

JobId = NewType("JobId", str)
ProjectId = NewType("ProjectId", str)
KeyId = NewType("KeyId", str)
EventId = NewType("EventId", str)
FileId = NewType("FileId", str)
BatchId = NewType("BatchId", str)

ENTROPY_BYTES = 10


def is_id(prefix: str, text: str) -> bool:
    """Tell whether a text from outside could be an id with this prefix, before anything is looked up under it."""
    return re.fullmatch(rf"{prefix}_[0-9a-f]{{32}}", text) is not None


def new_id(prefix: str, now: datetime, entropy: bytes) -> str:
    """Return `<prefix>_<12 hex digits of milliseconds><20 hex digits of entropy>`."""
    milliseconds = int(now.timestamp() * 1000)
    return f"{prefix}_{milliseconds:012x}{entropy.hex()}"
