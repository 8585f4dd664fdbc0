"""Events: what a project's endpoints are told about; thin, so that whoever wants more reads the thing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imagegate.domain.ids import EventId, ProjectId
from imagegate.domain.job import Job
from imagegate.domain.money import Cost
from imagegate.domain.request import JsonValue
from imagegate.domain.usage import UsageRecord, usage_record

EVENT_RETENTION = timedelta(days=30)


class EventType(StrEnum):
    """What an endpoint can subscribe to."""

    GENERATION_SUCCEEDED = "generation.succeeded"
    GENERATION_REJECTED = "generation.rejected"
    GENERATION_FAILED = "generation.failed"
    GENERATION_CANCELED = "generation.canceled"
    GENERATION_NEEDS_REVIEW = "generation.needs_review"
    BATCH_COMPLETED = "batch.completed"
    BUDGET_THRESHOLD = "budget.threshold"
    MODEL_DEPRECATED = "model.deprecated"
    WEBHOOK_ENDPOINT_TEST = "webhook_endpoint.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to `subject_id`; `data` is sent as it stands, so it holds no prompt and no address.

    `usage` is what a generation came to that is over. It is counted from here, and sent to nobody.
    """

    id: EventId
    project_id: ProjectId
    type: EventType
    subject_id: str
    created_at: datetime
    expires_at: datetime
    data: Mapping[str, JsonValue]
    usage: UsageRecord | None = None


def new_event(
    *,
    event_id: EventId,
    project_id: ProjectId,
    event_type: EventType,
    subject_id: str,
    now: datetime,
    data: Mapping[str, JsonValue],
) -> Event:
    """Return an event of this moment, kept as long as any."""
    return Event(
        id=event_id,
        project_id=project_id,
        type=event_type,
        subject_id=subject_id,
        created_at=now,
        expires_at=now + EVENT_RETENTION,
        data=data,
    )


def generation_event(job: Job, event_id: EventId, costs: Mapping[int, Cost] | None = None) -> Event:
    """Tell that a generation is over, or held for a review; any other status is nobody's news.

    `costs` are those of the attempts by their numbers, for what is counted.
    """
    event = new_event(
        event_id=event_id,
        project_id=job.project_id,
        event_type=EventType(f"generation.{job.status.value}"),
        subject_id=job.id,
        now=job.updated_at,
        data=_generation(job),
    )
    return replace(event, usage=usage_record(job, costs or {})) if job.status.is_terminal else event


def _generation(job: Job) -> Mapping[str, JsonValue]:
    target = job.target if job.attempts else None
    return {
        "id": job.id,
        "object": "generation",
        "status": job.status.value,
        "created_at": int(job.created_at.timestamp()),
        "completed_at": int(job.completed_at.timestamp()) if job.completed_at else None,
        "requested_model": job.request.model,
        "provider": target.provider if target else None,
        "model": target.model if target else None,
        "image_count": len(job.images),
        "cost": {"amount": f"{job.cost.money.amount:f}", "currency": job.cost.money.currency} if job.cost else None,
        "end_user": job.request.end_user,
        "error": {"code": job.problem.code} if job.problem else None,
    }
