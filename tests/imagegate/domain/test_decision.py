"""Moderation decisions: the strictest finding wins."""

import pytest

from imagegate.domain.decision import Decision, Stage, decide
from tests.builders import a_finding


def test_no_finding_allows_and_says_who_looked() -> None:
    decision = decide(Stage.PROMPT, (), ("rules@1",))

    assert decision.decision is Decision.ALLOW
    assert decision.sources == ("rules@1",)


def test_the_strictest_finding_wins_wherever_it_stands() -> None:
    findings = (
        a_finding(decision=Decision.REVIEW),
        a_finding(decision=Decision.BLOCK),
        a_finding(decision=Decision.ALLOW),
    )

    assert decide(Stage.IMAGE, findings, ()).decision is Decision.BLOCK


def test_codes_are_told_once_and_sorted() -> None:
    findings = (a_finding("hate"), a_finding("gore"), a_finding("hate"))

    assert decide(Stage.PROMPT, findings, ()).codes == ("gore", "hate")


@pytest.mark.parametrize(
    ("decision", "stops"),
    [
        (Decision.ALLOW, False),
        (Decision.ALLOW_LOGGED, False),
        (Decision.REVIEW, True),
        (Decision.BLOCK, True),
        (Decision.QUARANTINE, True),
    ],
)
def test_what_a_person_would_have_to_see_does_not_go_on(decision: Decision, stops: bool) -> None:
    assert decision.stops is stops
