"""Delivering an event: signed in the standard's way, the same at every try, and never without an end."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from imagegate.app.deliver import Deliver
from imagegate.app.dispatch import Dispatch
from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.delivery import MAX_TRIES, UNFINISHED, Delivery, DeliveryStatus, Try, VerdictKind, replay
from imagegate.domain.event import EventType
from imagegate.domain.webhook import DisabledReason, EndpointId, WebhookEndpoint, new_secret, rotate
from imagegate.domain.wire import HttpRequest, HttpResponse
from tests.builders import NOW, OTHER_PROJECT_ID, an_endpoint, an_event
from tests.fakes import FakeClock
from tests.webhook_fakes import FakeFlows, FakePost, MemoryDeliveryStore, MemoryEndpointStore


@dataclass
class Sender:
    """One endpoint that is told one event."""

    post: FakePost = field(default_factory=FakePost)
    endpoint: WebhookEndpoint = field(default_factory=an_endpoint)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.endpoints = MemoryEndpointStore()
        self.endpoint = self.endpoints.write(self.endpoint)
        self.deliveries = MemoryDeliveryStore()
        self.flows = FakeFlows()
        self.dispatch = Dispatch(endpoints=self.endpoints, deliveries=self.deliveries, flows=self.flows)
        self.deliver = Deliver(
            endpoints=self.endpoints, deliveries=self.deliveries, post=self.post, clock=self.clock, draw=lambda: 0.0
        )
        self.dispatch(an_event())

    @property
    def delivery(self) -> Delivery:
        (delivery,) = self.deliveries.deliveries.values()
        return delivery

    def __call__(self, run: str = "") -> tuple[VerdictKind, int]:
        delivery = self.delivery
        verdict = self.deliver(delivery.endpoint_id, delivery.event.id, run or delivery.run)
        return verdict.kind, verdict.seconds


def _signature(secret: str, request: HttpRequest) -> str:
    """Sign as the standard's own text says, written anew."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_an_event_starts_one_delivery_for_each_endpoint_that_wants_it() -> None:
    sender = Sender()
    sender.endpoints.write(an_endpoint(id=EndpointId("we_two"), events=("budget.threshold",)))
    sender.endpoints.write(an_endpoint(id=EndpointId("we_three"), events=("generation.failed", "*")))
    sender.endpoints.write(an_endpoint(id=EndpointId("we_four"), project_id=OTHER_PROJECT_ID))

    assert sender.dispatch(an_event()) == 2

    event_id = an_event().id
    assert sender.flows.started == [f"{event_id}-{sender.endpoint.id}", f"{event_id}-we_three"]
    assert {one.endpoint_id for one in sender.deliveries.deliveries.values()} == {sender.endpoint.id, "we_three"}


def test_an_event_that_is_noticed_twice_keeps_what_was_delivered() -> None:
    sender = Sender()
    sender()
    before = sender.delivery

    sender.dispatch(an_event())

    assert sender.delivery == before
    assert len(sender.flows.started) == 1


def test_a_test_goes_to_the_endpoint_under_test_alone() -> None:
    sender = Sender()
    other = sender.endpoints.write(an_endpoint(id=EndpointId("we_two"), events=("budget.threshold",)))

    assert sender.dispatch(an_event(EventType.WEBHOOK_ENDPOINT_TEST, subject_id=other.id)) == 1
    assert sender.flows.started[-1].endswith("-we_two")


def test_the_message_is_signed_and_says_what_when_and_about_whom() -> None:
    sender = Sender()

    assert sender() == (VerdictKind.DELIVERED, 0)

    (request,) = sender.post.sent
    sent_at = sender.delivery.tries[0].at
    assert (request.method, request.url) == ("POST", sender.endpoint.url)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == an_event().id
    assert request.headers["webhook-timestamp"] == str(int(sent_at.timestamp()))
    assert request.headers["webhook-signature"] == _signature(sender.endpoint.secrets[0].text, request)
    assert json.loads(request.body) == {
        "type": "generation.succeeded",
        "timestamp": "2026-11-22T12:30:15.250000+00:00",
        "data": {"id": "gen_one"},
    }


def test_what_came_of_a_try_is_written_down() -> None:
    sender = Sender(FakePost([204]))

    sender()

    (one,) = sender.delivery.tries
    assert (one.status_code, one.error, one.duration_ms) == (204, None, 1000)
    assert sender.delivery.status is DeliveryStatus.DELIVERED


def test_while_a_secret_is_replaced_both_sign() -> None:
    endpoint = rotate(an_endpoint(), new_secret(b"2" * 32, NOW), None)
    sender = Sender(endpoint=endpoint)

    sender()

    (request,) = sender.post.sent
    both = [_signature(secret.text, request) for secret in endpoint.secrets]
    assert request.headers["webhook-signature"].split() == both


