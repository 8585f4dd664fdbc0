"""Deliveries: look at what became of events at an endpoint, and send one again."""

import hashlib
from dataclasses import dataclass

from imagegate.app.manage_webhooks import ManageWebhooks
from imagegate.app.ports import NewId
from imagegate.app.webhook_ports import DeliveryFlows, DeliveryPage, DeliveryStore, StaleDeliveryError
from imagegate.domain.delivery import Delivery, DeliveryStatus, replay
from imagegate.domain.errors import ConflictError, DeliveryNotFoundError
from imagegate.domain.ids import EventId, is_id
from imagegate.domain.project import Principal
from imagegate.domain.webhook import run_name

# What the longest name of a flow leaves of its 80 characters.
_SUFFIX_CHARACTERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The deliveries to the endpoints of the caller's project."""

    webhooks: ManageWebhooks
    deliveries: DeliveryStore
    flows: DeliveryFlows
    new_id: NewId

    def page(
        self,
        principal: Principal,
        endpoint_id: str,
        *,
        status: DeliveryStatus | None,
        limit: int,
        after: EventId | None,
    ) -> DeliveryPage:
        """Return deliveries to an endpoint, the latest event first."""
        endpoint = self.webhooks.read(principal, endpoint_id)
        return self.deliveries.page(endpoint.id, status=status, limit=limit, after=after)

    def __call__(self, principal: Principal, endpoint_id: str, event_id: str, key: str | None) -> Delivery:
        """Begin a delivery anew, with the same id and body; a flow that still works on it stops.

        Raises:
            DeliveryNotFoundError: the endpoint was never told of such an event, or so long ago that it is forgotten.
        """
        endpoint = self.webhooks.read(principal, endpoint_id)
        delivery = self.deliveries.read(endpoint.id, EventId(event_id)) if is_id("evt", event_id) else None
        if delivery is None:
            message = f"There is no delivery of the event {event_id!r} to this endpoint. They are kept for 30 days."
            raise DeliveryNotFoundError(message)
        run = run_name(delivery.event.id, endpoint.id, self._suffix(key))
        if delivery.run != run:
            begun = replay(delivery, run)
            try:
                self.deliveries.write(begun, run=delivery.run)
            except StaleDeliveryError as error:
                message = "Somebody else replays this delivery in the same moment. Look at it before you repeat this."
                raise ConflictError(message) from error
            delivery = begun
        self.flows.start(delivery)
        return delivery

    def _suffix(self, key: str | None) -> str:
        text = hashlib.sha256(key.encode()).hexdigest() if key else self.new_id("run")
        return text[-_SUFFIX_CHARACTERS:]
