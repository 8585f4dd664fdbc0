"""What a caller said about waiting."""

from datetime import timedelta

import pytest

from imagegate.domain.preference import PATIENCE, Preference

SHORT, LONG = timedelta(seconds=5), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("preference", "patience"),
    [
        (Preference(), PATIENCE),
        (Preference(is_async=True), timedelta(0)),
        (Preference(wait=SHORT), SHORT),
        (Preference(wait=SHORT, is_async=True), SHORT),
        (Preference(wait=timedelta(0)), timedelta(0)),
        (Preference(wait=LONG), PATIENCE),
        (Preference(wait=LONG, is_async=True), PATIENCE),
    ],
)
def test_a_caller_waits_as_long_as_it_said_and_at_most_as_long_as_the_gateway_can(
    preference: Preference, patience: timedelta
) -> None:
    assert preference.patience == patience