def test_a_receiver_that_fails_is_asked_again_with_the_same_id_and_body() -> None:
    lost = AnswerLostError("ReadTimeoutError")
    sender = Sender(FakePost([500, NotSentError("the host has an address that is not public"), lost, 200]))

    verdicts = [sender() for _ in range(4)]

    assert verdicts == [
        (VerdictKind.RETRY, 5),
        (VerdictKind.RETRY, 300),
        (VerdictKind.RETRY, 1800),
        (VerdictKind.DELIVERED, 0),
    ]
    assert len({(one.headers["webhook-id"], one.body) for one in sender.post.sent}) == 1
    assert len({one.headers["webhook-timestamp"] for one in sender.post.sent}) == 4
    assert [one.error for one in sender.delivery.tries] == [
        None,
        "the host has an address that is not public",
        "ReadTimeoutError",
        None,
    ]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("60", 60),
        ("999999", 6 * 3600),
        ("soon", 5),
        ("", 5),
        ("Sun, 22 Nov 2026 12:40:15 GMT", 597),
        ("Sun, 22 Nov 2026 12:40:15 -0000", 597),
        ("Sun, 22 Nov 2020 12:40:15 GMT", 5),
    ],
)
def test_a_receiver_may_say_when_to_come_back(asked: str, seconds: int) -> None:
    sender = Sender(FakePost([HttpResponse(status=503, headers={"retry-after": asked}, body=b"")]))

    kind, pause = sender()

    assert kind is VerdictKind.RETRY
    assert pause in range(seconds - 4, seconds + 1)


def test_after_the_last_try_the_delivery_is_dead() -> None:
    sender = Sender(FakePost([500] * MAX_TRIES))

    verdicts = [sender() for _ in range(MAX_TRIES)]

    assert [kind for kind, _ in verdicts] == [VerdictKind.RETRY] * (MAX_TRIES - 1) + [VerdictKind.DEAD]
    assert sender.delivery.status is DeliveryStatus.DEAD
    assert sender() == (VerdictKind.DEAD, 0)
    assert len(sender.post.sent) == MAX_TRIES


def test_a_receiver_that_is_gone_is_told_nothing_more() -> None:
    sender = Sender(FakePost([410]))

    assert sender() == (VerdictKind.DEAD, 0)

    (endpoint,) = sender.endpoints.endpoints.values()
    assert endpoint.disabled_reason is DisabledReason.GONE
    assert sender.dispatch(an_event()) == 0


def test_an_endpoint_that_its_owner_changed_meanwhile_is_not_disabled() -> None:
    sender = Sender()

    def rotate_meanwhile(request: HttpRequest) -> HttpResponse:
        sender.endpoints.write(rotate(sender.endpoint, new_secret(b"2" * 32, NOW), None))
        return HttpResponse(status=410, headers={}, body=b"")

    deliver = replace(sender.deliver, post=rotate_meanwhile)

    deliver(sender.endpoint.id, an_event().id, sender.delivery.run)

    (endpoint,) = sender.endpoints.endpoints.values()
    assert (endpoint.is_enabled, len(endpoint.secrets)) == (True, 2)


def _delete(sender: Sender) -> None:
    sender.endpoints.delete(sender.endpoint)


def _disable(sender: Sender) -> None:
    sender.endpoints.write(replace(sender.endpoint, disabled_reason=DisabledReason.GONE))


@pytest.mark.parametrize("change", [_delete, _disable])
def test_what_was_on_its_way_to_an_endpoint_that_is_no_more_is_given_up(change: Callable[[Sender], None]) -> None:
    sender = Sender()
    change(sender)

    assert sender() == (VerdictKind.DEAD, 0)
    assert sender.post.sent == []
    assert sender.delivery.status is DeliveryStatus.DEAD


def test_a_function_that_dies_while_it_sends_leaves_a_try_that_counts() -> None:
    sender = Sender()

    def die(request: HttpRequest) -> HttpResponse:
        raise MemoryError

    dying = replace(sender.deliver, post=die)
    for _ in range(MAX_TRIES):
        with pytest.raises(MemoryError):
            dying(sender.endpoint.id, an_event().id, sender.delivery.run)

    assert [one.error for one in sender.delivery.tries] == [UNFINISHED] * MAX_TRIES
    assert sender() == (VerdictKind.DEAD, 0)
    assert sender.post.sent == []


def test_a_success_whose_answer_was_lost_on_the_way_to_the_flow_is_not_sent_again() -> None:
    sender = Sender()
    sender()

    assert sender() == (VerdictKind.DELIVERED, 0)
    assert len(sender.post.sent) == 1


def test_a_flow_stops_when_a_replay_took_over() -> None:
    sender = Sender()
    old = sender.delivery.run
    sender.deliveries.write(replay(sender.delivery, "again"), run=old)

    assert sender(old) == (VerdictKind.SUPERSEDED, 0)
    assert sender("again") == (VerdictKind.DELIVERED, 0)


def test_a_flow_stops_when_a_replay_takes_over_while_it_sends() -> None:
    sender = Sender()

    def replay_meanwhile(request: HttpRequest) -> HttpResponse:
        sender.deliveries.write(replay(sender.delivery, "again"), run=sender.delivery.run)
        return HttpResponse(status=200, headers={}, body=b"")

    deliver = replace(sender.deliver, post=replay_meanwhile)

    assert deliver(sender.endpoint.id, an_event().id, sender.delivery.run).kind is VerdictKind.SUPERSEDED
    assert (sender.delivery.run, sender.delivery.status) == ("again", DeliveryStatus.PENDING)


def test_a_flow_without_a_record_stops() -> None:
    sender = Sender()

    verdict = sender.deliver(EndpointId("we_none"), an_event().id, "run")

    assert verdict.kind is VerdictKind.SUPERSEDED


def test_the_moment_of_a_try_is_that_of_its_signature() -> None:
    sender = Sender()
    sender()

    assert sender.delivery.tries == (Try(at=NOW + timedelta(seconds=1), status_code=200, duration_ms=1000),)
