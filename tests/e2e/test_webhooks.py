"""Events reach a client's own server, signed, from the deployed gateway, however often that server fails."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import openai
import pytest

from imagegate.aws.deliveries import DynamoDeliveryStore
from imagegate.domain.delivery import MAX_TRIES
from imagegate.domain.ids import EventId
from imagegate.domain.webhook import EndpointId
from shared_names import OUTPUT_TABLE
from tests.e2e.asking import Ask, error_of, facts, opened_client, read_json
from tests.e2e.hooks import Inbox, content_of, is_signed_with
from tests.e2e.support import DeployedGateway, operate
from tests.e2e.vendors import Vendors

_LOOKS: Final = 500
_PATH: Final = "/webhook_endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A registered receiver."""

    id: str
    secret: str
    inbox: Inbox
    admin: openai.OpenAI

    def post(self, verb: str) -> dict[str, Any]:
        """Do something with it."""
        told: Any = self.admin.post(f"{_PATH}/{self.id}/{verb}", cast_to=object)
        return dict(told)

    def read(self) -> dict[str, Any]:
        """Read it."""
        return read_json(self.admin, f"{_PATH}/{self.id}")

    def delivery(self, event_id: str, status: str) -> dict[str, Any]:
        """Look at a delivery until it has this status."""
        for _ in range(_LOOKS):
            for one in read_json(self.admin, f"{_PATH}/{self.id}/deliveries")["data"]:
                if (one["event_id"], one["status"]) == (event_id, status):
                    return dict(one)
        message = f"the delivery of {event_id} did not become {status}"
        raise AssertionError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Registers receivers, and deletes them after the test."""

    admin: openai.OpenAI
    vendors: Vendors
    registered: list[str]

    def __call__(self, *statuses: int, events: tuple[str, ...] = ("*",)) -> Endpoint:
        inbox = self.vendors.hooks.open(*statuses)
        body = {"url": f"{self.vendors.server.url}{inbox.path}", "events": list(events)}
        told: Any = self.admin.post(_PATH, cast_to=object, body=body)
        self.registered.append(told["id"])
        return Endpoint(id=told["id"], secret=told["secret"], inbox=inbox, admin=self.admin)


@pytest.fixture
def register(gateway: DeployedGateway, vendors: Vendors) -> Iterator[Register]:
    with opened_client(gateway.base_url, gateway.admin_key) as admin:
        opened = Register(admin=admin, vendors=vendors, registered=[])
        yield opened
        for endpoint_id in opened.registered:
            admin.delete(f"{_PATH}/{endpoint_id}", cast_to=object)


def test_a_picture_is_told_with_a_signature_that_anybody_can_check(register: Register, ask: Ask) -> None:
    endpoint = register(events=("generation.succeeded",))

    generation = facts(ask())

    message = endpoint.inbox.next()
    told = content_of(message)
    assert is_signed_with(message, endpoint.secret)
    assert (told["type"], told["data"]["id"], told["data"]["image_count"]) == (
        "generation.succeeded",
        generation["id"],
        1,
    )
    assert told["data"]["cost"]["amount"] == generation["cost"]["amount"]
    delivery = endpoint.delivery(message.headers["webhook-id"], "delivered")
    assert [one["status_code"] for one in delivery["tries"]] == [200]


def test_a_refusal_is_told_too_and_nothing_to_those_who_did_not_ask(register: Register, ask: Ask) -> None:
    everything, failures = register(), register(events=("generation.failed",))

    with pytest.raises(openai.BadRequestError):
        ask(prompt="graphic gore, dismembered corpses")

    told = content_of(everything.inbox.next())
    assert (told["type"], told["data"]["error"]["code"]) == ("generation.rejected", "moderation_blocked")
    assert failures.inbox.arrived.empty()


def test_a_receiver_that_fails_twice_gets_the_same_message_a_third_time(register: Register) -> None:
    endpoint = register(500, 503)

    event_id = endpoint.post("test")["event_id"]

    first, second, third = islice(endpoint.inbox.of_type("webhook_endpoint.test"), 3)
    assert {one.headers["webhook-id"] for one in (first, second, third)} == {event_id}
    assert first.body == second.body == third.body
    assert is_signed_with(third, endpoint.secret)
    delivery = endpoint.delivery(event_id, "delivered")
    assert [one["status_code"] for one in delivery["tries"]] == [500, 503, 200]


def let_three_days_pass(gateway: DeployedGateway, endpoint: Endpoint, event_id: str) -> dict[str, Any]:
    """Let a delivery that failed twice have failed as often as there are tries but one, and return it when it is dead.

    The pauses are shorter here than in production, and would still take hours together.
    """
    store = DynamoDeliveryStore(client=gateway.aws("dynamodb"), table=gateway.outputs[OUTPUT_TABLE])
    for _ in range(_LOOKS):
        delivery = store.read(EndpointId(endpoint.id), EventId(event_id))
        if delivery and len(delivery.tries) == 2 and delivery.tries[1].status_code == 500:
            tries = (delivery.tries[0],) * (MAX_TRIES - 1)
            store.write(replace(delivery, tries=tries), run=delivery.run)
            return endpoint.delivery(event_id, "dead")
    message = f"the delivery of {event_id} was not tried twice"
    raise AssertionError(message)


def test_a_receiver_that_always_fails_leaves_a_dead_delivery_that_can_be_replayed(
    register: Register, gateway: DeployedGateway
) -> None:
    endpoint = register(*[500] * 3)
    event_id = endpoint.post("test")["event_id"]
    dead = let_three_days_pass(gateway, endpoint, event_id)

    endpoint.post(f"deliveries/{event_id}/replay")

    again = endpoint.delivery(event_id, "delivered")
    assert len(dead["tries"]) == 10
    assert [one["status_code"] for one in again["tries"]] == [500] * 10 + [200]


def test_the_command_replays_everything_that_is_dead(register: Register, gateway: DeployedGateway) -> None:
    endpoint = register(*[500] * 6)
    events = []
    for _ in range(2):
        events.append(endpoint.post("test")["event_id"])
        let_three_days_pass(gateway, endpoint, events[-1])

    connection = ("--base-url", gateway.base_url, "--api-key", gateway.api_key)
    told = operate(gateway, "webhooks", "replay", endpoint.id, "--all", *connection)

    assert set(told["replayed"]) == set(events)
    for event_id in events:
        assert endpoint.delivery(event_id, "delivered")


def test_a_receiver_that_is_gone_is_disabled(register: Register) -> None:
    endpoint = register(410)

    event_id = endpoint.post("test")["event_id"]

    assert len(endpoint.delivery(event_id, "dead")["tries"]) == 1
    states = (endpoint.read() for _ in range(_LOOKS))
    disabled = next(one for one in states if one["status"] == "disabled")
    assert disabled["disabled_reason"] == "gone"


def test_while_a_secret_is_replaced_either_checks(register: Register) -> None:
    endpoint = register()
    rotated = endpoint.post("rotate_secret")

    endpoint.post("test")

    message = endpoint.inbox.next()
    assert rotated["secret"] != endpoint.secret
    assert is_signed_with(message, endpoint.secret)
    assert is_signed_with(message, rotated["secret"])


@pytest.mark.parametrize("url", ["https://127.0.0.1/hooks", "http://169.254.169.254/latest", "https://localhost/"])
def test_nothing_inside_our_network_can_be_registered(register: Register, url: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        register.admin.post(_PATH, cast_to=object, body={"url": url})

    assert error_of(refused.value) == (400, "invalid_value", "url")


def test_a_client_key_registers_nothing(gateway: DeployedGateway, client: openai.OpenAI) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.post(_PATH, cast_to=object, body={"url": "https://app.example/"})

    assert error_of(refused.value) == (403, "permission_denied", None)
