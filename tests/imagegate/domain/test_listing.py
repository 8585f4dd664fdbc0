"""Between which ids the generations of a list lie."""

import pytest

from imagegate.domain.ids import JobId, new_id
from imagegate.domain.listing import JobQuery, id_bounds
from tests.builders import NOW

LOWEST, HIGHEST = f"gen_{'0' * 32}", f"gen_{'f' * 32}"
ID = JobId(new_id("gen", NOW, bytes(10)))
SECOND = int(NOW.timestamp())


def test_without_a_wish_every_id_is_meant() -> None:
    assert id_bounds(JobQuery()) == (LOWEST, HIGHEST)


def test_the_newest_first_go_on_below_an_id_and_the_oldest_first_above() -> None:
    after = JobId(f"gen_{'0' * 30}10")

    assert id_bounds(JobQuery(after=after)) == (LOWEST, f"gen_{'0' * 30}0f")
    assert id_bounds(JobQuery(after=after, oldest_first=True)) == (f"gen_{'0' * 30}11", HIGHEST)


@pytest.mark.parametrize(
    ("wish", "is_meant"),
    [
        ({"created_after": SECOND}, True),
        ({"created_after": SECOND + 1}, False),
        ({"created_before": SECOND + 1}, True),
        ({"created_before": SECOND}, False),
        ({"created_after": SECOND, "created_before": SECOND + 1}, True),
    ],
)
def test_moments_bound_the_ids(wish: dict[str, int], is_meant: bool) -> None:
    bounds = id_bounds(JobQuery(**wish))  # type: ignore[arg-type]

    assert bounds is not None
    assert (bounds[0] <= ID <= bounds[1]) is is_meant


@pytest.mark.parametrize(
    "query",
    [
        JobQuery(after=JobId(LOWEST)),
        JobQuery(after=JobId(HIGHEST), oldest_first=True),
        JobQuery(created_after=SECOND, created_before=SECOND),
        JobQuery(created_before=0),
        JobQuery(after=ID, created_after=SECOND + 1),
    ],
)
def test_nothing_can_lie_between_bounds_that_cross(query: JobQuery) -> None:
    assert id_bounds(query) is None
