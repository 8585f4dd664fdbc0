"""`/v1/webhook_endpoints`: bodies, answers and their descriptions."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from imagegate.api.operations import IDEMPOTENCY_KEY, Json, body_of, operation, path_parameter, schema_of
from imagegate.api.requests import Body
from imagegate.domain.delivery import Delivery, DeliveryStatus
from imagegate.domain.errors import InvalidValueError
from imagegate.domain.event import EventType
from imagegate.domain.ids import EventId, is_id
from imagegate.domain.webhook import DisabledReason, WebhookEndpoint

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_ENDPOINTS = "/v1/webhook_endpoints"
_ENDPOINT = f"{_ENDPOINTS}/{{endpoint_id}}"

# Written out, so that the description names them; a test holds them to the domain's.
Subscription = Literal[
    "*",
    "generation.succeeded",
    "generation.rejected",
    "generation.failed",
    "generation.canceled",
    "generation.needs_review",
    "batch.completed",
    "budget.threshold",
    "model.deprecated",
]


class WebhookEndpointBody(Body):
    """`POST /v1/webhook_endpoints`."""

    url: str = Field(min_length=1, max_length=2048, description="An https address on the open internet.")
    events: list[Subscription] = Field(
        default=["*"], min_length=1, max_length=20, description="What to be told of; `*` stands for everything."
    )
    description: str | None = Field(default=None, max_length=256)


class WebhookEndpointAnswer(BaseModel):
    """One endpoint, without its secret."""

    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    url: str
    events: list[str]
    description: str | None = None
    status: Literal["enabled", "disabled"]
    disabled_reason: DisabledReason | None = None
    created_at: int


class NewSecretAnswer(WebhookEndpointAnswer):
    """An endpoint with its secret, which is told this once; the one before it signs too until `previous_expires_at`."""

    secret: str
    previous_expires_at: int | None = None


class WebhookEndpointsAnswer(BaseModel):
    """`GET /v1/webhook_endpoints`."""

    object: Literal["list"] = "list"
    data: list[WebhookEndpointAnswer]


class DeletedEndpointAnswer(BaseModel):
    """`DELETE /v1/webhook_endpoints/{id}`."""

    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    deleted: Literal[True] = True


class TestEventAnswer(BaseModel):
    """`POST /v1/webhook_endpoints/{id}/test`: the event that is on its way."""

    # Its name begins as pytest's classes do.
    __test__ = False

    event_id: str
    object: Literal["event"] = "event"
    type: Literal["webhook_endpoint.test"] = "webhook_endpoint.test"


class TryAnswer(BaseModel):
    """One time the event was sent: the status that came back, or why none did."""

    at: datetime
    status_code: int | None = None
    error: str | None = None
    duration_ms: int | None = None


class DeliveryAnswer(BaseModel):
    """What became of one event at one endpoint."""

    object: Literal["delivery"] = "delivery"
    event_id: str
    type: EventType
    subject_id: str
    created_at: int
    status: DeliveryStatus
    tries: list[TryAnswer]


class DeliveriesAnswer(BaseModel):
    """`GET /v1/webhook_endpoints/{id}/deliveries`: the latest event first; `after=<last_id>` reads on."""

    object: Literal["list"] = "list"
    data: list[DeliveryAnswer]
    has_more: bool
    last_id: str | None = None


def tell_endpoint(endpoint: WebhookEndpoint) -> WebhookEndpointAnswer:
    """Tell an endpoint without its secret."""
    return WebhookEndpointAnswer(
        id=endpoint.id,
        url=endpoint.url,
        events=list(endpoint.events),
        description=endpoint.description,
        status="enabled" if endpoint.is_enabled else "disabled",
        disabled_reason=endpoint.disabled_reason,
        created_at=int(endpoint.created_at.timestamp()),
    )


def tell_secret(endpoint: WebhookEndpoint) -> NewSecretAnswer:
    """Tell an endpoint with its newest secret."""
    newest, *older = endpoint.secrets
    ends = [one.expires_at for one in older if one.expires_at is not None]
    return NewSecretAnswer(
        **tell_endpoint(endpoint).model_dump(),
        secret=newest.text,
        previous_expires_at=int(ends[0].timestamp()) if ends else None,
    )


def tell_delivery(delivery: Delivery) -> DeliveryAnswer:
    """Tell a delivery with all its tries."""
    event = delivery.event
    return DeliveryAnswer(
        event_id=event.id,
        type=event.type,
        subject_id=event.subject_id,
        created_at=int(event.created_at.timestamp()),
        status=delivery.status,
        tries=[
            TryAnswer(at=one.at, status_code=one.status_code, error=one.error, duration_ms=one.duration_ms)
            for one in delivery.tries
        ],
    )


def read_status(value: str | None) -> DeliveryStatus | None:
    """Check the query parameter `status`."""
    if value is None:
        return None
    if value not in set(DeliveryStatus):
        raise InvalidValueError(f"`status` is one of {', '.join(DeliveryStatus)}.", param="status")
    return DeliveryStatus(value)


def read_limit(value: str | None) -> int:
    """Check the query parameter `limit`."""
    if value is None:
        return DEFAULT_LIMIT
    if not (value.isascii() and value.isdecimal() and len(value) <= 3 and 1 <= int(value) <= MAX_LIMIT):
        raise InvalidValueError(f"`limit` is a number from 1 to {MAX_LIMIT}.", param="limit")
    return int(value)


def read_after(value: str | None) -> EventId | None:
    """Check the query parameter `after`."""
    if value is None:
        return None
    if not is_id("evt", value):
        raise InvalidValueError("`after` is the id of an event, `last_id` of the page before.", param="after")
    return EventId(value)


def webhook_paths() -> Json:
    """Return the descriptions of all paths of webhook endpoints."""
    return {**_endpoint_paths(), **_secret_and_test_paths(), **_delivery_paths()}


def _id() -> Json:
    return path_parameter("endpoint_id", "The endpoint's id, which begins with `we_`.")


def _endpoint_paths() -> Json:
    return {
        _ENDPOINTS: {
            "post": operation(
                operation_id="createWebhookEndpoint",
                summary="Register an address to be told at; its secret is in the answer, and in no other.",
                answer=schema_of(NewSecretAnswer),
                errors=("400", "403", "409", "413"),
                requestBody=body_of(WebhookEndpointBody),
                parameters=[IDEMPOTENCY_KEY],
            ),
            "get": operation(
                operation_id="listWebhookEndpoints",
                summary="List the project's endpoints.",
                answer=schema_of(WebhookEndpointsAnswer),
            ),
        },
        _ENDPOINT: {
            "get": operation(
                operation_id="getWebhookEndpoint",
                summary="Read an endpoint.",
                answer=schema_of(WebhookEndpointAnswer),
                errors=("404",),
                parameters=[_id()],
            ),
            "delete": operation(
                operation_id="deleteWebhookEndpoint",
                summary="Delete an endpoint; what is on its way there is given up.",
                answer=schema_of(DeletedEndpointAnswer),
                errors=("403", "404"),
                parameters=[_id()],
            ),
        },
    }


def _secret_and_test_paths() -> Json:
    return {
        f"{_ENDPOINT}/rotate_secret": {
            "post": operation(
                operation_id="rotateWebhookSecret",
                summary="Get a new secret; the old one signs too for another 24 hours.",
                answer=schema_of(NewSecretAnswer),
                errors=("400", "403", "404", "409"),
                parameters=[_id(), IDEMPOTENCY_KEY],
            )
        },
        f"{_ENDPOINT}/test": {
            "post": operation(
                operation_id="testWebhookEndpoint",
                summary="Send an event of the type `webhook_endpoint.test` to this endpoint alone.",
                answer=schema_of(TestEventAnswer),
                errors=("400", "404"),
                success="202",
                parameters=[_id(), IDEMPOTENCY_KEY],
            )
        },
    }


def _delivery_paths() -> Json:
    status: Json = {"type": "string", "enum": [one.value for one in DeliveryStatus]}
    limit: Json = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    after: Json = {"type": "string", "pattern": "^evt_[0-9a-f]{32}$"}
    query = {"status": status, "limit": limit, "after": after}
    choices = [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in query.items()]
    return {
        f"{_ENDPOINT}/deliveries": {
            "get": operation(
                operation_id="listWebhookDeliveries",
                summary="List what became of events at this endpoint in the last 30 days, the latest first.",
                answer=schema_of(DeliveriesAnswer),
                errors=("400", "404"),
                parameters=[_id(), *choices],
            )
        },
        f"{_ENDPOINT}/deliveries/{{event_id}}/replay": {
            "post": operation(
                operation_id="replayWebhookDelivery",
                summary="Send an event again, with the same id and body.",
                answer=schema_of(DeliveryAnswer),
                errors=("400", "404", "409"),
                success="202",
                parameters=[_id(), path_parameter("event_id", "The event's id."), IDEMPOTENCY_KEY],
            )
        },
    }
