"""Answers of `/v1/estimates`: a row for each model, from the cheapest up, with the dated prices it is made of."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

from imagegate.api.estimates import EstimateBody
from imagegate.api.operations import Json, body_of, operation, schema_of
from imagegate.api.responses import WarningAnswer
from imagegate.domain.estimate import Estimate, Estimates
from imagegate.domain.money import Charge, PriceUnit
from imagegate.domain.monthly import Month, MonthlyEstimate, MonthlyPlan
from imagegate.domain.selfhosted import SelfHosted, SelfHostedMonth

SELF_HOSTED = "self-hosted"
_GIVEN = "given in the request"
_CURRENCY = "USD"
_MOST_DECIMALS = Decimal("0.000000000001")
_UNITS = {
    PriceUnit.IMAGE: "per_image",
    PriceUnit.INPUT_IMAGE: "per_input_image",
    PriceUnit.MEGAPIXEL: "per_megapixel",
    PriceUnit.EXTRA_MEGAPIXEL: "per_megapixel",
    PriceUnit.STEP: "per_step",
    PriceUnit.SECOND: "per_second",
    PriceUnit.CREDIT: "per_credit",
    PriceUnit.INPUT_TEXT_TOKEN: "per_token",
    PriceUnit.INPUT_IMAGE_TOKEN: "per_token",
    PriceUnit.OUTPUT_TEXT_TOKEN: "per_token",
    PriceUnit.OUTPUT_IMAGE_TOKEN: "per_token",
}


class EstimateLineAnswer(BaseModel):
    """One price times how much of its unit is used."""

    unit: str
    quantity: str
    unit_price: str
    amount: str
    price_checked_on: str | None = None
    source: str
    is_estimate: bool


class EstimateAnswer(BaseModel):
    """What a request costs at one model; `price_units` are all that the model is billed by, exact or estimated."""

    object: Literal["estimate"] = "estimate"
    model: str
    provider: str
    is_configured: bool
    amount: str
    currency: str
    breakdown: list[EstimateLineAnswer]
    price_units: list[str]
    price_checked_on: str | None = None
    source: str
    is_estimate: bool
    size: str | None = None
    expected_seconds: float | None = None
    shutdown_on: str | None = None
    warnings: list[WarningAnswer] = []


class BreakEvenAnswer(BaseModel):
    """From how many images a day on the row's model costs no more than this one; null where it never does."""

    model: str
    images_per_day: int | None


class MonthlyEstimateAnswer(EstimateAnswer):
    """What a month costs: `amount` is the whole month's, `per_image` its share for one image."""

    images_per_month: int
    per_image: str
    monthly_fixed_cost: str
    self_hosted_from_images_per_day: int | None = None
    break_even: list[BreakEvenAnswer] = []
    gpus: int | None = None


class SkippedAnswer(BaseModel):
    """A model that cannot do what was asked, and why."""

    model: str
    reason: str


class EstimatesAnswer(BaseModel):
    """`POST /v1/estimates`."""

    object: Literal["list"] = "list"
    data: list[MonthlyEstimateAnswer] | list[EstimateAnswer]
    skipped: list[SkippedAnswer]


ANSWERS: tuple[type[BaseModel], ...] = (EstimatesAnswer,)
BODIES: tuple[type[BaseModel], ...] = (EstimateBody,)


def tell_estimates(estimates: Estimates, configured: frozenset[str]) -> EstimatesAnswer:
    """Tell what one request costs."""
    rows = [EstimateAnswer(**_common(one, configured, Decimal(1))) for one in estimates.found]
    return EstimatesAnswer(data=rows, skipped=_skipped(estimates))


def tell_month(month: Month, estimates: Estimates, configured: frozenset[str], plan: MonthlyPlan) -> EstimatesAnswer:
    """Tell what a month costs, with self-hosting in its place among the models."""
    rows = [(row.total, _monthly(row, configured, plan)) for row in month.rows]
    if month.self_hosted is not None and plan.self_hosted is not None:
        rows.append((month.self_hosted.total, _self_hosted(month.self_hosted, plan.self_hosted, plan)))
    rows.sort(key=lambda row: (row[0], row[1].model))
    return EstimatesAnswer(data=[answer for _, answer in rows], skipped=_skipped(estimates))


