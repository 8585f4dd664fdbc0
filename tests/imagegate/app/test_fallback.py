"""More than one target: another is tried only where the first made nothing, and never after a refusal."""

from datetime import timedelta
from decimal import Decimal

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.card import Lifecycle
from imagegate.domain.errors import (
    ConfigurationError,
    InvalidValueError,
    ProviderFailedError,
    ProviderUnavailableError,
)
from imagegate.domain.job import Outcome, Status
from imagegate.domain.provider import Failed, ProviderCall, Refused
from imagegate.domain.request import Quality
from imagegate.domain.wire import HttpRequest
from tests.builders import NOW, a_card, dollars
from tests.imagegate.app.harness import Harness, completed

TWO = (a_card(), a_card(name="inks"))
SOON_GONE = Lifecycle(released_on=NOW.date(), shutdown_on=NOW.date() + timedelta(days=9))
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

    # Once as an intent, and once as sent.
    assert gateway.journal[:6] == [
        "job running, attempts [None]",
        "send",
        "job running, attempts ['failed']",
        "job running, attempts ['failed', None]",
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


def test_a_fallback_target_that_cannot_express_the_request_is_skipped_with_the_reason() -> None:
    def refuse_inks(call: ProviderCall) -> None:
        if call.card.name == "inks":
            raise InvalidValueError("No such brush.", param="provider_options.painter.brush")

    three = (a_card(), a_card(name="inks"), a_card(name="chalk"))
    gateway = Harness(cards=three, submissions=[BUSY, completed()], check=refuse_inks)

    job = gateway(model="auto").job

    assert job.status is Status.SUCCEEDED
    assert _models(gateway) == ["oils", "chalk"]
    assert job.route is not None
    assert [(one.model, one.taken) for one in job.route.candidates] == [
        ("painter/oils", True),
        ("painter/inks", False),
        ("painter/chalk", True),
    ]
    assert job.route.candidates[1].reason == "No such brush."


def test_where_no_later_target_can_express_the_request_the_first_problem_is_told() -> None:
    def refuse_inks(call: ProviderCall) -> None:
        if call.card.name == "inks":
            raise InvalidValueError("No such brush.")

    gateway = Harness(cards=TWO, submissions=[BUSY], check=refuse_inks)

    job = gateway(model="auto").job

    assert job.status is Status.FAILED
    assert job.problem is not None
    assert (job.problem.code, job.problem.message) == ("provider_unavailable", "busy")
    assert _models(gateway) == ["oils"]


def test_what_is_said_of_one_target_is_not_said_of_the_next() -> None:
    plain = a_card(name="inks", qualities=frozenset(), lifecycle=SOON_GONE)
    gateway = Harness(cards=(a_card(notice="oils smell"), plain), submissions=[BUSY, completed()])

    job = gateway(model="auto", quality=Quality.HIGH).job

    assert [(one.type.value, one.param) for one in job.warnings] == [
        ("deprecated", "model"),
        ("unsupported", "quality"),
    ]


def test_a_target_that_cannot_be_reached_is_unavailable_and_was_not_paid() -> None:
    gateway = Harness(failures=[NotSentError("NewConnectionError")])

    job = gateway().job

    assert job.problem is not None
    assert (job.problem.code, job.problem.retryable) == ("provider_unavailable", True)
    assert (gateway.attempt.outcome, gateway.attempt.provider_metadata) == (
        Outcome.FAILED,
        {"transport": "NewConnectionError"},
    )


def test_a_target_that_cannot_be_reached_is_followed_by_the_next() -> None:
    gateway = Harness(cards=TWO, failures=[NotSentError("NewConnectionError")])

    assert gateway(model="auto").job.status is Status.SUCCEEDED


def test_a_lost_answer_is_of_unknown_outcome_and_nothing_is_sent_again() -> None:
    gateway = Harness(cards=TWO, failures=[AnswerLostError("ReadTimeoutError")])

    job = gateway(model="auto").job

    assert (job.status, gateway.attempt.outcome) == (Status.FAILED, Outcome.UNKNOWN)
    assert job.problem is not None
    assert (job.problem.code, job.problem.retryable) == ("outcome_unknown", False)
    assert len(gateway.transport.sent) == 1


def test_a_lost_answer_settles_what_may_have_been_charged() -> None:
    gateway = Harness(failures=[AnswerLostError("ReadTimeoutError")], project={"monthly_budget": dollars("1")})

    job = gateway(count=2).job

    assert job.cost is not None
    assert (job.cost.money, job.cost.is_estimate) == (dollars("0.08"), True)
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.08")


def test_missing_credentials_are_told_with_the_command_and_charge_nothing() -> None:
    missing = ConfigurationError("Run `imagegate secrets set painter`.")
    gateway = Harness(failures=[missing], project={"monthly_budget": dollars("1")})

    job = gateway().job

    assert (job.status, gateway.attempt.outcome) == (Status.FAILED, Outcome.FAILED)
    assert job.problem is not None
    assert job.problem.code == "provider_credentials"
    assert "imagegate secrets set painter" in job.problem.message
    assert gateway.jobs.committed == gateway.jobs.spent == 0


def test_an_adapter_that_describes_an_address_outside_its_hosts_is_never_sent_there() -> None:
    gateway = Harness(project={"monthly_budget": dollars("1")})
    gateway.provider.submit = lambda call: HttpRequest(method="POST", url="https://evil.example")  # type: ignore[method-assign]

    job = gateway().job

    assert job.problem is not None
    assert job.problem.code == "provider_failed"
    assert gateway.transport.sent == []
    assert gateway.jobs.spent == 0
