"""What a generation came to: under which model, whose it was, and what was paid for nothing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from imagegate.domain.event import generation_event
from imagegate.domain.ids import EventId, KeyId
from imagegate.domain.job import Attempt, Job, Outcome, Status
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.usage import NO_MODEL, Counter, UsageCell, UsageRecord, cells_of, usage_record
from tests.builders import KEY_ID, NOW, a_card, a_cost, a_job, a_request, a_target, an_attempt, an_image

INKS = a_target(a_card(name="inks"))
DAY = date(2026, 11, 22)


def _sent(number: int = 1, **changes: Any) -> Attempt:
    return an_attempt(number, sent_at=NOW, **changes)


def _ended(status: Status = Status.SUCCEEDED, *attempts: Attempt, **changes: Any) -> Job:
    return a_job(status=status, attempts=attempts, completed_at=NOW, **changes)


def a_record(*, end_user: str | None = None, model: str = "painter/oils", **changes: Any) -> UsageRecord:
    counts = {Counter.SUCCEEDED: Decimal(1), Counter.COST: Decimal("0.04")}
    fields: dict[str, Any] = {"day": DAY, "key_id": KEY_ID, "end_user": end_user, "counts": {model: counts}}
    return UsageRecord(**(fields | changes))


def test_a_success_counts_its_pictures_its_cost_and_what_it_was_for() -> None:
    usage = Usage(
        quantities={
            PriceUnit.IMAGE: Decimal(2),
            PriceUnit.MEGAPIXEL: Decimal("2.1"),
            PriceUnit.INPUT_TEXT_TOKEN: Decimal(10),
            PriceUnit.OUTPUT_IMAGE_TOKEN: Decimal(4000),
            PriceUnit.STEP: Decimal(0),
        }
    )
    job = _ended(
        Status.SUCCEEDED,
        _sent(outcome=Outcome.SUCCEEDED, usage=usage),
        images=(an_image(), an_image()),
        request=a_request(end_user="digest"),
    )

    record = usage_record(job, {1: a_cost("0.08")})

    assert (record.day, record.key_id, record.end_user) == (DAY, KEY_ID, "digest")
    assert record.counts == {
        "painter/oils": {
            Counter.SUCCEEDED: 1,
            Counter.IMAGES: 2,
            Counter.ATTEMPTS: 1,
            Counter.COST: Decimal("0.08"),
            Counter.MEGAPIXELS: Decimal("2.1"),
            Counter.TOKENS: 4010,
        }
    }


def test_each_model_that_was_asked_is_counted_and_the_generation_at_the_last() -> None:
    job = _ended(
        Status.SUCCEEDED,
        _sent(1, target=INKS, outcome=Outcome.UNKNOWN),
        _sent(2, outcome=Outcome.SUCCEEDED),
        images=(an_image(),),
    )

    counts = usage_record(job, {1: a_cost("0.5", is_estimate=True), 2: a_cost("0.04")}).counts

    assert counts == {
        "painter/inks": {
            Counter.ATTEMPTS: 1,
            Counter.FAILED_COST: Decimal("0.5"),
            Counter.ESTIMATED_COST: Decimal("0.5"),
        },
        "painter/oils": {Counter.SUCCEEDED: 1, Counter.IMAGES: 1, Counter.ATTEMPTS: 1, Counter.COST: Decimal("0.04")},
    }


@pytest.mark.parametrize(
    ("status", "outcome", "purse"),
    [
        (Status.SUCCEEDED, Outcome.SUCCEEDED, Counter.COST),
        (Status.SUCCEEDED, Outcome.REJECTED, Counter.REFUSED_COST),
        (Status.SUCCEEDED, Outcome.FAILED, Counter.FAILED_COST),
        (Status.REJECTED, Outcome.REJECTED, Counter.REFUSED_COST),
        # The picture was made, and refused when it was looked at.
        (Status.REJECTED, Outcome.SUCCEEDED, Counter.REFUSED_COST),
        (Status.REJECTED, Outcome.UNKNOWN, Counter.FAILED_COST),
        (Status.FAILED, Outcome.UNKNOWN, Counter.FAILED_COST),
        (Status.FAILED, Outcome.SUCCEEDED, Counter.FAILED_COST),
        (Status.CANCELED, Outcome.SUCCEEDED, Counter.FAILED_COST),
    ],
)
def test_what_was_paid_for_nothing_is_counted_apart(status: Status, outcome: Outcome, purse: Counter) -> None:
    counts = usage_record(_ended(status, _sent(outcome=outcome)), {1: a_cost("0.04")}).counts["painter/oils"]

    assert counts[purse] == Decimal("0.04")
    assert counts[Counter(status.value)] == 1
    assert {Counter.COST, Counter.REFUSED_COST, Counter.FAILED_COST} & set(counts) == {purse}


def test_what_was_refused_before_any_model_was_asked_has_none() -> None:
    assert usage_record(_ended(Status.REJECTED), {}).counts == {NO_MODEL: {Counter.REJECTED: 1}}


def test_an_attempt_that_was_never_sent_leaves_nothing() -> None:
    job = _ended(Status.CANCELED, an_attempt(target=INKS, outcome=Outcome.CANCELED), an_attempt(2))

    assert usage_record(job, {}).counts == {"painter/oils": {Counter.CANCELED: 1}}


def test_the_day_is_the_one_on_which_it_ended() -> None:
    late = datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)

    assert usage_record(a_job(status=Status.FAILED, completed_at=late), {}).day == date(2026, 11, 23)
    assert usage_record(a_job(status=Status.FAILED, updated_at=late), {}).day == date(2026, 11, 23)


def test_the_event_of_an_end_holds_what_is_counted_and_tells_nobody() -> None:
    event = generation_event(_ended(Status.FAILED, _sent(outcome=Outcome.UNKNOWN)), EventId("e"), {1: a_cost()})
    held = generation_event(a_job(status=Status.NEEDS_REVIEW), EventId("e"))

    assert event.usage is not None
    assert event.usage.counts["painter/oils"][Counter.FAILED_COST] == Decimal("0.04")
    assert "usage" not in event.data
    assert held.usage is None


def test_records_are_added_up_with_and_without_their_users() -> None:
    records = [a_record(end_user="ann"), a_record(end_user="ben"), a_record(), a_record(end_user="ann")]
    other = a_record(key_id=KeyId("key_two"), end_user="ann")

    plain = cells_of([*records, other], by_end_user=False)
    by_user = cells_of([*records, other], by_end_user=True)

    assert [(str(cell.key_id), cell.end_user, cell.counts[Counter.SUCCEEDED]) for cell in plain] == [
        ("key_one", None, Decimal(4)),
        ("key_two", None, Decimal(1)),
    ]
    assert [(str(cell.key_id), cell.end_user, cell.counts[Counter.COST]) for cell in by_user] == [
        ("key_one", "ann", Decimal("0.08")),
        ("key_one", "ben", Decimal("0.04")),
        ("key_one", None, Decimal("0.04")),
        ("key_two", "ann", Decimal("0.04")),
    ]


def test_a_cell_knows_the_provider_of_its_model() -> None:
    assert UsageCell(day=DAY, key_id=KEY_ID, model="painter/oils", counts={}).provider == "painter"
    assert UsageCell(day=DAY, key_id=KEY_ID, model=NO_MODEL, counts={}).provider == ""
