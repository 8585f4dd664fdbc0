"""Announce deprecations: tell subscribed projects, once, of each model that will be shut down within 90 days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from imagegate.app.ports import Clock, NewId
from imagegate.app.webhook_ports import EndpointStore, EventClaim, EventStore
from imagegate.domain.card import ModelCard
from imagegate.domain.event import Event, EventType, new_event
from imagegate.domain.ids import EventId, ProjectId
from imagegate.domain.lifecycle import NOTICE, ends_soon
from imagegate.domain.webhook import wants


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceDeprecations:
    """Run every day; what was told before is not told again, unless the day has changed."""

    endpoints: EndpointStore
    events: EventStore
    cards: Callable[[], tuple[ModelCard, ...]]
    clock: Clock
    new_id: NewId

    def __call__(self) -> None:
        """Write an event for each subscribed project and each model that ends soon."""
        today = self.clock().date()
        ending = [card for card in self.cards() if ends_soon(card, today)]
        if not ending:
            return
        for project_id in self.endpoints.projects():
            if self._is_subscribed(project_id):
                for card in ending:
                    self._tell(project_id, card)

    def _is_subscribed(self, project_id: ProjectId) -> bool:
        endpoints = self.endpoints.of_project(project_id)
        return any(one.is_enabled and wants(one, EventType.MODEL_DEPRECATED) for one in endpoints)

    def _tell(self, project_id: ProjectId, card: ModelCard) -> None:
        event = self._event(project_id, card)
        claim = f"{event.type.value}#{project_id}#{card.id}#{event.data['shutdown_on']}"
        self.events.add(event, EventClaim(key=claim, expires_at=event.created_at + NOTICE + timedelta(days=1)))

    def _event(self, project_id: ProjectId, card: ModelCard) -> Event:
        shutdown_on = card.lifecycle.shutdown_on
        return new_event(
            event_id=EventId(self.new_id("evt")),
            project_id=project_id,
            event_type=EventType.MODEL_DEPRECATED,
            subject_id=card.id,
            now=self.clock(),
            data={
                "id": card.id,
                "object": "model",
                "shutdown_on": shutdown_on.isoformat() if shutdown_on else None,
                "replacement": card.lifecycle.replacement,
            },
        )
