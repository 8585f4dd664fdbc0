"""The ports of webhooks in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from imagegate.app.ports import TransportError
from imagegate.app.webhook_ports import DeliveryPage, EventClaim, StaleDeliveryError, StaleEndpointError
from imagegate.domain.delivery import Delivery, DeliveryStatus
from imagegate.domain.event import Event
from imagegate.domain.ids import EventId, ProjectId
from imagegate.domain.webhook import EndpointId, WebhookEndpoint
from imagegate.domain.wire import HttpRequest, HttpResponse


@dataclass
class MemoryEndpointStore:
    """`EndpointStore` in a dictionary."""

    endpoints: dict[EndpointId, WebhookEndpoint] = field(default_factory=dict)

    def read(self, project_id: ProjectId, endpoint_id: EndpointId) -> WebhookEndpoint | None:
        found = self.endpoints.get(endpoint_id)
        return found if found and found.project_id == project_id else None

    def of_project(self, project_id: ProjectId) -> tuple[WebhookEndpoint, ...]:
        return tuple(one for one in self.endpoints.values() if one.project_id == project_id)

    def write(self, endpoint: WebhookEndpoint) -> WebhookEndpoint:
        stored = self.endpoints.get(endpoint.id)
        if endpoint.version != (stored.version if stored else 0):
            raise StaleEndpointError(endpoint.id)
        self.endpoints[endpoint.id] = replace(endpoint, version=endpoint.version + 1)
        return self.endpoints[endpoint.id]

    def delete(self, endpoint: WebhookEndpoint) -> None:
        self.endpoints.pop(endpoint.id, None)

    def projects(self) -> Iterator[ProjectId]:
        yield from dict.fromkeys(one.project_id for one in self.endpoints.values())


@dataclass
class MemoryEventStore:
    """`EventStore` in a list."""

    events: list[Event] = field(default_factory=list)
    claims: dict[str, EventId] = field(default_factory=dict)

    def add(self, event: Event, claim: EventClaim | None = None) -> EventId:
        if claim is not None:
            if claim.key in self.claims:
                return self.claims[claim.key]
            self.claims[claim.key] = event.id
        self.events.append(event)
        return event.id


@dataclass
class MemoryDeliveryStore:
    """`DeliveryStore` in a dictionary."""

    deliveries: dict[tuple[EndpointId, EventId], Delivery] = field(default_factory=dict)

    def read(self, endpoint_id: EndpointId, event_id: EventId) -> Delivery | None:
        return self.deliveries.get((endpoint_id, event_id))

    def create(self, delivery: Delivery) -> None:
        self.deliveries.setdefault((delivery.endpoint_id, delivery.event.id), delivery)

    def write(self, delivery: Delivery, *, run: str) -> None:
        if self.deliveries[delivery.endpoint_id, delivery.event.id].run != run:
            raise StaleDeliveryError(run)
        self.deliveries[delivery.endpoint_id, delivery.event.id] = delivery

    def page(
        self, endpoint_id: EndpointId, *, status: DeliveryStatus | None, limit: int, after: EventId | None
    ) -> DeliveryPage:
        found = [one for one in self.deliveries.values() if status in {None, one.status}]
        return DeliveryPage(deliveries=tuple(found[:limit]))


@dataclass
class FakeFlows:
    """`DeliveryFlows` that remembers the runs it started."""

    started: list[str] = field(default_factory=list)

    def start(self, delivery: Delivery) -> None:
        if delivery.run not in self.started:
            self.started.append(delivery.run)


@dataclass
class FakePost:
    """`Post` that answers from a list, in order, with a status, an answer or a failure; then with 200."""

    answers: list[int | HttpResponse | TransportError] = field(default_factory=list)
    sent: list[HttpRequest] = field(default_factory=list)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, TransportError):
            raise answer
        return HttpResponse(status=answer, headers={}, body=b"") if isinstance(answer, int) else answer
