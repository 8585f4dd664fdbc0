"""Models come and go: a warning before, a clear word after."""

from datetime import date, timedelta

import pytest

from imagegate.domain.card import Lifecycle
from imagegate.domain.errors import ModelRetiredError
from imagegate.domain.lifecycle import check_lifecycle, ends_soon
from imagegate.domain.warning import WarningType
from tests.builders import a_card

TODAY = date(2026, 11, 22)


def _ends_in(days: int, replacement: str | None = "painter/inks") -> Lifecycle:
    return Lifecycle(
        released_on=date(2025, 1, 1), shutdown_on=TODAY + timedelta(days=days), replacement=replacement, source="s"
    )


def test_a_model_without_an_announced_end_is_used_without_a_word() -> None:
    assert check_lifecycle(a_card(), TODAY) == ()


def test_a_model_is_warned_about_from_ninety_days_before_its_end() -> None:
    assert check_lifecycle(a_card(lifecycle=_ends_in(91)), TODAY) == ()
    (warning,) = check_lifecycle(a_card(lifecycle=_ends_in(90)), TODAY)

    assert (warning.type, warning.param) == (WarningType.DEPRECATED, "model")
    assert warning.message == (
        "painter/oils will be shut down by its provider on 2027-02-20. Use painter/inks in its place."
    )


def test_a_model_is_usable_on_the_day_before_its_end_and_gone_on_the_day() -> None:
    assert check_lifecycle(a_card(lifecycle=_ends_in(1)), TODAY)
    with pytest.raises(
        ModelRetiredError, match=r"was shut down by its provider on 2026-11-22\. Use painter/inks"
    ) as gone:
        check_lifecycle(a_card(lifecycle=_ends_in(0)), TODAY)

    assert (gone.value.code, gone.value.http_status, gone.value.param) == ("model_retired", 404, "model")


def test_a_model_without_a_replacement_names_none() -> None:
    (warning,) = check_lifecycle(a_card(lifecycle=_ends_in(5, replacement=None)), TODAY)

    assert "in its place" not in warning.message


@pytest.mark.parametrize(("days", "is_told"), [(91, False), (90, True), (1, True), (0, False), (-1, False)])
def test_an_end_is_announced_for_ninety_days(days: int, is_told: bool) -> None:
    assert ends_soon(a_card(lifecycle=_ends_in(days)), TODAY) is is_told


def test_an_end_that_nobody_named_is_not_announced() -> None:
    assert not ends_soon(a_card(), TODAY)
