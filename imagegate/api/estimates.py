"""`/v1/estimates`: the body, which is a generation's, or the average one of a month with its volume."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from imagegate.api.generations import GenerationBody
from imagegate.api.requests import AUTO_SIZE, MAX_NAME_CHARACTERS, Body
from imagegate.domain.errors import InvalidValueError, MissingParameterError
from imagegate.domain.estimate import ModelChoice
from imagegate.domain.monthly import MonthlyPlan
from imagegate.domain.request import GenerationRequest, InputImage, Operation
from imagegate.domain.selfhosted import MachinePrice, SelfHosted

MAX_MODELS = 100
MAX_IMAGES_PER_DAY = 1_000_000_000
DEFAULT_DAYS = 30
_MONTHLY_FIELDS = ("megapixels", "days", "monthly_fixed_costs", "self_hosted")
# Nobody has to send a picture to learn what it would cost.
_SOME_PICTURE = InputImage(key="", media_type="image/png", width=0, height=0, sha256="")

# A number or, exact whatever a program's own numbers are, a text; neither passes through a float here.
Amount = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=10, allow_inf_nan=False)]
_Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]


class SelfHostedBody(Body):
    """A model on GPUs of one's own; what one GPU makes is to be measured."""

    machine: _Name | None = Field(
        default=None, description="A SageMaker machine whose dated price is known here, such as `ml.g6e.2xlarge`."
    )
    gpu_hourly_price: Amount | None = Field(
        default=None, description="What one GPU costs in an hour, in USD; required unless `machine` is known here."
    )
    images_per_second: Amount = Field(gt=0, description="What one GPU makes while it works, measured.")
    utilization: Amount = Field(gt=0, le=1, description="The share of the paid time in which it works.")
    electricity_per_hour: Amount = Field(default=Decimal(0), description="For one GPU, in USD; 0 on a cloud.")
    engineer_days_per_week: Amount = Field(le=1000, description="What it takes to run the model.")
    engineer_day_price: Amount = Field(description="In USD.")
    gpus: int | None = Field(
        default=None, ge=1, le=100_000, description="As many as the volume needs, unless told otherwise."
    )
    peak_factor: Amount = Field(
        default=Decimal(1), ge=1, le=1000, description="How much higher the peak is than the average."
    )

    def to_domain(self, machines: Mapping[str, MachinePrice]) -> SelfHosted:
        """Return it with a price for the GPU.

        Raises:
            MissingParameterError: no price is given and none is known.
        """
        machine = None if self.gpu_hourly_price is not None else machines.get(self.machine or "")
        price = machine.hourly_price if machine is not None else self.gpu_hourly_price
        if price is None:
            message = (
                "Send `self_hosted.gpu_hourly_price`, or name a `machine` whose price is known here: "
                f"{', '.join(sorted(machines))}."
            )
            raise MissingParameterError(message, param="self_hosted.gpu_hourly_price")
        return SelfHosted(
            gpu_hourly_price=price,
            images_per_second=self.images_per_second,
            utilization=self.utilization,
            engineer_days_per_week=self.engineer_days_per_week,
            engineer_day_price=self.engineer_day_price,
            electricity_per_hour=self.electricity_per_hour,
            peak_factor=self.peak_factor,
            gpus=self.gpus,
            machine=machine,
        )


class EstimateBody(GenerationBody):
    """`POST /v1/estimates`: a generation's body, whose prompt and pictures may be left out.

    With `images_per_day` it is the average image of a month, and one row says what the month costs.
    """

    models: list[_Name] | None = Field(
        default=None, min_length=1, max_length=MAX_MODELS, description="Compare these alone, by `provider/model`."
    )
    configured: Literal["yes", "any"] = Field(
        default="any", description="`yes` leaves out models whose provider has no credentials here."
    )
    images_per_day: int | None = Field(default=None, ge=1, le=MAX_IMAGES_PER_DAY)
    megapixels: Amount | None = Field(
        default=None, gt=0, le=100, description="The average image, in the place of `size`."
    )
    days: int = Field(default=DEFAULT_DAYS, ge=1, le=366, description="How many days the month has.")
    monthly_fixed_costs: dict[_Name, Amount] = Field(
        default={}, max_length=MAX_MODELS, description="What models cost in a month before the first image, in USD."
    )
    self_hosted: SelfHostedBody | None = None

    def choice(self) -> ModelChoice:
        """Return which models are compared, where `models` or `configured` says so."""
        return ModelChoice(models=tuple(self.models or ()), only_configured=self.configured == "yes")

    def request(self) -> GenerationRequest:
        """Return the request, with as many pictures as it would have."""
        operation = self.operation or (Operation.EDIT if self.images or self.mask else Operation.GENERATE)
        if operation is Operation.GENERATE:
            if self.images or self.mask:
                message = "The operation `generate` takes no pictures. Send another, or leave the pictures out."
                raise InvalidValueError(message, param="operation")
            return self.to_request(operation)
        return replace(
            self.to_request(operation),
            input_images=(_SOME_PICTURE,) * max(len(self.images), 1),
            mask=_SOME_PICTURE if self.mask else None,
        )

    def plan(self, machines: Mapping[str, MachinePrice]) -> MonthlyPlan | None:
        """Return the volume; None where one request is meant.

        Raises:
            InvalidRequestError: fields are missing, or do not go together.
        """
        if self.images_per_day is None:
            foreign = next((name for name in _MONTHLY_FIELDS if name in self.model_fields_set), None)
            if foreign is not None:
                message = f"`{foreign}` belongs to the estimate of a month. Send `images_per_day` with it."
                raise MissingParameterError(message, param="images_per_day")
            return None
        if self.megapixels is not None and (self.size not in {None, AUTO_SIZE} or self.aspect_ratio is not None):
            raise InvalidValueError("Send `size`, `aspect_ratio` or `megapixels`, only one.", param="megapixels")
        if self.n not in {None, 1}:
            raise InvalidValueError("`images_per_day` counts images. Leave `n` out.", param="n")
        return MonthlyPlan(
            images_per_day=self.images_per_day,
            days=self.days,
            fixed=self.monthly_fixed_costs,
            self_hosted=self.self_hosted.to_domain(machines) if self.self_hosted else None,
        )
