"""Managing endpoints: who may, what a repeat gets, and that nothing leads into a private network."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from imagegate.app.manage_webhooks import ManageWebhooks, NewEndpoint
from imagegate.app.ports import NotSentError
from imagegate.app.replay import Replay
from imagegate.domain.delivery import Delivery, DeliveryStatus
from imagegate.domain.errors import (
    ConflictError,
    DeliveryNotFoundError,
    IdempotencyKeyReusedError,
    InvalidValueError,
    PermissionDeniedError,
    TooManyEndpointsError,
    WebhookEndpointNotFoundError,
)
from imagegate.domain.event import EventType
from imagegate.domain.ids import EventId
from imagegate.domain.project import Principal, Role
from imagegate.domain.webhook import MAX_ENDPOINTS, WebhookEndpoint
from tests.builders import OTHER_PROJECT_ID, PRINCIPAL, a_delivery, an_endpoint
from tests.fakes import FakeClock, FakeIds
from tests.webhook_fakes import FakeFlows, MemoryDeliveryStore, MemoryEndpointStore, MemoryEventStore

ADMIN = replace(PRINCIPAL, role=Role.ADMIN)
STRANGER = replace(ADMIN, project_id=OTHER_PROJECT_ID)
WANTED = NewEndpoint(url="https://app.example/hooks", events=("*",))


def _check(url: str) -> None:
    if "private" in url:
        message = "the host has an address that is not public"
        raise NotSentError(message)


@dataclass
class Office:
    """Everything that a project can do with its endpoints."""

    endpoints: MemoryEndpointStore = field(default_factory=MemoryEndpointStore)
    events: MemoryEventStore = field(default_factory=MemoryEventStore)
    deliveries: MemoryDeliveryStore = field(default_factory=MemoryDeliveryStore)
    flows: FakeFlows = field(default_factory=FakeFlows)

    def __post_init__(self) -> None:
        ids, draws = FakeIds(), iter(range(256))
        self.clock = FakeClock()
        self.manage = ManageWebhooks(
            endpoints=self.endpoints,
            events=self.events,
            check_address=_check,
            clock=self.clock,
            new_id=ids,
            entropy=lambda count: bytes([next(draws)]) * count,
        )
        self.replay = Replay(webhooks=self.manage, deliveries=self.deliveries, flows=self.flows, new_id=ids)

    def create(self, key: str | None = None, principal: Principal = ADMIN, **changes: Any) -> WebhookEndpoint:
        return self.manage.create(principal, replace(WANTED, **changes), key)


def test_an_endpoint_is_registered_with_a_secret_of_its_own() -> None:
    office = Office()

    first, second = office.create(), office.create()

    assert (first.url, first.events, first.is_enabled) == (WANTED.url, ("*",), True)
    assert first.secrets != second.secrets
    assert office.manage.of_project(PRINCIPAL) == (first, second)
    assert office.manage.read(PRINCIPAL, first.id) == first


def test_a_repeat_gets_the_same_endpoint_and_another_body_is_refused() -> None:
    office = Office()

    first, repeat = office.create("once"), office.create("once")

    assert repeat == first
    assert office.create("twice").id != first.id
    with pytest.raises(IdempotencyKeyReusedError):
        office.create("once", url="https://other.example/hooks")


def test_a_secret_is_not_told_again_for_the_key_of_another_day() -> None:
    office = Office()
    office.create("once")
    office.clock.sleep(24 * 60 * 60)

    with pytest.raises(IdempotencyKeyReusedError, match="more than a day ago"):
        office.create("once")


def test_a_repeat_in_the_same_moment_gets_what_the_faster_one_made() -> None:
    office = Office()

    def create_meanwhile(url: str) -> None:
        office.create("once")

    slower = replace(office.manage, check_address=create_meanwhile)

    assert [slower.create(ADMIN, WANTED, "once")] == list(office.endpoints.endpoints.values())


def test_two_projects_may_use_the_same_key() -> None:
    office = Office()

    assert office.create("once").id != office.create("once", STRANGER).id


def test_an_address_that_must_not_be_reached_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidValueError, match="not public") as refused:
        Office().create(url="https://private.example/")

    assert refused.value.param == "url"


def test_a_project_has_a_limited_number_of_endpoints() -> None:
    office = Office()
    for _ in range(MAX_ENDPOINTS):
        office.create()

    with pytest.raises(TooManyEndpointsError):
        office.create()
    assert office.create(principal=STRANGER)


def test_a_client_key_may_look_and_try_out_but_not_change() -> None:
    office = Office()
    endpoint = office.create()

    assert office.manage.read(PRINCIPAL, endpoint.id)
    assert office.manage.test(PRINCIPAL, endpoint.id, None)
    with pytest.raises(PermissionDeniedError, match="admin"):
        office.create(principal=PRINCIPAL)
    with pytest.raises(PermissionDeniedError):
        office.manage.delete(PRINCIPAL, endpoint.id)
    with pytest.raises(PermissionDeniedError):
        office.manage.rotate(PRINCIPAL, endpoint.id, None)


@pytest.mark.parametrize("endpoint_id", ["we_none", "", "../x", f"we_{'0' * 32}"])
def test_what_is_not_there_is_not_found(endpoint_id: str) -> None:
    with pytest.raises(WebhookEndpointNotFoundError):
        Office().manage.read(ADMIN, endpoint_id)


def test_another_projects_endpoint_is_not_found() -> None:
    office = Office()
    endpoint = office.create()

    with pytest.raises(WebhookEndpointNotFoundError):
        office.manage.delete(STRANGER, endpoint.id)
    assert office.endpoints.endpoints


def test_a_deleted_endpoint_is_gone_and_its_key_may_make_it_anew() -> None:
    office = Office()
    endpoint = office.create("once")

    assert office.manage.delete(ADMIN, endpoint.id) == endpoint

    assert office.manage.of_project(ADMIN) == ()
    assert office.create("once").secrets != endpoint.secrets


def test_a_rotation_keeps_the_old_secret_for_a_while_and_its_repeat_changes_nothing() -> None:
    office = Office()
    endpoint = office.create()

    rotated = office.manage.rotate(ADMIN, endpoint.id, "once")
    repeat = office.manage.rotate(ADMIN, endpoint.id, "once")
    third = office.manage.rotate(ADMIN, endpoint.id, None)

    assert rotated.secrets[1].text == endpoint.secrets[0].text
    assert repeat == rotated
    assert third.secrets[0].text not in {one.text for one in rotated.secrets}


def test_a_rotation_beside_another_change_says_so() -> None:
    office = Office()
    endpoint = office.create()

    def rotate_meanwhile(count: int) -> bytes:
        office.manage.rotate(ADMIN, endpoint.id, None)
        return b"9" * count

    slower = replace(office.manage, entropy=rotate_meanwhile)

    with pytest.raises(ConflictError):
        slower.rotate(ADMIN, endpoint.id, None)


def test_a_test_is_an_event_about_the_endpoint_and_its_repeat_is_the_same_event() -> None:
    office = Office()
    endpoint = office.create()

    first, repeat = (office.manage.test(ADMIN, endpoint.id, "once") for _ in range(2))
    other = office.manage.test(ADMIN, endpoint.id, None)

    assert first == repeat != other
    assert [(one.id, one.type, one.subject_id) for one in office.events.events] == [
        (first, EventType.WEBHOOK_ENDPOINT_TEST, endpoint.id),
        (other, EventType.WEBHOOK_ENDPOINT_TEST, endpoint.id),
    ]


def _office_with_a_dead_delivery() -> tuple[Office, Delivery]:
    office = Office()
    office.endpoints.write(an_endpoint())
    delivery = a_delivery(status=DeliveryStatus.DEAD)
    office.deliveries.create(delivery)
    return office, delivery


def test_a_replay_starts_a_flow_with_a_name_of_its_own() -> None:
    office, delivery = _office_with_a_dead_delivery()

    begun = office.replay(PRINCIPAL, delivery.endpoint_id, delivery.event.id, None)
    again = office.replay(PRINCIPAL, delivery.endpoint_id, delivery.event.id, None)

    assert begun.status is DeliveryStatus.PENDING
    assert office.flows.started == [begun.run, again.run]
    assert all(len(run) <= 80 and run.startswith(delivery.run) for run in office.flows.started)
    assert len({delivery.run, begun.run, again.run}) == 3


def test_a_repeated_replay_is_one_replay() -> None:
    office, delivery = _office_with_a_dead_delivery()

    first, repeat = (office.replay(PRINCIPAL, delivery.endpoint_id, delivery.event.id, "once") for _ in range(2))

    assert first == repeat
    assert office.flows.started == [first.run]


def test_two_replays_in_the_same_moment_do_not_both_go_on() -> None:
    office, delivery = _office_with_a_dead_delivery()

    def replay_meanwhile(prefix: str) -> str:
        office.replay(PRINCIPAL, delivery.endpoint_id, delivery.event.id, "faster")
        return f"{prefix}_slower"

    slower = replace(office.replay, new_id=replay_meanwhile)

    with pytest.raises(ConflictError):
        slower(PRINCIPAL, delivery.endpoint_id, delivery.event.id, None)
    assert len(office.flows.started) == 1


@pytest.mark.parametrize("event_id", ["evt_none", f"evt_{'f' * 32}"])
def test_an_event_that_was_never_told_cannot_be_replayed(event_id: str) -> None:
    office, delivery = _office_with_a_dead_delivery()

    with pytest.raises(DeliveryNotFoundError):
        office.replay(PRINCIPAL, delivery.endpoint_id, event_id, None)


def test_deliveries_are_listed_for_the_owner_of_the_endpoint_alone() -> None:
    office, delivery = _office_with_a_dead_delivery()

    page = office.replay.page(PRINCIPAL, delivery.endpoint_id, status=None, limit=10, after=EventId("evt_z"))

    assert page.deliveries == (delivery,)
    with pytest.raises(WebhookEndpointNotFoundError):
        office.replay.page(STRANGER, delivery.endpoint_id, status=None, limit=10, after=None)
