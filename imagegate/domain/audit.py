"""Audit events: what was decided and done, append-only, without prompts or names."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from imagegate.domain.ids import EventId, JobId, KeyId, ProjectId
from imagegate.domain.job import Job

DECISION_RETENTION = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One entry of the audit log; `details` holds text only, so that it reads the same for ever."""

    id: EventId
    project_id: ProjectId
    key_id: KeyId
    job_id: JobId
    action: str
    at: datetime
    expires_at: datetime
    details: Mapping[str, str]


def event_for(job: Job, event_id: EventId) -> AuditEvent:
    """Describe a generation that is over."""
    return AuditEvent(
        id=event_id,
        project_id=job.project_id,
        key_id=job.key_id,
        job_id=job.id,
        action=f"generation.{job.status.value}",
        at=job.updated_at,
        expires_at=job.updated_at + DECISION_RETENTION,
        details=dict(_details(job)),
    )


def deletion_event(job: Job, key_id: KeyId, event_id: EventId, now: datetime) -> AuditEvent:
    """Describe that somebody with this key deleted a generation; what it was is told by the event of its end."""
    return AuditEvent(
        id=event_id,
        project_id=job.project_id,
        key_id=key_id,
        job_id=job.id,
        action="generation.deleted",
        at=now,
        expires_at=now + DECISION_RETENTION,
        details={"status": job.status.value, "images": str(len(job.images))},
    )


def _details(job: Job) -> Mapping[str, str]:
    details = {
        "requested_model": job.request.model,
        "prompt_sha256": hashlib.sha256(job.request.prompt.encode()).hexdigest(),
        "attempts": str(len(job.attempts)),
    }
    if job.request.end_user:
        details["end_user"] = job.request.end_user
    if job.attempts:
        details |= {"model": job.target.model, "model_version": job.target.model_version}
    for decision in job.moderation:
        stage = decision.stage.value
        details[f"moderation.{stage}"] = decision.decision.value
        details[f"moderation.{stage}.codes"] = ",".join(decision.codes)
        details[f"moderation.{stage}.sources"] = ",".join(decision.sources)
    if job.images:
        details["images_sha256"] = ",".join(image.sha256 for image in job.images)
    if job.cost:
        details["cost"] = f"{job.cost.money.amount} {job.cost.money.currency}"
    if job.problem:
        details["problem"] = job.problem.code
    return details
