"""Webhook endpoints: the addresses a project wants to be told at, and the secrets that sign what is sent there."""

import base64
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from imagegate.domain.event import Event, EventType
from imagegate.domain.ids import EventId, ProjectId

EndpointId = NewType("EndpointId", str)

MAX_ENDPOINTS = 10
# How long the secret before the newest still signs, so that a receiver can change over without losing anything.
ROTATION_OVERLAP = timedelta(hours=24)
ALL_EVENTS = "*"
SECRET_ENTROPY_BYTES = 32
_SECRET_PREFIX = "whsec_"  # noqa: S105 - how every such secret begins


class DisabledReason(StrEnum):
    """Why nothing is sent to an endpoint any longer."""

    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """What signs the messages to one endpoint; one that was replaced ends at `expires_at`."""

    text: str
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """One address with what it wants to be told; `secrets` begins with the newest.

    `events` holds event types, or `*` alone. `rotation_key` names the request that brought the newest secret, so that
    its repeat changes nothing. `version` counts the writes, for optimistic locking.
    """

    id: EndpointId
    project_id: ProjectId
    url: str
    events: tuple[str, ...]
    secrets: tuple[WebhookSecret, ...]
    created_at: datetime
    description: str | None = None
    disabled_reason: DisabledReason | None = None
    rotation_key: str | None = None
    version: int = 0

    @property
    def is_enabled(self) -> bool:
        """Whether anything is sent there."""
        return self.disabled_reason is None


def new_secret(entropy: bytes, now: datetime) -> WebhookSecret:
    """Return a secret in the form of Standard Webhooks."""
    return WebhookSecret(text=f"{_SECRET_PREFIX}{base64.b64encode(entropy).decode()}", created_at=now)


def rotate(endpoint: WebhookEndpoint, secret: WebhookSecret, rotation_key: str | None) -> WebhookEndpoint:
    """Put a new secret first; the one before it signs too for another day, and older ones no more."""
    newest = replace(endpoint.secrets[0], expires_at=secret.created_at + ROTATION_OVERLAP)
    return replace(endpoint, secrets=(secret, newest), rotation_key=rotation_key)


def signing_secrets(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """Return the texts of the secrets that sign at this moment, the newest first."""
    return tuple(one.text for one in endpoint.secrets if one.expires_at is None or one.expires_at > now)


def is_told(endpoint: WebhookEndpoint, event: Event) -> bool:
    """Tell whether an event is for this endpoint; a test is for the endpoint under test alone, whatever it wants."""
    if not endpoint.is_enabled or endpoint.project_id != event.project_id:
        return False
    if event.type is EventType.WEBHOOK_ENDPOINT_TEST:
        return endpoint.id == event.subject_id
    return wants(endpoint, event.type)


def wants(endpoint: WebhookEndpoint, event_type: EventType) -> bool:
    """Tell whether an endpoint subscribed to a type of event."""
    return ALL_EVENTS in endpoint.events or event_type.value in endpoint.events


def run_name(event_id: EventId, endpoint_id: EndpointId, suffix: str = "") -> str:
    """Return the name of the flow that delivers an event: one for each endpoint, and one more for each replay.

    Step Functions takes up to 80 characters, of which these two ids leave eight.
    """
    return f"{event_id}-{endpoint_id}" + (f"-{suffix}" if suffix else "")