def estimate_paths() -> Json:
    """Return the description of the path."""
    return {
        "/v1/estimates": {
            "post": operation(
                operation_id="createEstimate",
                summary="Compare what a request, or a month of requests, would cost at each model; nothing is made.",
                answer=schema_of(EstimatesAnswer),
                errors=("400", "404", "413"),
                requestBody=body_of(EstimateBody),
            )
        }
    }


def _common(one: Estimate, configured: frozenset[str], times: Decimal) -> Json:
    cost, card = one.cost, one.card
    return {
        "model": card.id,
        "provider": card.provider,
        "is_configured": card.id in configured,
        "amount": _text(cost.money.amount * times),
        "currency": cost.money.currency,
        "breakdown": [_line(charge, times) for charge in one.charges],
        "price_units": sorted({_UNITS[row.unit] for row in card.prices}),
        "price_checked_on": cost.price_checked_on.isoformat(),
        "source": cost.source,
        "is_estimate": cost.is_estimate,
        "size": str(one.size) if one.size else None,
        "expected_seconds": card.typical_seconds,
        "shutdown_on": card.lifecycle.shutdown_on.isoformat() if card.lifecycle.shutdown_on else None,
        "warnings": [WarningAnswer(type=w.type, message=w.message, param=w.param) for w in one.warnings],
    }


def _monthly(row: MonthlyEstimate, configured: frozenset[str], plan: MonthlyPlan) -> MonthlyEstimateAnswer:
    lines = [_line(charge, Decimal(plan.images)) for charge in row.image.charges]
    if row.fixed:
        lines.append(_given_line("month", Decimal(1), row.fixed))
    common = _common(row.image, configured, Decimal(plan.images)) | {"amount": _text(row.total), "breakdown": lines}
    return MonthlyEstimateAnswer(
        **common,
        images_per_month=plan.images,
        per_image=_text(row.per_image),
        monthly_fixed_cost=_text(row.fixed),
        self_hosted_from_images_per_day=row.self_hosting_from,
        break_even=[BreakEvenAnswer(model=one.model, images_per_day=one.images_per_day) for one in row.break_even],
    )


def _self_hosted(month: SelfHostedMonth, own: SelfHosted, plan: MonthlyPlan) -> MonthlyEstimateAnswer:
    gpu = _given_line("gpu_hour", month.hours, own.gpu_hourly_price)
    if own.machine is not None:
        gpu.source = f"{own.machine.name} ({own.machine.gpu}): {own.machine.source}"
        gpu.price_checked_on = own.machine.checked_on.isoformat()
    lines = [gpu]
    if own.electricity_per_hour:
        lines.append(_given_line("electricity_hour", month.hours, own.electricity_per_hour))
    lines.append(_given_line("engineer_day", month.engineer_days, own.engineer_day_price))
    return MonthlyEstimateAnswer(
        model=SELF_HOSTED,
        provider=SELF_HOSTED,
        is_configured=False,
        amount=_text(month.total),
        currency=_CURRENCY,
        breakdown=lines,
        price_units=_bases(lines),
        price_checked_on=gpu.price_checked_on,
        source=gpu.source,
        is_estimate=True,
        images_per_month=plan.images,
        per_image=_text(month.per_image),
        monthly_fixed_cost=_text(month.total),
        gpus=month.gpus,
    )


def _line(charge: Charge, times: Decimal) -> EstimateLineAnswer:
    row = charge.row
    return EstimateLineAnswer(
        unit=row.unit.value,
        quantity=_text(charge.quantity * times),
        unit_price=_text(row.amount),
        amount=_text(charge.cost.money.amount * times),
        price_checked_on=row.checked_on.isoformat(),
        source=row.source,
        is_estimate=row.estimate,
    )


def _given_line(unit: str, quantity: Decimal, price: Decimal) -> EstimateLineAnswer:
    return EstimateLineAnswer(
        unit=unit,
        quantity=_text(quantity),
        unit_price=_text(price),
        amount=_text(quantity * price),
        source=_GIVEN,
        is_estimate=False,
    )


def _bases(lines: Sequence[EstimateLineAnswer]) -> list[str]:
    return sorted(f"per_{line.unit}" for line in lines)


def _skipped(estimates: Estimates) -> list[SkippedAnswer]:
    return [SkippedAnswer(model=one.model, reason=one.reason) for one in estimates.skipped]


def _text(amount: Decimal) -> str:
    """Tell a number without zeros at its end, and with at most twelve decimals: a division would fill the page."""
    exponent = amount.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -12
    text = f"{amount.quantize(_MOST_DECIMALS) if is_long else amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
