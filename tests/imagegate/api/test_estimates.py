"""The body of an estimate: a generation's, or the average of a month, with money that never is a float."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.api.estimates import EstimateBody
from imagegate.api.requests import read_body
from imagegate.domain.errors import InvalidRequestError, InvalidValueError, MissingParameterError
from imagegate.domain.estimate import ModelChoice
from imagegate.domain.monthly import MonthlyPlan
from imagegate.domain.request import Operation, Size
from imagegate.domain.selfhosted import MachinePrice, SelfHosted

BOX = MachinePrice(
    name="box", gpu="one", hourly_price=Decimal("2.80"), currency="USD", source="s", checked_on=date(2026, 8, 17)
)
MACHINES = {"box": BOX}
OWN = {"images_per_second": 0.2, "utilization": "0.5", "engineer_days_per_week": 0.5, "engineer_day_price": 700}


def read(**fields: Any) -> EstimateBody:
    return read_body(EstimateBody, json.dumps(fields))


def test_one_request_is_a_generations_body_whose_prompt_may_be_left_out() -> None:
    body = read(size="1024x512", n=3, steps=20)

    assert body.plan(MACHINES) is None
    assert body.choice() == ModelChoice()
    request = body.request()
    assert (request.prompt, request.size, request.count, request.steps) == ("", Size(1024, 512), 3, 20)
    assert request.operation is Operation.GENERATE


@pytest.mark.parametrize(
    ("fields", "operation", "images", "has_mask"),
    [
        ({"images": [{"file_id": "f"}, {"file_id": "g"}]}, Operation.EDIT, 2, False),
        ({"images": [{"file_id": "f"}], "mask": {"file_id": "m"}}, Operation.EDIT, 1, True),
        ({"mask": {"file_id": "m"}}, Operation.EDIT, 1, True),
        ({"operation": "upscale"}, Operation.UPSCALE, 1, False),
    ],
)
def test_pictures_are_counted_and_never_read(
    fields: dict[str, Any], operation: Operation, images: int, has_mask: bool
) -> None:
    request = read(**fields).request()

    assert (request.operation, len(request.input_images), request.mask is not None) == (operation, images, has_mask)


def test_to_generate_takes_no_pictures() -> None:
    with pytest.raises(InvalidValueError, match="takes no pictures"):
        read(operation="generate", images=[{"file_id": "f"}]).request()


def test_models_are_named_beside_the_request_or_by_it() -> None:
    assert read(models=["a/b", "c/d"], model="e/f").choice().models == ("a/b", "c/d")
    assert read(model="e/f").choice().models == ()
    assert read(model="e/f").request().model == "e/f"
    assert read(configured="yes").choice().only_configured


def test_a_month_is_a_volume_of_average_images() -> None:
    body = read(images_per_day=1000, megapixels=1.5, steps=30, monthly_fixed_costs={"a/b": "99.90"})

    assert body.plan(MACHINES) == MonthlyPlan(images_per_day=1000, days=30, fixed={"a/b": Decimal("99.90")})
    assert body.megapixels == Decimal("1.5")
    assert body.request().steps == 30


def test_self_hosting_takes_the_price_of_a_machine_that_is_known_or_of_ones_own() -> None:
    known = read(images_per_day=1, days=7, self_hosted={"machine": "box", **OWN}).plan(MACHINES)
    given_price = read(
        images_per_day=1, self_hosted={"machine": "mine", "gpu_hourly_price": 0.1, "gpus": 2, "peak_factor": 3, **OWN}
    ).plan(MACHINES)

    assert known is not None
    assert given_price is not None
    assert known.self_hosted == SelfHosted(
        gpu_hourly_price=Decimal("2.80"),
        images_per_second=Decimal("0.2"),
        utilization=Decimal("0.5"),
        engineer_days_per_week=Decimal("0.5"),
        engineer_day_price=Decimal(700),
        machine=BOX,
    )
    assert given_price.self_hosted is not None
    assert given_price.self_hosted.gpu_hourly_price == Decimal("0.1")
    assert (given_price.self_hosted.gpus, given_price.self_hosted.machine) == (2, None)


@pytest.mark.parametrize("machine", [{}, {"machine": "another"}])
def test_a_price_that_nobody_knows_must_be_given(machine: dict[str, str]) -> None:
    with pytest.raises(MissingParameterError, match="box") as refused:
        read(images_per_day=1, self_hosted={**machine, **OWN}).plan(MACHINES)

    assert refused.value.param == "self_hosted.gpu_hourly_price"


@pytest.mark.parametrize(
    "fields",
    [{"megapixels": 1}, {"days": 30}, {"self_hosted": {"machine": "box", **OWN}}, {"monthly_fixed_costs": {}}],
)
def test_what_belongs_to_a_month_needs_a_volume(fields: dict[str, Any]) -> None:
    with pytest.raises(MissingParameterError) as refused:
        read(**fields).plan(MACHINES)

    assert refused.value.param == "images_per_day"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"megapixels": 1, "size": "512x512"}, "megapixels"),
        ({"megapixels": 1, "aspect_ratio": "1:1"}, "megapixels"),
        ({"n": 2}, "n"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        read(images_per_day=5, **fields).plan(MACHINES)

    assert refused.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"images_per_day": 0}, "images_per_day"),
        ({"images_per_day": 1.5}, "images_per_day"),
        ({"images_per_day": 1, "days": 400}, "days"),
        ({"images_per_day": 1, "megapixels": "NaN"}, "megapixels"),
        ({"images_per_day": 1, "megapixels": True}, "megapixels"),
        ({"models": []}, "models"),
        ({"images_per_day": 1, "monthly_fixed_costs": {"a/b": -1}}, "monthly_fixed_costs.a/b"),
        ({"images_per_day": 1, "self_hosted": {**OWN, "utilization": 1.1}}, "self_hosted.utilization"),
        ({"images_per_day": 1, "self_hosted": {**OWN, "images_per_second": 0}}, "self_hosted.images_per_second"),
        ({"images_per_day": 1, "self_hosted": {"machine": "box"}}, "self_hosted.images_per_second"),
        ({"volume": 1}, "volume"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read(**fields)

    assert refused.value.param == param


@given(st.decimals(min_value=0, max_value=10_000, places=6))
def test_a_number_and_its_text_are_the_same_amount(amount: Decimal) -> None:
    as_text = read_body(EstimateBody, f'{{"monthly_fixed_costs": {{"a/b": "{amount:f}"}}}}')
    as_number = read_body(EstimateBody, f'{{"monthly_fixed_costs": {{"a/b": {amount:f}}}}}')

    assert as_text.monthly_fixed_costs["a/b"] == as_number.monthly_fixed_costs["a/b"] == amount
