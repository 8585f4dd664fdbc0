"""Manage webhooks: register endpoints, look at them, replace their secrets, try them out, and delete them.

A repeated request with the same Idempotency-Key finds what the first one made: the endpoint's id follows from the key,
and so does the mark that a rotation leaves.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from imagegate.app.ports import Clock, NewId, NotSentError
from imagegate.app.webhook_ports import CheckAddress, EndpointStore, EventClaim, EventStore, StaleEndpointError
from imagegate.domain.errors import (
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidValueError,
    PermissionDeniedError,
    TooManyEndpointsError,
    WebhookEndpointNotFoundError,
)
from imagegate.domain.event import EventType, new_event
from imagegate.domain.ids import EventId, is_id
from imagegate.domain.project import Principal, Role
from imagegate.domain.webhook import (
    MAX_ENDPOINTS,
    SECRET_ENTROPY_BYTES,
    EndpointId,
    WebhookEndpoint,
    new_secret,
    rotate,
)

_KEY_RETENTION = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """What a caller says of an endpoint to register."""

    url: str
    events: tuple[str, ...]
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageWebhooks:
    """The endpoints of the caller's project."""

    endpoints: EndpointStore
    events: EventStore
    check_address: CheckAddress
    clock: Clock
    new_id: NewId
    entropy: Callable[[int], bytes]

    def create(self, principal: Principal, wanted: NewEndpoint, key: str | None) -> WebhookEndpoint:
        """Register an endpoint; its secret is in the answer and is told no other time.

        Raises:
            CallerError: the address cannot be used, there are too many endpoints, or the caller may not.
        """
        _require_admin(principal)
        endpoint_id = EndpointId(f"we_{_digest(principal, 'create', key)}" if key else self.new_id("we"))
        before = self.endpoints.read(principal.project_id, endpoint_id) if key else None
        if before is not None:
            return self._repeated(before, wanted)
        self._check(principal, wanted.url)
        now = self.clock()
        endpoint = WebhookEndpoint(
            id=endpoint_id,
            project_id=principal.project_id,
            url=wanted.url,
            events=wanted.events,
            description=wanted.description,
            secrets=(new_secret(self.entropy(SECRET_ENTROPY_BYTES), now),),
            created_at=now,
        )
        try:
            return self.endpoints.write(endpoint)
        except StaleEndpointError:
            # A repeat in the same moment was faster.
            return self._repeated(self.read(principal, endpoint_id), wanted)

    def of_project(self, principal: Principal) -> tuple[WebhookEndpoint, ...]:
        """Return all endpoints, in the order in which they were registered."""
        return tuple(sorted(self.endpoints.of_project(principal.project_id), key=lambda one: one.created_at))

    def read(self, principal: Principal, endpoint_id: str) -> WebhookEndpoint:
        """Return one endpoint.

        Raises:
            WebhookEndpointNotFoundError: there is none in the caller's project.
        """
        found = None
        if is_id("we", endpoint_id):
            found = self.endpoints.read(principal.project_id, EndpointId(endpoint_id))
        if found is None:
            message = f"There is no webhook endpoint {endpoint_id!r} in this project."
            raise WebhookEndpointNotFoundError(message)
        return found

    def delete(self, principal: Principal, endpoint_id: str) -> WebhookEndpoint:
        """Delete an endpoint; what is on its way there is given up."""
        _require_admin(principal)
        endpoint = self.read(principal, endpoint_id)
        self.endpoints.delete(endpoint)
        return endpoint

    def rotate(self, principal: Principal, endpoint_id: str, key: str | None) -> WebhookEndpoint:
        """Give an endpoint a new secret; the old one signs too for another day."""
        _require_admin(principal)
        endpoint = self.read(principal, endpoint_id)
        mark = _digest(principal, "rotate", key) if key else None
        if mark is not None and endpoint.rotation_key == mark:
            return endpoint
        secret = new_secret(self.entropy(SECRET_ENTROPY_BYTES), self.clock())
        try:
            return self.endpoints.write(rotate(endpoint, secret, mark))
        except StaleEndpointError as error:
            message = "Somebody else changed this endpoint in the same moment. Look at it, and repeat the request."
            raise ConflictError(message) from error

    def test(self, principal: Principal, endpoint_id: str, key: str | None) -> EventId:
        """Send an event to one endpoint and return its id."""
        endpoint = self.read(principal, endpoint_id)
        now = self.clock()
        event = new_event(
            event_id=EventId(self.new_id("evt")),
            project_id=principal.project_id,
            event_type=EventType.WEBHOOK_ENDPOINT_TEST,
            subject_id=endpoint.id,
            now=now,
            data={"id": endpoint.id, "object": "webhook_endpoint"},
        )
        if key is None:
            return self.events.add(event)
        claim = f"{event.type.value}#{endpoint.id}#{_digest(principal, 'test', key)}"
        return self.events.add(event, EventClaim(key=claim, expires_at=now + _KEY_RETENTION))

    def _repeated(self, before: WebhookEndpoint, wanted: NewEndpoint) -> WebhookEndpoint:
        same = (before.url, before.events, before.description) == (wanted.url, wanted.events, wanted.description)
        # A secret must not be had for a key that somebody reads in an old log.
        if same and self.clock() - before.created_at < _KEY_RETENTION:
            return before
        message = "This Idempotency-Key made another endpoint, or this one more than a day ago. Send a new key."
        raise IdempotencyKeyReusedError(message)

    def _check(self, principal: Principal, url: str) -> None:
        try:
            self.check_address(url)
        except NotSentError as error:
            message = f"Nothing can be sent to this address: {error}. Use an https address on the open internet."
            raise InvalidValueError(message, param="url") from error
        if len(self.endpoints.of_project(principal.project_id)) >= MAX_ENDPOINTS:
            message = f"A project has at most {MAX_ENDPOINTS} webhook endpoints. Delete one that is not used."
            raise TooManyEndpointsError(message)


def _require_admin(principal: Principal) -> None:
    if principal.role is not Role.ADMIN:
        message = "This takes a key with the role `admin`. An operator makes one with `imagegate keys create`."
        raise PermissionDeniedError(message)


def _digest(principal: Principal, verb: str, key: str) -> str:
    return hashlib.sha256(f"{principal.project_id}#{verb}#{key}".encode()).hexdigest()[:32]
