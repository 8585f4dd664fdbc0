"""Routes, and a target taken out of one."""

from imagegate.domain.route import Candidate, Route, skip
from tests.builders import a_card, a_target, dollars


def test_a_target_that_turns_out_unable_is_taken_out_and_its_reason_kept() -> None:
    inks = a_card(name="inks")
    before = Route(
        targets=(a_target(inks), a_target()),
        candidates=(
            Candidate(model="painter/inks", taken=True, reason="can do it", cost=dollars("0.04"), seconds=10.0),
            Candidate(model="painter/oils", taken=True, reason="can do it"),
        ),
    )

    after = skip(before, a_target(inks), "No such brush.")

    assert after.targets == (a_target(),)
    assert after.candidates == (
        Candidate(model="painter/inks", taken=False, reason="No such brush.", cost=dollars("0.04"), seconds=10.0),
        Candidate(model="painter/oils", taken=True, reason="can do it"),
    )
