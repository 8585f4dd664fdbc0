"""`/v1/webhook_endpoints`: parse, call one use case, tell its result."""

from collections.abc import Callable

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from functions import rest
from imagegate.api.requests import read_body, read_idempotency_key
from imagegate.api.webhooks import (
    DeletedEndpointAnswer,
    DeliveriesAnswer,
    TestEventAnswer,
    WebhookEndpointBody,
    WebhookEndpointsAnswer,
    read_after,
    read_limit,
    read_status,
    tell_delivery,
    tell_endpoint,
    tell_secret,
)
from imagegate.app.manage_webhooks import ManageWebhooks, NewEndpoint
from imagegate.domain.project import Principal
from imagegate.wiring.webhooks import WebhookServices

_ENDPOINTS = "/v1/webhook_endpoints"
_ENDPOINT = f"{_ENDPOINTS}/<endpoint_id>"
_ACCEPTED = 202


class WebhookEndpoints:
    """The handlers of these paths, which answer through a resolver that others share."""

    def __init__(self, app: APIGatewayRestResolver, services: Callable[[], WebhookServices]) -> None:
        self._app = app
        self._services = services
        app.post(_ENDPOINTS)(self.create)
        app.get(_ENDPOINTS)(self.list)
        app.get(_ENDPOINT)(self.read)
        app.delete(_ENDPOINT)(self.delete)
        app.post(f"{_ENDPOINT}/rotate_secret")(self.rotate_secret)
        app.post(f"{_ENDPOINT}/test")(self.test)
        app.get(f"{_ENDPOINT}/deliveries")(self.deliveries)
        app.post(f"{_ENDPOINT}/deliveries/<event_id>/replay")(self.replay)
        rest.refuse_other_methods(app, _ENDPOINTS, "POST", "GET")
        rest.refuse_other_methods(app, _ENDPOINT, "GET", "DELETE")
        for path in ("rotate_secret", "test", "deliveries/<event_id>/replay"):
            rest.refuse_other_methods(app, f"{_ENDPOINT}/{path}", "POST")
        rest.refuse_other_methods(app, f"{_ENDPOINT}/deliveries", "GET")

    def create(self) -> Response[str]:
        """Register an endpoint."""
        body = read_body(WebhookEndpointBody, rest.body_of(self._app))
        wanted = NewEndpoint(url=body.url, events=tuple(body.events), description=body.description)
        return rest.answer(self._app, tell_secret(self._manage.create(self._principal, wanted, self._key)))

    def list(self) -> Response[str]:
        """List the project's endpoints."""
        endpoints = self._manage.of_project(self._principal)
        return rest.answer(self._app, WebhookEndpointsAnswer(data=[tell_endpoint(one) for one in endpoints]))

    def read(self, endpoint_id: str) -> Response[str]:
        """Read an endpoint."""
        return rest.answer(self._app, tell_endpoint(self._manage.read(self._principal, endpoint_id)))

    def delete(self, endpoint_id: str) -> Response[str]:
        """Delete an endpoint."""
        deleted = self._manage.delete(self._principal, endpoint_id)
        return rest.answer(self._app, DeletedEndpointAnswer(id=deleted.id))

    def rotate_secret(self, endpoint_id: str) -> Response[str]:
        """Give an endpoint a new secret."""
        return rest.answer(self._app, tell_secret(self._manage.rotate(self._principal, endpoint_id, self._key)))

    def test(self, endpoint_id: str) -> Response[str]:
        """Send an event to one endpoint."""
        event_id = self._manage.test(self._principal, endpoint_id, self._key)
        return rest.answer(self._app, TestEventAnswer(event_id=event_id), status=_ACCEPTED)

    def deliveries(self, endpoint_id: str) -> Response[str]:
        """List what became of events at an endpoint."""
        query = self._app.current_event.get_query_string_value
        page = self._services().replay.page(
            self._principal,
            endpoint_id,
            status=read_status(query("status")),
            limit=read_limit(query("limit")),
            after=read_after(query("after")),
        )
        told = [tell_delivery(one) for one in page.deliveries]
        answer = DeliveriesAnswer(data=told, has_more=page.next_after is not None, last_id=page.next_after)
        return rest.answer(self._app, answer)

    def replay(self, endpoint_id: str, event_id: str) -> Response[str]:
        """Send an event again."""
        delivery = self._services().replay(self._principal, endpoint_id, event_id, self._key)
        return rest.answer(self._app, tell_delivery(delivery), status=_ACCEPTED)

    @property
    def _manage(self) -> ManageWebhooks:
        return self._services().manage

    @property
    def _principal(self) -> Principal:
        return rest.principal_of(self._app)

    @property
    def _key(self) -> str | None:
        return read_idempotency_key(self._app.current_event.headers.get("Idempotency-Key"))
