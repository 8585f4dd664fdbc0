"""Counting usage off the request's path, and reading it within what one answer can hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from imagegate.app.count_usage import CountUsage
from imagegate.app.dispatch import Dispatch
from imagegate.app.read_usage import ReadUsage
from imagegate.domain.errors import InvalidValueError
from imagegate.domain.event import Event
from imagegate.domain.ids import EventId, ProjectId
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.project import hash_end_user
from imagegate.domain.usage import NO_MODEL, Counter, UsageCell, cells_of
from imagegate.domain.usage_report import Dimension, UsageQuery
from tests.builders import PRINCIPAL, PROJECT_ID, a_finding, an_endpoint, an_event
from tests.fakes import FakeClock
from tests.imagegate.app.harness import Harness, completed
from tests.imagegate.domain.test_usage import DAY, a_record
from tests.webhook_fakes import FakeFlows, MemoryDeliveryStore, MemoryEndpointStore

QUERY = UsageQuery(first=DAY, last=DAY, only={})


@dataclass
class MemoryUsage:
    """`UsageCounters` and `UsageCells` in memory."""

    counted: dict[EventId, Event] = field(default_factory=dict)

    def count(self, events: Sequence[Event]) -> int:
        fresh = {event.id: event for event in events if event.id not in self.counted}
        self.counted |= fresh
        return len(fresh)

    def cells(self, project_id: ProjectId, query: UsageQuery) -> Iterator[UsageCell]:
        records = [event.usage for event in self.counted.values() if event.usage and event.project_id == project_id]
        return iter(cells_of(records, by_end_user=query.tells_end_users_apart))


def _events(count: int) -> list[Event]:
    return [
        an_event(id=EventId(f"evt_{number:032x}"), usage=a_record(end_user=hash_end_user(PROJECT_ID, f"user{number}")))
        for number in range(count)
    ]


def _read(count: int = 0) -> ReadUsage:
    usage = MemoryUsage()
    CountUsage(counters=usage)(_events(count))
    return ReadUsage(usage=usage, clock=FakeClock(), most_cells=4, most_rows=3)


def test_only_what_tells_of_usage_is_counted() -> None:
    usage = MemoryUsage()
    count = CountUsage(counters=usage)

    assert count([an_event(), *_events(2)]) == 2
    assert count([an_event()]) == 0
    assert len(usage.counted) == 2


def test_an_end_user_is_named_as_the_app_names_it() -> None:
    query = replace(QUERY, group_by=(Dimension.END_USER,), only={Dimension.END_USER: "user1"})

    (row,) = _read(3)(PRINCIPAL, query)

    assert row.values == {Dimension.END_USER: hash_end_user(PROJECT_ID, "user1")}
    assert row.counts[Counter.SUCCEEDED] == 1


def test_usage_of_another_project_is_not_told() -> None:
    assert _read(3)(replace(PRINCIPAL, project_id=ProjectId("prj_two")), QUERY) == ()


def test_more_rows_than_an_answer_holds_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="4 rows") as refused:
        _read(4)(PRINCIPAL, replace(QUERY, group_by=(Dimension.END_USER,)))

    assert refused.value.param == "group_by"
    assert len(_read(4)(PRINCIPAL, QUERY)) == 1


def test_more_cells_than_can_be_added_up_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="fewer days"):
        _read(5)(PRINCIPAL, replace(QUERY, group_by=(Dimension.END_USER,)))


def test_a_generation_that_succeeds_is_written_with_what_it_came_to() -> None:
    usage = Usage(quantities={PriceUnit.IMAGE: Decimal(1), PriceUnit.MEGAPIXEL: Decimal("1.05")})
    gateway = Harness(submissions=[completed(usage=usage)])

    gateway()

    (event,) = gateway.jobs.notices
    assert event.usage is not None
    assert event.usage.counts == {
        "painter/oils": {
            Counter.SUCCEEDED: 1,
            Counter.IMAGES: 1,
            Counter.ATTEMPTS: 1,
            Counter.COST: Decimal("0.04"),
            Counter.MEGAPIXELS: Decimal("1.05"),
        }
    }


def test_a_prompt_that_is_refused_is_counted_and_cost_nothing() -> None:
    gateway = Harness(words={"circle": a_finding()})

    gateway()

    (event,) = gateway.jobs.notices
    assert event.usage is not None
    assert event.usage.counts == {NO_MODEL: {Counter.REJECTED: 1}}


def test_a_picture_that_was_made_and_refused_is_a_refused_cost() -> None:
    gateway = Harness(
        sights=(a_finding(),), submissions=[completed(usage=Usage(quantities={PriceUnit.IMAGE: Decimal(1)}))]
    )

    gateway()

    (event,) = gateway.jobs.notices
    assert event.usage is not None
    counts = event.usage.counts["painter/oils"]
    assert (counts[Counter.REJECTED], counts[Counter.REFUSED_COST]) == (Decimal(1), Decimal("0.04"))
    assert Counter.IMAGES not in counts


def test_an_endpoint_is_not_told_what_is_counted() -> None:
    endpoints, deliveries = MemoryEndpointStore(), MemoryDeliveryStore()
    endpoints.write(an_endpoint())

    Dispatch(endpoints=endpoints, deliveries=deliveries, flows=FakeFlows())(an_event(usage=a_record()))

    (delivery,) = deliveries.deliveries.values()
    assert delivery.event == an_event()
