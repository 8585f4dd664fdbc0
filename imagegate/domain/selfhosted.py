"""Self-hosting: what pictures cost on GPUs of one's own, and from which volume on that beats a price per picture.

GPUs are paid by the hour whether they work or not, and in whole numbers, so the cost of a month rises in steps.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil, floor

from imagegate.domain.errors import InvalidValueError

HOURS_IN_A_DAY = 24
SECONDS_IN_A_DAY = 86_400
DAYS_IN_A_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePrice:
    """What a machine with one GPU costs in an hour, who says so, and since when we know it."""

    name: str
    gpu: str
    hourly_price: Decimal
    currency: str
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfHosted:
    """A model on GPUs of one's own.

    `images_per_second` is what one GPU makes when it works, measured; `utilization` is the share of the paid time in
    which it does. `peak_factor` is how much higher the peak is than the average that the GPUs must be enough for;
    without `gpus` there are as many as the volume needs.
    """

    gpu_hourly_price: Decimal
    images_per_second: Decimal
    utilization: Decimal
    engineer_days_per_week: Decimal
    engineer_day_price: Decimal
    electricity_per_hour: Decimal = Decimal(0)
    peak_factor: Decimal = Decimal(1)
    gpus: int | None = None
    machine: MachinePrice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfHostedMonth:
    """What self-hosting costs in a month at a volume."""

    gpus: int
    hours: Decimal
    engineer_days: Decimal
    gpu_cost: Decimal
    electricity_cost: Decimal
    engineer_cost: Decimal
    total: Decimal
    per_image: Decimal


def images_per_gpu_day(model: SelfHosted) -> int:
    """Return how many pictures a day one GPU is enough for.

    Raises:
        InvalidValueError: not even for one.
    """
    images = floor(model.images_per_second * model.utilization * SECONDS_IN_A_DAY / model.peak_factor)
    if images < 1:
        message = "One GPU would make less than one image a day. Check `images_per_second` and `utilization`."
        raise InvalidValueError(message, param="self_hosted.images_per_second")
    return images


def self_hosted_month(model: SelfHosted, images_per_day: int, days: int) -> SelfHostedMonth:
    """Return the cost of a month of so many days.

    Raises:
        InvalidValueError: the GPUs that were given are not enough.
    """
    gpus = _gpus_for(model, images_per_day)
    hours = Decimal(gpus * HOURS_IN_A_DAY * days)
    engineer_days = model.engineer_days_per_week * days / DAYS_IN_A_WEEK
    gpu_cost = hours * model.gpu_hourly_price
    electricity_cost = hours * model.electricity_per_hour
    engineer_cost = engineer_days * model.engineer_day_price
    total = gpu_cost + electricity_cost + engineer_cost
    return SelfHostedMonth(
        gpus=gpus,
        hours=hours,
        engineer_days=engineer_days,
        gpu_cost=gpu_cost,
        electricity_cost=electricity_cost,
        engineer_cost=engineer_cost,
        total=total,
        per_image=total / (images_per_day * days),
    )


def self_hosting_beats(
    model: SelfHosted, price_per_image: Decimal, days: int, fixed: Decimal = Decimal(0)
) -> int | None:
    """Return the smallest number of images a day at which self-hosting costs no more; None where there is none.

    `fixed` is what the other side costs in a month before the first picture. Where another GPU becomes necessary just
    above that volume, self-hosting may be dearer again for a while.
    """
    capacity = images_per_gpu_day(model)
    gpu_month = HOURS_IN_A_DAY * days * (model.gpu_hourly_price + model.electricity_per_hour)
    to_earn = model.engineer_days_per_week * days / DAYS_IN_A_WEEK * model.engineer_day_price - fixed
    saved = price_per_image * days
    # What a busy GPU earns beyond its own cost; so many of them pay for the engineers.
    surplus = saved * capacity - gpu_month
    gpus = model.gpus
    if gpus is None:
        gpus = max(ceil(to_earn / surplus), 1) if surplus > 0 else 1
    cost = gpus * gpu_month + to_earn
    if cost <= 0:
        return 1
    if not saved or cost > saved * capacity * gpus:
        return None
    return ceil(cost / saved)


def _gpus_for(model: SelfHosted, images_per_day: int) -> int:
    capacity = images_per_gpu_day(model)
    if model.gpus is None:
        return ceil(Decimal(images_per_day) / capacity)
    if images_per_day > model.gpus * capacity:
        message = (
            f"{model.gpus} GPUs make at most {model.gpus * capacity} images a day here, not {images_per_day}. "
            "Give more `gpus`, or leave it out to have them counted."
        )
        raise InvalidValueError(message, param="self_hosted.gpus")
    return model.gpus
