"""Which step a job takes next, told from its record alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from imagegate.domain.decision import Decision, Stage, decide
from imagegate.domain.errors import (
    ContentRejectedError,
    ImagegateError,
    OutcomeUnknownError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from imagegate.domain.job import (
    LONGEST_GENERATION,
    Attempt,
    Job,
    Outcome,
    Status,
    begin_attempts,
    mark_sent,
    problem_of,
    replace_attempts,
)
from imagegate.domain.progress import (
    MOST_ROUNDS,
    Step,
    expects_callback,
    next_step,
    next_target,
    pause_seconds,
    poll_due_at,
    wait_seconds,
)
from imagegate.domain.project import OnUnknown
from imagegate.domain.route import Route, Target
from tests.builders import NOW, a_card, a_finding, a_job, a_request, a_target, an_attempt, an_image

OILS, INKS = a_target(), a_target(a_card(name="inks"))
CHALK = a_target(a_card(provider="sketcher", name="chalk"))
BUSY = ProviderUnavailableError("busy")
INSPECTED = decide(Stage.IMAGE, (), ())


def _at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _job(*targets: Target, **changes: Any) -> Job:
    return a_job(route=Route(targets=targets or (OILS,), candidates=()), **changes)


def _begun(job: Job | None = None, target: Target = OILS, due_at: datetime | None = None) -> Job:
    return begin_attempts(job or _job(), target, 4, NOW, due_at)


def _sent(job: Job | None = None, target: Target = OILS) -> Job:
    begun = _begun(job, target)
    return mark_sent(begun, begun.open_attempts, NOW)


def _ended(
    job: Job, outcome: Outcome = Outcome.FAILED, error: ImagegateError | None = BUSY, target: Target = OILS
) -> Job:
    sent = _sent(job, target)
    problem = problem_of(error) if error else None
    ended = tuple(replace(one, outcome=outcome, problem=problem) for one in sent.open_attempts)
    return replace_attempts(sent, ended, NOW)


def _tried(job: Job, *targets: Target, error: ImagegateError = BUSY) -> Job:
    for target in targets:
        job = _ended(job, error=error, target=target)
    return job


def _unknown(job: Job) -> Job:
    return _ended(job, Outcome.UNKNOWN, OutcomeUnknownError("lost"))


@pytest.mark.parametrize("status", [one for one in Status if one.is_terminal])
def test_a_job_that_is_over_is_done_whatever_else_it_holds(status: Status) -> None:
    assert next_step(replace(_begun(), status=status, images=(an_image(),)), NOW) is Step.DONE


def test_a_job_that_is_held_waits_for_a_person() -> None:
    job = replace(_ended(_job(), Outcome.SUCCEEDED, None), status=Status.NEEDS_REVIEW, images=(an_image(),))

    assert next_step(job, NOW) is Step.REVIEW


def test_a_new_job_is_planned() -> None:
    assert next_step(_job(), NOW) is Step.PLAN


def test_an_intent_is_sent_when_it_is_due_and_not_before() -> None:
    paused = _begun(due_at=_at(5))

    assert next_step(_begun(), NOW) is Step.SUBMIT
    assert [next_step(paused, _at(seconds)) for seconds in (4, 5)] == [Step.WAIT, Step.SUBMIT]


def test_what_was_sent_is_waited_for_and_never_sent_again() -> None:
    assert next_step(_sent(), _at(100_000)) is Step.WAIT


def test_one_intent_of_several_that_was_not_sent_is_still_sent() -> None:
    begun = begin_attempts(_job(request=a_request(count=2)), OILS, 1, NOW)

    assert next_step(mark_sent(begun, begun.attempts[:1], NOW), NOW) is Step.SUBMIT


def test_pictures_are_inspected_before_they_are_published() -> None:
    made = replace(_ended(_job(), Outcome.SUCCEEDED, None), images=(an_image(),))

    assert next_step(made, NOW) is Step.INSPECT
    assert next_step(replace(made, moderation=(decide(Stage.PROMPT, (), ()),)), NOW) is Step.INSPECT
    assert next_step(replace(made, moderation=(INSPECTED,)), NOW) is Step.PUBLISH


def test_pictures_of_some_calls_are_not_given_up_for_another_round() -> None:
    job = _ended(_job(OILS, CHALK), error=BUSY)

    assert next_step(job, NOW) is Step.PLAN
    assert next_step(replace(job, images=(an_image(),)), NOW) is Step.INSPECT


def test_a_job_with_nothing_left_to_try_is_ended() -> None:
    assert next_step(_ended(_job()), NOW) is Step.PUBLISH
    assert next_step(_ended(_job(OILS, INKS), error=ProviderFailedError("broken")), NOW) is Step.PUBLISH


def test_the_first_target_is_the_first_of_the_route() -> None:
    assert next_target(_job(OILS, INKS), NOW) == OILS
    assert next_target(_job(), NOW) == OILS


@pytest.mark.parametrize("route", [None, Route(targets=(), candidates=())])
def test_without_a_route_there_is_nothing_to_try(route: Route | None) -> None:
    assert next_target(a_job(route=route), NOW) is None


def test_another_provider_comes_before_another_model_of_the_same() -> None:
    job = _job(OILS, INKS, CHALK)

    assert next_target(_tried(job, OILS), NOW) == CHALK
    assert next_target(_tried(job, OILS, CHALK), NOW) == INKS


def test_a_caller_who_waits_is_not_held_up_by_a_second_round_at_the_same_target() -> None:
    assert next_target(_tried(_job(), OILS), NOW) is None


def test_while_nobody_waits_the_same_target_is_tried_again_after_every_other() -> None:
    job = _job(OILS, INKS, is_asynchronous=True)

    assert next_target(_tried(job, OILS), NOW) == INKS
    assert next_target(_tried(job, OILS, INKS), NOW) == INKS


def test_a_target_that_was_taken_out_of_the_route_is_not_tried_again() -> None:
    job = replace(_tried(_job(is_asynchronous=True), OILS), route=Route(targets=(INKS,), candidates=()))

    assert next_target(job, NOW) == INKS
    assert next_target(replace(job, route=Route(targets=(), candidates=())), NOW) is None


def test_one_budget_of_rounds_holds_for_the_whole_generation() -> None:
    job = _job(OILS, INKS, CHALK, a_target(a_card(name="tempera")), is_asynchronous=True)

    tried = _tried(job, OILS, CHALK, INKS)

    assert tried.rounds == MOST_ROUNDS
    assert next_target(tried, NOW) is None


def test_nothing_is_tried_after_the_deadline() -> None:
    job = _tried(_job(OILS, INKS), OILS)

    assert next_target(job, job.deadline_at - timedelta(seconds=1)) == INKS
    assert next_target(job, job.deadline_at) is None


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Outcome.FAILED, ProviderFailedError("broken")),
        (Outcome.FAILED, None),
        (Outcome.REJECTED, ContentRejectedError("no")),
        (Outcome.UNKNOWN, OutcomeUnknownError("lost")),
        (Outcome.CANCELED, None),
        (Outcome.SUCCEEDED, None),
    ],
)
def test_only_a_failure_that_made_and_charged_nothing_is_tried_elsewhere(
    outcome: Outcome, error: ImagegateError | None
) -> None:
    assert next_target(_ended(_job(OILS, INKS, is_asynchronous=True), outcome, error), NOW) is None


def test_one_call_of_a_round_that_may_have_been_charged_is_enough_to_stop() -> None:
    begun = begin_attempts(_job(OILS, INKS, request=a_request(count=2)), OILS, 1, NOW)
    busy, lost = problem_of(BUSY), problem_of(OutcomeUnknownError("lost"))
    one, two = begun.attempts

    def left(outcome: Outcome, problem: Any) -> Target | None:
        ended = (
            replace(one, outcome=Outcome.FAILED, problem=busy),
            replace(two, outcome=outcome, problem=problem),
        )
        return next_target(replace_attempts(begun, ended, NOW), NOW)

    assert left(Outcome.FAILED, busy) == INKS
    assert left(Outcome.UNKNOWN, lost) is None


def test_a_project_may_pay_twice_for_what_may_have_been_charged() -> None:
    asked = _job(OILS, INKS, on_unknown=OnUnknown.RESUBMIT)

    assert next_target(_unknown(asked), NOW) == INKS
    assert next_target(_unknown(replace(asked, route=_job().route)), NOW) is None
    assert next_target(_unknown(replace(asked, route=_job().route, is_asynchronous=True)), NOW) == OILS


def test_a_target_that_was_not_tried_needs_no_pause() -> None:
    assert pause_seconds(_job(), OILS) == 0
    assert pause_seconds(_tried(_job(), OILS), INKS) == 0


def test_the_pause_before_the_same_target_grows_with_the_rounds() -> None:
    assert pause_seconds(_tried(_job(), OILS), OILS) == 5
    assert pause_seconds(_tried(_job(), OILS, OILS), OILS) == 20


@pytest.mark.parametrize(("asked", "pause"), [(None, 5), (1, 5), (60, 60), (86_400, 300)])
def test_a_provider_that_says_how_long_to_wait_is_heard_within_bounds(asked: int | None, pause: int) -> None:
    throttled = ProviderThrottledError("slow down", retry_after_seconds=asked)

    assert pause_seconds(_tried(_job(), OILS, error=throttled), OILS) == pause


def test_an_end_without_a_problem_asks_for_no_pause_of_its_own() -> None:
    assert pause_seconds(_ended(_job(), Outcome.UNKNOWN, None), OILS) == 5


def test_only_what_the_last_round_said_of_pauses_counts() -> None:
    first = _tried(_job(), OILS, error=ProviderThrottledError("slow down", retry_after_seconds=200))

    assert pause_seconds(_tried(first, OILS), OILS) == 20


@pytest.mark.parametrize(("due_at", "seconds"), [(None, 1), (-3, 1), (0.2, 1), (7, 7), (7.1, 8)])
def test_a_waiting_job_is_left_alone_in_whole_seconds(due_at: float | None, seconds: int) -> None:
    attempt = an_attempt(sent_at=NOW, due_at=None if due_at is None else _at(due_at))

    assert wait_seconds(a_job(attempts=(attempt,)), NOW) == seconds


def test_the_first_attempt_that_is_due_decides_and_one_that_ended_does_not() -> None:
    attempts = (
        an_attempt(1, due_at=_at(1), outcome=Outcome.FAILED),
        an_attempt(2, due_at=_at(20)),
        an_attempt(3, due_at=_at(9)),
    )

    assert wait_seconds(a_job(attempts=attempts), NOW) == 9
    assert wait_seconds(a_job(), NOW) == 1


def _due_after(attempt: Attempt, asked: float, passed: float, **changes: Any) -> float:
    return (poll_due_at(a_job(**changes), attempt, asked, _at(passed)) - _at(passed)).total_seconds()


def test_a_caller_who_waits_has_its_provider_asked_as_often_as_that_wants() -> None:
    called = an_attempt(sent_at=NOW, callback_token="cbk_1")

    assert _due_after(called, 2, passed=60) == 2


@pytest.mark.parametrize(("passed", "due"), [(0, 2), (8, 2), (40, 10), (120, 30), (3000, 30)])
def test_while_nobody_waits_the_pause_between_polls_grows_with_the_work(passed: float, due: float) -> None:
    assert _due_after(an_attempt(sent_at=NOW), 2, passed, is_asynchronous=True) == due


def test_what_was_not_marked_as_sent_counts_from_its_beginning() -> None:
    assert _due_after(an_attempt(started_at=_at(-40)), 2, 0, is_asynchronous=True) == 10


def test_a_provider_that_calls_back_is_asked_rarely() -> None:
    attempt = an_attempt(sent_at=NOW, callback_token="cbk_1")

    assert _due_after(attempt, 2, 1, is_asynchronous=True) == 30
    assert _due_after(attempt, 90, 1, is_asynchronous=True) == 90


@pytest.mark.parametrize("asked", [7200, 1e300, float("inf")])
def test_no_poll_is_planned_beyond_the_deadline(asked: float) -> None:
    assert poll_due_at(a_job(), an_attempt(), asked, NOW) == a_job().deadline_at == NOW + LONGEST_GENERATION


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sent_at": NOW, "callback_token": "cbk_1"}, True),
        ({"sent_at": NOW}, False),
        ({"callback_token": "cbk_1"}, False),
        ({"sent_at": NOW, "callback_token": "cbk_1", "outcome": Outcome.FAILED}, False),
    ],
)
def test_a_callback_may_come_for_what_was_sent_with_an_address_for_it(changes: dict[str, Any], expected: bool) -> None:
    assert expects_callback(a_job(attempts=(an_attempt(), an_attempt(2, **changes)))) is expected


def test_a_decision_to_hold_is_an_inspection_too() -> None:
    held = decide(Stage.IMAGE, (a_finding(decision=Decision.REVIEW),), ("viewer@1",))

    assert a_job(moderation=(decide(Stage.PROMPT, (), ()), held)).inspection == held
