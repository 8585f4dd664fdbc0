"""The bill of a job: what providers told, what the price book says otherwise, and what may have been charged."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from imagegate.domain.bill import cost_of_job, estimate
from imagegate.domain.card import ModelCard
from imagegate.domain.job import Attempt, Job, Outcome
from imagegate.domain.money import PriceUnit, Usage, usage_of
from imagegate.domain.request import Operation, Quality, Size
from tests.builders import a_card, a_job, a_price, a_request, a_target, an_attempt, an_input, dollars

MADE = Usage(quantities={PriceUnit.IMAGE: Decimal(1)})
INKS = a_card(name="inks", prices=(a_price("0.5", checked_on=date(2026, 5, 1), source="older"),))


def _job(*attempts: Attempt, **wishes: Any) -> Job:
    return a_job(request=a_request(**wishes), attempts=attempts)


def _by_credits(**changes: Any) -> ModelCard:
    return a_card(prices=(a_price("0.01", unit=PriceUnit.CREDIT), a_price("0.05", estimate=True)), **changes)


def test_an_estimate_is_what_the_card_says_for_the_fitted_request() -> None:
    prices = (
        a_price("0.1", qualities=frozenset({Quality.HIGH})),
        a_price("0.2", qualities=frozenset({Quality.LOW})),
        a_price("1", unit=PriceUnit.MEGAPIXEL, operations=frozenset({Operation.EDIT})),
    )
    card = a_card(prices=prices, default_quality=Quality.LOW)

    assert estimate(a_request(), card, 2).money == dollars("0.4")
    assert estimate(a_request(quality=Quality.HIGH), card, 1).money == dollars("0.1")


def test_an_estimate_counts_input_images_and_steps() -> None:
    prices = (a_price("0.1", unit=PriceUnit.INPUT_IMAGE), a_price("0.001", unit=PriceUnit.STEP))
    request = a_request(operation=Operation.EDIT, input_images=(an_input(), an_input()), steps=20)

    assert estimate(request, a_card(prices=prices), 3).money == dollars("0.26")


def test_an_edit_without_a_size_is_billed_like_the_default() -> None:
    prices = (a_price("0.3", sizes=frozenset({Size(1024, 1024)})),)

    assert estimate(a_request(input_images=(an_input(),)), a_card(prices=prices), 1).money == dollars("0.3")


def test_an_estimate_by_a_row_that_is_one_says_so() -> None:
    told = estimate(a_request(), _by_credits(), 2)

    assert (told.money, told.is_estimate) == (dollars("0.10"), True)


def test_nothing_that_was_billed_is_no_cost() -> None:
    assert cost_of_job(_job(), (a_card(),)) is None
    assert cost_of_job(_job(an_attempt(outcome=Outcome.FAILED), an_attempt(2)), (a_card(),)) is None


def test_usage_is_priced_whatever_the_outcome() -> None:
    job = _job(an_attempt(outcome=Outcome.REJECTED, usage=MADE))

    cost = cost_of_job(job, (a_card(),))

    assert cost is not None
    assert (cost.money, cost.is_estimate) == (dollars("0.04"), False)


def test_an_unknown_outcome_counts_what_may_have_been_charged() -> None:
    cost = cost_of_job(_job(an_attempt(outcome=Outcome.UNKNOWN, count=3), count=3), (a_card(),))

    assert cost is not None
    assert (cost.money, cost.is_estimate) == (dollars("0.12"), True)


def test_an_unknown_outcome_with_told_usage_counts_that() -> None:
    cost = cost_of_job(_job(an_attempt(outcome=Outcome.UNKNOWN, usage=MADE, count=3)), (a_card(),))

    assert cost is not None
    assert (cost.money, cost.is_estimate) == (dollars("0.04"), False)


def test_credits_are_billed_by_their_own_price() -> None:
    usage = Usage(quantities={PriceUnit.CREDIT: Decimal("6.5")})

    cost = cost_of_job(_job(an_attempt(outcome=Outcome.SUCCEEDED, usage=usage)), (_by_credits(),))

    assert cost is not None
    assert (cost.money, cost.is_estimate) == (dollars("0.065"), False)


def test_tokens_are_billed_each_by_its_kind() -> None:
    prices = (
        a_price("0.000005", unit=PriceUnit.INPUT_TEXT_TOKEN),
        a_price("0.00001", unit=PriceUnit.INPUT_IMAGE_TOKEN),
        a_price("0.00004", unit=PriceUnit.OUTPUT_IMAGE_TOKEN),
        a_price("0.17", estimate=True),
    )
    usage = Usage(
        quantities={
            PriceUnit.INPUT_TEXT_TOKEN: Decimal(10),
            PriceUnit.INPUT_IMAGE_TOKEN: Decimal(100),
            PriceUnit.OUTPUT_IMAGE_TOKEN: Decimal(1000),
        }
    )

    cost = cost_of_job(_job(an_attempt(outcome=Outcome.SUCCEEDED, usage=usage)), (a_card(prices=prices),))

    assert cost is not None
    assert cost.money == dollars("0.04105")


def test_usage_in_a_unit_without_a_price_is_an_estimate_of_nothing_and_no_crash() -> None:
    usage = Usage(quantities={PriceUnit.SECOND: Decimal(3)})

    cost = cost_of_job(_job(an_attempt(outcome=Outcome.SUCCEEDED, usage=usage)), (a_card(),))

    assert cost is not None
    assert (cost.money, cost.is_estimate) == (dollars("0"), True)


def test_attempts_at_several_targets_are_billed_each_by_its_own_card() -> None:
    first = an_attempt(outcome=Outcome.REJECTED, usage=MADE)
    second = an_attempt(2, target=a_target(INKS), outcome=Outcome.SUCCEEDED, usage=MADE)

    cost = cost_of_job(_job(first, second), (a_card(), INKS))

    assert cost is not None
    assert cost.money == dollars("0.54")
    assert (cost.price_checked_on, cost.source) == (date(2026, 5, 1), "older")


def test_one_estimate_makes_the_whole_an_estimate() -> None:
    attempts = (an_attempt(outcome=Outcome.SUCCEEDED, usage=MADE), an_attempt(2, outcome=Outcome.UNKNOWN))

    cost = cost_of_job(_job(*attempts), (a_card(),))

    assert cost is not None
    assert (cost.money, cost.is_estimate) == (dollars("0.08"), True)


def test_a_pinned_version_changes_no_price() -> None:
    target = replace(a_target(), model_version="oils-2026-10-15")
    usage = usage_of(images=2, pixels_per_image=1)

    cost = cost_of_job(_job(an_attempt(target=target, outcome=Outcome.SUCCEEDED, usage=usage)), (a_card(),))

    assert cost is not None
    assert cost.money == dollars("0.08")
