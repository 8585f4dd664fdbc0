"""Endpoints: which events they are told, and which secrets sign."""

import base64
from datetime import timedelta

import pytest

from imagegate.domain.event import EventType
from imagegate.domain.ids import EventId
from imagegate.domain.webhook import (
    DisabledReason,
    EndpointId,
    WebhookEndpoint,
    is_told,
    new_secret,
    rotate,
    run_name,
    signing_secrets,
)
from tests.builders import NOW, OTHER_PROJECT_ID, an_endpoint, an_event


def test_an_endpoint_is_told_what_it_subscribed_to() -> None:
    endpoint = an_endpoint(events=("generation.succeeded",))

    assert is_told(endpoint, an_event())
    assert not is_told(endpoint, an_event(EventType.GENERATION_FAILED))


@pytest.mark.parametrize("event_type", [one for one in EventType if one is not EventType.WEBHOOK_ENDPOINT_TEST])
def test_a_star_subscribes_to_everything(event_type: EventType) -> None:
    assert is_told(an_endpoint(), an_event(event_type))


def test_nothing_of_another_project_and_nothing_once_disabled_is_told() -> None:
    assert not is_told(an_endpoint(project_id=OTHER_PROJECT_ID), an_event())
    assert not is_told(an_endpoint(disabled_reason=DisabledReason.GONE), an_event())


def test_a_test_is_for_the_endpoint_under_test_alone() -> None:
    endpoint = an_endpoint(events=("budget.threshold",))
    test = an_event(EventType.WEBHOOK_ENDPOINT_TEST, subject_id=endpoint.id)

    assert is_told(endpoint, test)
    assert not is_told(an_endpoint(id=EndpointId("we_two")), test)


def test_a_secret_has_the_form_of_standard_webhooks() -> None:
    secret = new_secret(b"\xff" * 32, NOW)

    prefix, _, text = secret.text.partition("_")
    assert prefix == "whsec"
    assert base64.b64decode(text, validate=True) == b"\xff" * 32


def test_after_a_rotation_both_secrets_sign_for_a_day_and_then_the_new_one_alone() -> None:
    first = an_endpoint()
    second = rotate(first, new_secret(b"2" * 32, NOW), "once")
    old, new = first.secrets[0].text, second.secrets[0].text

    assert signing_secrets(first, NOW) == (old,)
    assert signing_secrets(second, NOW + timedelta(hours=23, minutes=59)) == (new, old)
    assert signing_secrets(second, NOW + timedelta(hours=24)) == (new,)
    assert second.rotation_key == "once"


def test_no_more_than_two_secrets_are_kept() -> None:
    endpoint: WebhookEndpoint = an_endpoint()
    for number in range(3):
        endpoint = rotate(endpoint, new_secret(bytes([number]) * 32, NOW), None)

    assert [one.text for one in endpoint.secrets] == [new_secret(bytes([n]) * 32, NOW).text for n in (2, 1)]


def test_the_name_of_a_run_fits_step_functions_even_for_a_replay() -> None:
    name = run_name(EventId("evt_" + "a" * 32), EndpointId("we_" + "b" * 32), "c0ffee")

    assert len(name) <= 80
    assert name.endswith("-c0ffee")
    assert run_name(EventId("evt_a"), EndpointId("we_b")) == "evt_a-we_b"
