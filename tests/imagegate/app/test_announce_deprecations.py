"""Projects that asked for it are told of a model's end once, ninety days ahead."""

from datetime import timedelta

from imagegate.app.announce_deprecations import AnnounceDeprecations
from imagegate.domain.card import Lifecycle, ModelCard
from imagegate.domain.event import EventType
from imagegate.domain.webhook import DisabledReason, EndpointId
from tests.builders import NOW, OTHER_PROJECT_ID, PROJECT_ID, a_card, an_endpoint
from tests.fakes import FakeClock, FakeIds
from tests.webhook_fakes import MemoryEndpointStore, MemoryEventStore


def _ending(days: int, name: str = "oils") -> ModelCard:
    shutdown_on = NOW.date() + timedelta(days=days)
    lifecycle = Lifecycle(released_on=NOW.date(), shutdown_on=shutdown_on, replacement="painter/inks")
    return a_card(name=name, lifecycle=lifecycle)


def _announce(endpoints: MemoryEndpointStore, *cards: ModelCard) -> tuple[AnnounceDeprecations, MemoryEventStore]:
    events = MemoryEventStore()
    announce = AnnounceDeprecations(
        endpoints=endpoints, events=events, cards=lambda: cards, clock=FakeClock(), new_id=FakeIds()
    )
    return announce, events


def test_a_subscribed_project_is_told_once_of_each_model_that_ends_soon() -> None:
    endpoints = MemoryEndpointStore()
    endpoints.write(an_endpoint())
    endpoints.write(an_endpoint(id=EndpointId("we_two"), events=("model.deprecated",)))
    announce, events = _announce(endpoints, _ending(90), _ending(91, "chalk"), _ending(0, "coal"), a_card(name="inks"))

    announce()
    announce()

    (event,) = events.events
    assert (event.type, event.project_id, event.subject_id) == (
        EventType.MODEL_DEPRECATED,
        PROJECT_ID,
        "painter/oils",
    )
    assert event.data == {
        "id": "painter/oils",
        "object": "model",
        "shutdown_on": "2027-02-20",
        "replacement": "painter/inks",
    }


def test_a_day_that_was_put_off_is_told_anew() -> None:
    endpoints = MemoryEndpointStore()
    endpoints.write(an_endpoint())
    first, events = _announce(endpoints, _ending(30))
    second, _ = _announce(endpoints, _ending(60))

    first()
    AnnounceDeprecations(
        endpoints=endpoints, events=events, cards=second.cards, clock=FakeClock(), new_id=FakeIds(10)
    )()

    assert [event.data["shutdown_on"] for event in events.events] == ["2026-12-22", "2027-01-21"]


def test_projects_that_did_not_ask_are_told_nothing() -> None:
    endpoints = MemoryEndpointStore()
    endpoints.write(an_endpoint(events=("generation.failed",)))
    endpoints.write(
        an_endpoint(id=EndpointId("we_two"), project_id=OTHER_PROJECT_ID, disabled_reason=DisabledReason.GONE)
    )
    announce, events = _announce(endpoints, _ending(30))

    announce()

    assert events.events == []


def test_without_an_end_nobody_is_looked_up() -> None:
    announce, events = _announce(MemoryEndpointStore(), a_card())

    announce()

    assert events.events == []
