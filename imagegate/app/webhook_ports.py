"""What telling clients' endpoints needs from the world, each as a small Protocol named for the need."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imagegate.domain.delivery import Delivery, DeliveryStatus
from imagegate.domain.event import Event
from imagegate.domain.ids import EventId, ProjectId
from imagegate.domain.webhook import EndpointId, WebhookEndpoint
from imagegate.domain.wire import HttpRequest, HttpResponse

Post = Callable[[HttpRequest], HttpResponse]
"""Sends to an address on the open internet, guarded and once; the answer has no body; raises TransportError."""

CheckAddress = Callable[[str], None]
"""Raises NotSentError where `Post` would never send to this address."""

Draw = Callable[[], float]
"""Returns a random number from 0 to 1."""


class StaleEndpointError(Exception):
    """Somebody else has written or deleted the endpoint since it was read."""


class StaleDeliveryError(Exception):
    """Another flow has taken the delivery over since it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventClaim:
    """What an event is about, so that it is told once however often it is noticed before `expires_at`."""

    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """Some deliveries, the latest event first, and the event after which the next page begins, if there is one."""

    deliveries: tuple[Delivery, ...]
    next_after: EventId | None = None


class EndpointStore(Protocol):
    """Keeps the endpoints of projects."""

    def read(self, project_id: ProjectId, endpoint_id: EndpointId) -> WebhookEndpoint | None:
        """Return the endpoint, or None."""
        ...

    def of_project(self, project_id: ProjectId) -> tuple[WebhookEndpoint, ...]:
        """Return all endpoints of a project."""
        ...

    def write(self, endpoint: WebhookEndpoint) -> WebhookEndpoint:
        """Create or replace an endpoint and return it with its new version.

        Raises:
            StaleEndpointError: it was written or deleted by somebody else meanwhile.
        """
        ...

    def delete(self, endpoint: WebhookEndpoint) -> None:
        """Delete an endpoint for good; it is no error that it is gone."""
        ...

    def projects(self) -> Iterable[ProjectId]:
        """Return every project that has an endpoint, each once."""
        ...


class EventStore(Protocol):
    """Keeps events that no other record changes with; what is written is told to the project's endpoints."""

    def add(self, event: Event, claim: EventClaim | None = None) -> EventId:
        """Write an event, or nothing where its claim is taken; return the id of the one that is written."""
        ...


class DeliveryStore(Protocol):
    """Keeps what became of each event at each endpoint."""

    def read(self, endpoint_id: EndpointId, event_id: EventId) -> Delivery | None:
        """Return the delivery as it was last written, or None."""
        ...

    def create(self, delivery: Delivery) -> None:
        """Write a delivery, unless there is one."""
        ...

    def write(self, delivery: Delivery, *, run: str) -> None:
        """Replace a delivery that this run works on.

        Raises:
            StaleDeliveryError: another run does.
        """
        ...

    def page(
        self, endpoint_id: EndpointId, *, status: DeliveryStatus | None, limit: int, after: EventId | None
    ) -> DeliveryPage:
        """Return deliveries of an endpoint, the latest event first."""
        ...


class DeliveryFlows(Protocol):
    """Runs what waits between the tries of a delivery."""

    def start(self, delivery: Delivery) -> None:
        """Start the delivery's run, unless it was started before."""
        ...
