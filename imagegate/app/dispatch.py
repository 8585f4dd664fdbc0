"""Dispatch: start one delivery of an event for each endpoint that wants it; a repeat changes nothing."""

from dataclasses import dataclass, replace

from imagegate.app.webhook_ports import DeliveryFlows, DeliveryStore, EndpointStore
from imagegate.domain.delivery import Delivery
from imagegate.domain.event import Event
from imagegate.domain.webhook import is_told, run_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Turns an event into deliveries; whoever calls it repeats it until it ends well."""

    endpoints: EndpointStore
    deliveries: DeliveryStore
    flows: DeliveryFlows

    def __call__(self, event: Event) -> int:
        """Return how many endpoints are told."""
        told = [one for one in self.endpoints.of_project(event.project_id) if is_told(one, event)]
        # What is counted is nobody's news, and is not kept with every delivery.
        news = replace(event, usage=None)
        for endpoint in told:
            delivery = Delivery(endpoint_id=endpoint.id, event=news, run=run_name(event.id, endpoint.id))
            # The record comes first: a flow that found none would take itself for superseded.
            self.deliveries.create(delivery)
            self.flows.start(delivery)
        return len(told)
