"""Ids sort by age and cannot be mistaken for one another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.ids import ENTROPY_BYTES, is_id, new_id

moments = st.datetimes(datetime(2000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
entropies = st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)


@given(now=moments, later_by=st.integers(1, 10**9), first=entropies, second=entropies)
def test_ids_sort_by_time_whatever_their_entropy(now: datetime, later_by: int, first: bytes, second: bytes) -> None:
    later = now + timedelta(milliseconds=later_by)

    assert new_id("gen", now, first) < new_id("gen", later, second)


@given(now=moments, entropy=entropies)
def test_a_new_id_is_one_of_its_own_kind_only(now: datetime, entropy: bytes) -> None:
    text = new_id("gen", now, entropy)

    assert is_id("gen", text)
    assert not is_id("evt", text)


@pytest.mark.parametrize("text", ["", "gen_", "gen_" + "0" * 31, "gen_" + "0" * 33, "gen_" + "G" * 32, "x" * 5000])
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_id("gen", text)
