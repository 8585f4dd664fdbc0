"""Several calls for one request: each with its own seed, side by side, and what was made is delivered."""

from decimal import Decimal

import pytest

from imagegate.app.ports import AnswerLostError
from imagegate.domain.decision import Stage
from imagegate.domain.errors import InternalError, ProviderFailedError, ProviderUnavailableError
from imagegate.domain.job import Outcome, Status
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Failed, ProviderCall, Refused, Submission
from imagegate.domain.request import MAX_SEED
from imagegate.domain.wire import HttpResponse
from tests.builders import a_card, a_price, dollars
from tests.fakes import FakeTransport, ScriptedProvider
from tests.imagegate.app.harness import Harness, completed
from tests.pictures import picture

BY_TWO = a_card(max_count=10, images_per_call=2)
BUDGET = {"monthly_budget": dollars("1")}
BROKEN = Failed(error=ProviderFailedError("The second brush broke."))
REFUSED = Refused(message="no", codes=("gore",), stage=Stage.IMAGE)


class ByShare(ScriptedProvider):
    """Answers each call of a fan-out by what it asks for, since they come in any order."""

    def __init__(self, answers: dict[int, Submission]) -> None:
        super().__init__([])
        self.answers = answers

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        self.calls.append(call)
        share = completed(*[picture()] * call.request.count)
        return self.answers.get((call.request.seed or 0) - 100, share)


def _gateway(answers: dict[int, Submission] | None = None, failures: list[Exception | None] | None = None) -> Harness:
    """Answers are by the first image of a call: ask with the seed 100."""
    gateway = Harness(cards=(BY_TWO,), project=BUDGET, failures=failures or [])
    provider = ByShare(answers or {})
    gateway.provider = provider
    gateway.generate.accept.calls.providers.provider = provider  # type: ignore[attr-defined]
    return gateway


def test_a_request_becomes_as_many_calls_as_it_takes_each_with_a_seed_of_its_own() -> None:
    gateway = _gateway()

    job = gateway(count=5, seed=100).job

    assert [(one.number, one.first, one.count) for one in job.attempts] == [(1, 0, 2), (2, 2, 2), (3, 4, 1)]
    assert sorted((call.request.seed, call.request.count) for call in gateway.provider.calls) == [
        (100, 2),
        (102, 2),
        (104, 1),
    ]
    assert job.status is Status.SUCCEEDED
    assert [image.index for image in job.images] == [0, 1, 2, 3, 4]
    assert len({image.key for image in job.images}) == 5
    assert gateway.jobs.spent == Decimal("0.20")


def test_without_a_seed_no_call_has_one() -> None:
    gateway = _gateway()

    gateway(count=4)

    assert [call.request.seed for call in gateway.provider.calls] == [None, None]


def test_a_seed_at_the_end_of_its_range_starts_over() -> None:
    gateway = _gateway()

    gateway(count=4, seed=MAX_SEED)

    assert {call.request.seed for call in gateway.provider.calls} == {MAX_SEED, 1}


def test_the_intents_of_all_calls_are_written_before_the_first_is_sent() -> None:
    gateway = _gateway()

    gateway(count=5, seed=100)

    assert gateway.journal[0] == "job running, attempts [None, None, None]"
    assert gateway.journal.count("send") == 3
    assert gateway.journal.index("send") == 1


def test_what_was_made_is_delivered_and_what_was_not_is_told_and_not_charged() -> None:
    gateway = _gateway({2: BROKEN})

    generated = gateway(count=5, seed=100)

    job = generated.job
    assert job.status is Status.SUCCEEDED
    assert [image.index for image in job.images] == [0, 1, 4]
    assert sorted(generated.pictures) == [0, 1, 4]
    assert [one.outcome for one in job.attempts] == [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.SUCCEEDED]
    (warning,) = job.warnings
    assert (warning.message, warning.param) == ("3 of 5 images were made. The second brush broke.", "n")
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.12")


def test_a_refusal_of_some_leaves_the_others() -> None:
    gateway = _gateway({0: REFUSED})

    job = gateway(count=4, seed=100).job

    assert job.status is Status.SUCCEEDED
    assert [image.index for image in job.images] == [2, 3]
    assert "refused the image (gore): no" in job.warnings[0].message


def test_a_lost_answer_of_some_is_counted_as_possibly_charged() -> None:
    gateway = _gateway(failures=[AnswerLostError("cut")])

    job = gateway(count=4, seed=100).job

    assert job.status is Status.SUCCEEDED
    assert job.cost is not None
    assert (job.cost.money, job.cost.is_estimate) == (dollars("0.16"), True)


def test_a_refusal_decides_where_nothing_was_made() -> None:
    gateway = _gateway({0: BROKEN, 2: REFUSED})

    job = gateway(count=4, seed=100).job

    assert job.status is Status.REJECTED
    assert gateway.jobs.committed == 0


def test_an_unknown_outcome_is_told_before_a_plain_failure() -> None:
    gateway = _gateway({0: BROKEN, 2: BROKEN}, failures=[AnswerLostError("cut")])

    job = gateway(count=4, seed=100).job

    assert job.problem is not None
    assert job.problem.code == "outcome_unknown"
    assert gateway.jobs.spent == Decimal("0.08")


def test_another_target_is_tried_only_when_every_call_failed_without_a_charge() -> None:
    busy = Failed(error=ProviderUnavailableError("busy"))

    def told(answers: dict[int, Submission]) -> int:
        gateway = Harness(cards=(BY_TWO, a_card(name="inks")), submissions=[])
        gateway.generate.accept.calls.providers.provider = ByShare(answers)  # type: ignore[attr-defined]
        return len({one.target.model for one in gateway(count=4, seed=100, model="auto").job.attempts})

    assert told({0: busy, 2: BROKEN}) == 1
    assert told({0: busy, 2: busy}) == 2


def test_a_provider_that_withheld_some_says_so() -> None:
    gateway = Harness(submissions=[completed(picture(), withheld=1)])

    job = gateway(count=2).job

    assert job.warnings[0].message == "1 of 2 images were made. The provider withheld the rest."


def test_usage_that_the_provider_tells_is_summed_over_the_calls() -> None:
    usage = Usage(quantities={PriceUnit.CREDIT: Decimal(3)})
    card = a_card(images_per_call=1, prices=(a_price("0.01", unit=PriceUnit.CREDIT), a_price("0.05", estimate=True)))
    gateway = Harness(cards=(card,), submissions=[completed(usage=usage), completed(usage=usage)], project=BUDGET)

    job = gateway(count=2).job

    assert job.cost is not None
    assert (job.cost.money, job.cost.is_estimate) == (dollars("0.06"), False)


def test_many_calls_are_sent_by_a_bounded_number_of_threads() -> None:
    card = a_card(max_count=10, images_per_call=1)
    gateway = Harness(cards=(card,), submissions=[completed() for _ in range(10)])

    assert len(gateway(count=10).job.images) == 10
    assert isinstance(gateway.transport, FakeTransport)


def test_a_call_that_breaks_us_does_not_lose_what_the_others_learned() -> None:
    gateway = _gateway(failures=[None, RuntimeError("a slip of ours")])

    with pytest.raises(InternalError):
        gateway(count=4, seed=100)

    # The one that broke may have been charged; the other one's cost is known.
    assert sorted(str(one.outcome) for one in gateway.job.attempts) == ["succeeded", "unknown"]
    assert gateway.jobs.spent == Decimal("0.16")
