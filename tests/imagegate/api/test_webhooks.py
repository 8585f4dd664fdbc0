"""What is told of webhook endpoints, and what can be subscribed to."""

from typing import get_args

import pytest

from imagegate.api.requests import read_body
from imagegate.api.webhooks import (
    DEFAULT_LIMIT,
    Subscription,
    WebhookEndpointBody,
    read_after,
    read_limit,
    read_status,
    tell_delivery,
    tell_endpoint,
    tell_secret,
)
from imagegate.domain.delivery import DeliveryStatus, Try
from imagegate.domain.errors import InvalidValueError
from imagegate.domain.event import EventType
from imagegate.domain.webhook import DisabledReason, new_secret, rotate
from tests.builders import NOW, a_delivery, an_endpoint

SECONDS = int(NOW.timestamp())


def test_everything_but_a_test_can_be_subscribed_to() -> None:
    assert set(get_args(Subscription)) == {"*", *EventType} - {EventType.WEBHOOK_ENDPOINT_TEST}


def test_without_a_choice_everything_is_told() -> None:
    assert read_body(WebhookEndpointBody, b'{"url": "https://app.example/"}').events == ["*"]


def test_an_endpoint_is_told_without_its_secret() -> None:
    told = tell_endpoint(an_endpoint(disabled_reason=DisabledReason.GONE))

    assert (told.status, told.disabled_reason, told.created_at) == ("disabled", "gone", SECONDS)
    assert "whsec_" not in told.model_dump_json()


def test_a_new_secret_is_told_with_the_end_of_the_old_one() -> None:
    first = an_endpoint()
    second = rotate(first, new_secret(b"2" * 32, NOW), None)

    assert (tell_secret(first).secret, tell_secret(first).previous_expires_at) == (first.secrets[0].text, None)
    assert tell_secret(second).secret == second.secrets[0].text
    assert tell_secret(second).previous_expires_at == SECONDS + 24 * 60 * 60


def test_a_delivery_is_told_with_its_tries() -> None:
    told = tell_delivery(a_delivery(tries=(Try(at=NOW, status_code=500, duration_ms=12), Try(at=NOW, error="lost"))))

    assert (told.type, told.status, told.created_at) == ("generation.succeeded", "pending", SECONDS)
    assert [(one.status_code, one.error) for one in told.tries] == [(500, None), (None, "lost")]


def test_the_query_of_a_list_is_read() -> None:
    assert (read_status(None), read_limit(None), read_after(None)) == (None, DEFAULT_LIMIT, None)
    assert (read_status("dead"), read_limit("100")) == (DeliveryStatus.DEAD, 100)
    assert read_after(f"evt_{'0' * 32}") == f"evt_{'0' * 32}"


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "", "\u0663", "9999999999"])
def test_a_limit_out_of_bounds_is_refused(limit: str) -> None:
    with pytest.raises(InvalidValueError):
        read_limit(limit)
