"""Negotiated prices take the place of the book's, unit by unit, and are named as the source."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from imagegate.domain.bill import cost_of_job, estimate
from imagegate.domain.job import Outcome
from imagegate.domain.money import PROJECT_OVERRIDE, PriceUnit, Usage
from imagegate.domain.negotiated import NegotiatedPrice, billable_units, negotiated, prices_on
from imagegate.domain.request import Quality
from imagegate.domain.route import Route
from tests.builders import a_card, a_job, a_price, a_request, a_target, an_attempt, dollars

AGREED_ON = date(2026, 11, 20)


def agreed(amount: str = "0.01", unit: PriceUnit = PriceUnit.IMAGE) -> NegotiatedPrice:
    return NegotiatedPrice(unit=unit, amount=Decimal(amount), currency="USD", agreed_on=AGREED_ON)


def test_a_card_without_a_negotiated_price_stays_as_it_is() -> None:
    card = a_card()

    assert negotiated(card, {"painter/inks": (agreed(),)}) is card


def test_a_negotiated_price_replaces_every_row_of_its_unit_and_no_other() -> None:
    low, high = (a_price("0.04", qualities=frozenset({one})) for one in (Quality.LOW, Quality.HIGH))
    megapixel = a_price("0.002", unit=PriceUnit.MEGAPIXEL)

    rows = negotiated(a_card(prices=(low, high, megapixel)), {"painter/oils": (agreed(),)}).prices

    assert rows[0] is megapixel
    (row,) = rows[1:]
    assert (row.unit, row.amount, row.source, row.checked_on) == (
        PriceUnit.IMAGE,
        Decimal("0.01"),
        PROJECT_OVERRIDE,
        AGREED_ON,
    )
    assert not any((row.qualities, row.sizes, row.operations))
    assert not row.estimate


def test_what_stands_in_for_a_bill_still_does_at_a_negotiated_price() -> None:
    card = a_card(prices=(a_price(estimate=True), a_price("0.00004", unit=PriceUnit.OUTPUT_IMAGE_TOKEN)))

    told = estimate(a_request(), negotiated(card, {card.id: (agreed(),)}), 1)

    assert (told.money, told.is_estimate, told.source) == (dollars("0.01"), True, PROJECT_OVERRIDE)


def test_a_unit_that_the_card_does_not_price_is_added() -> None:
    prices = {"painter/oils": (agreed("0"), agreed("0.003", PriceUnit.MEGAPIXEL))}

    told = estimate(a_request(), negotiated(a_card(), prices), 1)

    assert (told.money, told.is_estimate) == (dollars("0.003145728"), False)


def test_a_cost_names_the_negotiated_price_whatever_is_older() -> None:
    card = a_card(prices=(a_price(), a_price("0.002", unit=PriceUnit.MEGAPIXEL, checked_on=date(2026, 1, 1))))

    told = estimate(a_request(), negotiated(card, {card.id: (agreed(),)}), 1)

    assert (told.source, told.price_checked_on) == (PROJECT_OVERRIDE, date(2026, 1, 1))


def test_a_job_is_billed_by_the_prices_it_was_accepted_under() -> None:
    made = an_attempt(outcome=Outcome.SUCCEEDED, usage=Usage(quantities={PriceUnit.IMAGE: Decimal(1)}))
    job = a_job(attempts=(made,))

    before = cost_of_job(job, (a_card(),))
    after = cost_of_job(replace(job, prices={"painter/oils": (agreed(),)}), (a_card(),))

    assert before is not None
    assert after is not None
    assert (before.money, after.money) == (dollars("0.04"), dollars("0.01"))
    assert after.source == PROJECT_OVERRIDE


def test_a_job_keeps_only_the_prices_of_its_route() -> None:
    route = Route(targets=(a_target(),), candidates=())
    prices = {"painter/oils": (agreed(),), "painter/inks": (agreed(),)}

    assert prices_on(route, prices) == {"painter/oils": (agreed(),)}
    assert prices_on(route, {}) == {}


def test_a_model_can_be_billed_by_what_its_provider_counts_and_by_what_we_count() -> None:
    units = billable_units(a_card(prices=(a_price(unit=PriceUnit.CREDIT),)))

    assert PriceUnit.CREDIT in units
    assert {PriceUnit.IMAGE, PriceUnit.MEGAPIXEL, PriceUnit.STEP} <= units
    assert PriceUnit.OUTPUT_IMAGE_TOKEN not in units
