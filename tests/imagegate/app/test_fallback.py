"""More than one target: another is tried only where the first made nothing, and never after a refusal."""

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.errors import ProviderFailedError, ProviderUnavailableError
from imagegate.domain.job import Outcome, Status
from imagegate.domain.provider import Failed, Refused
from tests.builders import a_card
from tests.imagegate.app.harness import Harness, completed

TWO = (a_card(), a_card(name="inks"))
BUSY = Failed(error=ProviderUnavailableError("busy"))


def _models(gateway: Harness) -> list[str]:
    return [request.url.rsplit("/", 1)[1] for request in gateway.transport.sent]


def test_a_target_that_is_busy_is_followed_by_the_next() -> None:
    gateway = Harness(cards=TWO, submissions=[BUSY, completed()])

    job = gateway(model="auto").job

    assert job.status is Status.SUCCEEDED
    assert [one.outcome for one in job.attempts] == [Outcome.FAILED, Outcome.SUCCEEDED]
    assert _models(gateway) == ["oils", "inks"]


def test_the_intent_of_the_second_attempt_is_written_before_it_is_sent() -> None:
    gateway = Harness(cards=TWO, submissions=[BUSY, completed()])

    gateway(model="auto")

    assert gateway.journal[:4] == [
        "job running, attempts [None]",
        "send",
        "job running, attempts ['failed', None]",
        "send",
    ]


def test_when_every_target_is_busy_the_last_one_s_problem_is_told() -> None:
    last = Failed(error=ProviderUnavailableError("busy too"))
    gateway = Harness(cards=TWO, submissions=[BUSY, last])

    job = gateway(model="auto").job

    assert job.status is Status.FAILED
    assert job.problem is not None
    assert job.problem.message == "busy too"
    assert len(job.attempts) == 2


def test_a_failure_that_a_repeat_cannot_help_is_final() -> None:
    gateway = Harness(cards=TWO, submissions=[Failed(error=ProviderFailedError("broken"))])

    job = gateway(model="auto").job

    assert job.status is Status.FAILED
    assert _models(gateway) == ["oils"]


def test_a_refusal_is_never_shown_to_a_laxer_target() -> None:
    gateway = Harness(cards=TWO, submissions=[Refused(codes=("gore",), message="no")])

    job = gateway(model="auto").job

    assert job.status is Status.REJECTED
    assert _models(gateway) == ["oils"]


def test_a_target_that_cannot_be_reached_is_unavailable_and_was_not_paid() -> None:
    gateway = Harness(failures=[NotSentError("NewConnectionError")])

    job = gateway().job

    assert job.problem is not None
    assert (job.problem.code, job.problem.retryable) == ("provider_unavailable", True)
    assert (job.attempt.outcome, job.attempt.provider_metadata) == (
        Outcome.FAILED,
        {"transport": "NewConnectionError"},
    )


def test_a_target_that_cannot_be_reached_is_followed_by_the_next() -> None:
    gateway = Harness(cards=TWO, failures=[NotSentError("NewConnectionError")])

    assert gateway(model="auto").job.status is Status.SUCCEEDED


def test_a_lost_answer_is_of_unknown_outcome_and_nothing_is_sent_again() -> None:
    gateway = Harness(cards=TWO, failures=[AnswerLostError("ReadTimeoutError")])

    job = gateway(model="auto").job

    assert (job.status, job.attempt.outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert job.problem is not None
    assert (job.problem.code, job.problem.retryable) == ("outcome_unknown", False)
    assert len(gateway.transport.sent) == 1
