"""Claims: what a repeated request with an Idempotency-Key finds, for everything that is not a generation."""

import hashlib
from datetime import datetime, timedelta

from imagegate.app.batch_ports import SubjectClaim
from imagegate.domain.errors import IdempotencyKeyReusedError
from imagegate.domain.ids import ProjectId

_RETENTION = timedelta(hours=24)


def new_claim(
    project_id: ProjectId, key: str | None, content: bytes, subject_id: str, now: datetime
) -> SubjectClaim | None:
    """Return the claim of a request with this content, or None where it came without a key."""
    if key is None:
        return None
    return SubjectClaim(
        project_id=project_id,
        key=key,
        fingerprint=hashlib.sha256(content).hexdigest(),
        subject_id=subject_id,
        expires_at=now + _RETENTION,
    )


def check_repeat(claim: SubjectClaim | None, owner: SubjectClaim) -> None:
    """Make sure that a request is the same as the one that owns its key.

    Raises:
        IdempotencyKeyReusedError: it is another.
    """
    if claim is None or claim.fingerprint != owner.fingerprint:
        message = "This Idempotency-Key was used with a different request. Send a new key with a new request."
        raise IdempotencyKeyReusedError(message)
