"""Deliveries: ten tries over three days, counted even when we crash, and ended by success, by 410, or by patience."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.delivery import (
    JITTER,
    LONGEST_RETRY_AFTER,
    MAX_TRIES,
    PAUSES,
    UNFINISHED,
    Delivery,
    DeliveryStatus,
    Try,
    Verdict,
    VerdictKind,
    begin_try,
    end_try,
    replay,
)
from tests.builders import NOW, a_delivery


def _tried(delivery: Delivery, status: int | None = 500, *, jitter: float = 0.0) -> tuple[Delivery, Verdict]:
    return _told(begin_try(delivery, NOW), status, jitter=jitter)


def _told(
    delivery: Delivery, status: int | None, *, retry_after: timedelta | None = None, jitter: float = 0.0
) -> tuple[Delivery, Verdict]:
    return end_try(delivery, Try(at=NOW, status_code=status), retry_after=retry_after, jitter=jitter)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_a_success_ends_the_delivery(status: int) -> None:
    delivery, verdict = _tried(a_delivery(), status)

    assert (delivery.status, verdict) == (DeliveryStatus.DELIVERED, Verdict(kind=VerdictKind.DELIVERED))
    assert [one.status_code for one in delivery.tries] == [status]


@pytest.mark.parametrize("status", [None, 199, 301, 307, 400, 401, 404, 409, 429, 500, 503])
def test_anything_else_is_tried_again(status: int | None) -> None:
    delivery, verdict = _tried(a_delivery(), status)

    assert (delivery.status, verdict.kind) == (DeliveryStatus.PENDING, VerdictKind.RETRY)


def test_a_receiver_that_is_gone_is_asked_no_more() -> None:
    delivery, verdict = _tried(a_delivery(), 410)

    assert (delivery.status, verdict.kind) == (DeliveryStatus.DEAD, VerdictKind.DEAD)


def test_the_pauses_follow_the_schedule_and_the_last_try_ends_it() -> None:
    delivery, pauses = a_delivery(), []
    verdict = Verdict(kind=VerdictKind.RETRY)
    while verdict.kind is VerdictKind.RETRY:
        delivery, verdict = _tried(delivery)
        pauses.append(verdict.seconds)

    assert pauses == [*(round(one.total_seconds()) for one in PAUSES), 0]
    assert (len(delivery.tries), delivery.status) == (MAX_TRIES, DeliveryStatus.DEAD)
    assert timedelta(days=3) < timedelta(seconds=sum(pauses)) < timedelta(days=4)


@given(st.floats(min_value=0, max_value=1))
def test_the_jitter_makes_a_pause_longer_by_a_fifth_at_most(jitter: float) -> None:
    _, verdict = _tried(a_delivery(tries=(Try(at=NOW),)), jitter=jitter)

    assert 300 <= verdict.seconds <= 300 * (1 + JITTER)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (timedelta(seconds=1), 5),
        (timedelta(minutes=10), 600),
        (timedelta(days=30), round(LONGEST_RETRY_AFTER.total_seconds())),
    ],
)
def test_a_receiver_may_ask_for_a_longer_pause_within_bounds(asked: timedelta, seconds: int) -> None:
    _, verdict = _told(begin_try(a_delivery(), NOW), 503, retry_after=asked)

    assert verdict.seconds == seconds


def test_a_crash_leaves_a_try_that_counts() -> None:
    crashed = begin_try(a_delivery(), NOW)

    delivery, verdict = _tried(crashed)

    assert [one.error for one in crashed.tries] == [UNFINISHED]
    assert (len(delivery.tries), verdict.seconds) == (2, 300)


def test_a_replay_starts_the_schedule_anew_and_keeps_the_history() -> None:
    dead = a_delivery(status=DeliveryStatus.DEAD, tries=(Try(at=NOW, status_code=500),) * MAX_TRIES)

    again = replay(dead, "again")
    delivery, verdict = _tried(again)

    assert (again.run, again.status, again.tries_of_run) == ("again", DeliveryStatus.PENDING, 0)
    assert (len(delivery.tries), verdict.seconds) == (MAX_TRIES + 1, 5)
