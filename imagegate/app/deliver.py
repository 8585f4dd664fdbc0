"""Deliver: send one event to one endpoint once, write down what came back, and say when to try again.

The body and the id are the same at every try, so that a receiver can tell a repeat from news.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from imagegate.app.ports import Clock, TransportError
from imagegate.app.webhook_ports import (
    DeliveryStore,
    Draw,
    EndpointStore,
    Post,
    StaleDeliveryError,
    StaleEndpointError,
)
from imagegate.domain.delivery import (
    MAX_TRIES,
    Delivery,
    DeliveryStatus,
    Try,
    Verdict,
    VerdictKind,
    begin_try,
    end_try,
    give_up,
    is_gone,
)
from imagegate.domain.event import Event
from imagegate.domain.ids import EventId
from imagegate.domain.webhook import DisabledReason, EndpointId, WebhookEndpoint, signing_secrets
from imagegate.domain.wire import HttpRequest, HttpResponse
from imagegate.reading import retry_after_seconds
from imagegate.signatures import sign_standard_webhook

_ENDED = {DeliveryStatus.DELIVERED: VerdictKind.DELIVERED, DeliveryStatus.DEAD: VerdictKind.DEAD}
_USER_AGENT = "Imagegate-Webhooks/1"
_SUPERSEDED = Verdict(kind=VerdictKind.SUPERSEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """One step of a delivery's flow."""

    endpoints: EndpointStore
    deliveries: DeliveryStore
    post: Post
    clock: Clock
    draw: Draw

    def __call__(self, endpoint_id: EndpointId, event_id: EventId, run: str) -> Verdict:
        """Return what the flow does next."""
        delivery = self.deliveries.read(endpoint_id, event_id)
        if delivery is None or delivery.run != run:
            return _SUPERSEDED
        if delivery.status is not DeliveryStatus.PENDING:
            # It was written and our answer was lost.
            return Verdict(kind=_ENDED[delivery.status])
        try:
            return self._deliver(delivery)
        except StaleDeliveryError:
            return _SUPERSEDED

    def _deliver(self, delivery: Delivery) -> Verdict:
        endpoint = self.endpoints.read(delivery.event.project_id, delivery.endpoint_id)
        if endpoint is None or not endpoint.is_enabled or delivery.tries_of_run >= MAX_TRIES:
            dead, verdict = give_up(delivery)
            self.deliveries.write(dead, run=delivery.run)
            return verdict
        begun = begin_try(delivery, self.clock())
        self.deliveries.write(begun, run=delivery.run)
        done, retry_after = self._send(endpoint, begun)
        told, verdict = end_try(begun, done, retry_after=retry_after, jitter=self.draw())
        self.deliveries.write(told, run=delivery.run)
        if is_gone(done):
            self._disable(endpoint)
        return verdict

    def _send(self, endpoint: WebhookEndpoint, begun: Delivery) -> tuple[Try, timedelta | None]:
        sent_at = begun.tries[-1].at
        try:
            response = self.post(message_of(endpoint, begun.event, sent_at))
        except TransportError as error:
            return Try(at=sent_at, error=str(error), duration_ms=self._since(sent_at)), None
        done = Try(at=sent_at, status_code=response.status, duration_ms=self._since(sent_at))
        return done, _retry_after(response, self.clock())

    def _since(self, moment: datetime) -> int:
        return round((self.clock() - moment).total_seconds() * 1000)

    def _disable(self, endpoint: WebhookEndpoint) -> None:
        try:
            self.endpoints.write(replace(endpoint, disabled_reason=DisabledReason.GONE))
        except StaleEndpointError:
            # Its owner changed it in this moment; if it is still gone, the next event finds out.
            return


def message_of(endpoint: WebhookEndpoint, event: Event, sent_at: datetime) -> HttpRequest:
    """Return the signed message, in the form of Standard Webhooks."""
    body = body_of(event)
    return HttpRequest(
        method="POST",
        url=endpoint.url,
        headers={
            "content-type": "application/json",
            "user-agent": _USER_AGENT,
            "webhook-id": event.id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": sign_standard_webhook(signing_secrets(endpoint, sent_at), event.id, sent_at, body),
        },
        body=body,
    )


def body_of(event: Event) -> bytes:
    """Return the body, which depends on nothing but the event."""
    told = {"type": event.type.value, "timestamp": event.created_at.isoformat(), "data": event.data}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def _retry_after(response: HttpResponse, now: datetime) -> timedelta | None:
    """Read how long the receiver wants to be left alone, in seconds or until a date."""
    seconds = retry_after_seconds(response)
    if seconds is not None:
        return timedelta(seconds=seconds)
    try:
        moment = parsedate_to_datetime(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
