"""Tests of `imagegate webhooks`."""

import json
from datetime import UTC, datetime

import pytest

from imagegate.api.webhooks import (
    DeliveriesAnswer,
    DeliveryAnswer,
    TryAnswer,
    WebhookEndpointAnswer,
    WebhookEndpointsAnswer,
)
from imagegate.domain.delivery import DeliveryStatus
from imagegate.domain.event import EventType
from tests.imagegate.cli.support import FakeGateway, error_answer, imagegate

ENDPOINT = f"we_{'0' * 32}"
PATH = f"/live/v1/webhook_endpoints/{ENDPOINT}"
FIRST_PAGE = f"GET {PATH}/deliveries?limit=100"


def _event(number: int) -> str:
    return f"evt_{number:032x}"


def _delivery(number: int) -> DeliveryAnswer:
    """A dead delivery of an event on the day of the month with this number."""
    at = datetime(2026, 11, number, 12, tzinfo=UTC)
    return DeliveryAnswer(
        event_id=_event(number),
        type=EventType.GENERATION_SUCCEEDED,
        subject_id=f"gen_{number}",
        created_at=int(at.timestamp()),
        status=DeliveryStatus.DEAD,
        tries=[TryAnswer(at=at, status_code=500), TryAnswer(at=at, error="ReadTimeoutError")],
    )


def _page(*numbers: int, more: bool = False) -> str:
    data = [_delivery(number) for number in numbers]
    return DeliveriesAnswer(data=data, has_more=more, last_id=_event(numbers[-1]) if more else None).model_dump_json()


def _replays(gateway: FakeGateway, *numbers: int) -> None:
    for number in numbers:
        gateway.says(f"POST {PATH}/deliveries/{_event(number)}/replay", _delivery(number).model_dump_json(), 202)


def test_endpoints_are_listed(connected: FakeGateway) -> None:
    endpoint = WebhookEndpointAnswer(
        id=ENDPOINT, url="https://app.example/hooks", events=["*"], status="enabled", created_at=0
    )
    connected.says("GET /live/v1/webhook_endpoints", WebhookEndpointsAnswer(data=[endpoint]).model_dump_json())

    shown, as_json = imagegate("webhooks", "list", COLUMNS="160"), imagegate("webhooks", "list", "--json")

    assert ENDPOINT in shown.stdout
    assert "https://app.example/hooks" in shown.stdout
    assert json.loads(as_json.stdout)["data"][0]["id"] == ENDPOINT


def test_deliveries_are_shown_with_every_answer(connected: FakeGateway) -> None:
    connected.says(f"{FIRST_PAGE}&status=dead", _page(2, 1))

    shown = imagegate("webhooks", "deliveries", ENDPOINT, "--status", "dead", "--limit", "1", COLUMNS="200")
    as_json = imagegate("webhooks", "deliveries", ENDPOINT, "--status", "dead", "--json")

    assert "500, ReadTimeoutError" in shown.stdout
    assert (_event(2) in shown.stdout, _event(1) in shown.stdout) == (True, False)
    assert [one["event_id"] for one in json.loads(as_json.stdout)["data"]] == [_event(2), _event(1)]


def test_one_event_is_sent_again(connected: FakeGateway) -> None:
    _replays(connected, 1)

    result = imagegate("webhooks", "replay", ENDPOINT, _event(1))

    assert result.exit_code == 0
    assert _event(1) in result.stdout
    assert [one.method for one in connected.received] == ["POST"]


def test_everything_that_was_given_up_is_sent_again_page_after_page(connected: FakeGateway) -> None:
    connected.says(f"{FIRST_PAGE}&status=dead", _page(3, 2, more=True))
    connected.says(f"{FIRST_PAGE}&status=dead&after={_event(2)}", _page(1))
    _replays(connected, 1, 2, 3)

    result = imagegate("webhooks", "replay", ENDPOINT, "--all", "--json")

    told = json.loads(result.stdout)
    assert told == {"endpoint_id": ENDPOINT, "replayed": [_event(3), _event(2), _event(1)]}


def test_the_events_of_a_time_are_sent_again(connected: FakeGateway) -> None:
    connected.says(FIRST_PAGE, _page(4, 3, 2, 1))
    _replays(connected, 2, 3)

    result = imagegate("webhooks", "replay", ENDPOINT, "--since", "2026-11-02", "--until", "2026-11-03T13:00:00")

    assert result.exit_code == 0
    assert sorted(one.path.split("/")[-2] for one in connected.received if one.method == "POST") == [
        _event(2),
        _event(3),
    ]


def test_where_there_is_nothing_to_send_again_it_says_so(connected: FakeGateway) -> None:
    connected.says(FIRST_PAGE, _page(1))

    result = imagegate("webhooks", "replay", ENDPOINT, "--since", "2026-11-05")

    assert "nothing to send again" in result.stdout


@pytest.mark.parametrize("arguments", [(), (_event(1), "--all"), ("--all", "--since", "2026-11-01")])
def test_what_to_send_again_must_be_said_once(connected: FakeGateway, arguments: tuple[str, ...]) -> None:
    result = imagegate("webhooks", "replay", ENDPOINT, *arguments)

    assert result.exit_code == 2
    assert connected.received == []


def test_an_endpoint_that_is_not_there_is_told(connected: FakeGateway) -> None:
    connected.says(FIRST_PAGE, error_answer("webhook_endpoint_not_found", "There is no such endpoint."), 404)

    result = imagegate("webhooks", "deliveries", ENDPOINT)

    assert result.exit_code == 1
    assert "webhook_endpoint_not_found" in result.stderr


@pytest.mark.parametrize("arguments", [("list",), ("deliveries", ENDPOINT)])
def test_an_answer_that_lists_nothing_is_told(connected: FakeGateway, arguments: tuple[str, ...]) -> None:
    connected.says("GET /live/v1/webhook_endpoints", '{"data": "none"}')
    connected.says(FIRST_PAGE, '{"data": "none"}')

    result = imagegate("webhooks", *arguments)

    assert result.exit_code == 1
    assert "unreadable_answer" in result.stderr
