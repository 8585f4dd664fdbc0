"""The fields of a request for pictures that say where it goes: `model`, and what `route` wants of its targets."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from imagegate.domain.filters import Filters
from imagegate.domain.request import MAX_MODELS, split_models

MAX_MODEL_CHARACTERS = 256
MODEL_SHAPES = (
    f"Input should be a name of at most {MAX_MODEL_CHARACTERS} characters, or a list of 1 to {MAX_MODELS} such names"
)
MODEL_DESCRIPTION = (
    "`provider/model`, an alias of the project, `auto`, `cheapest`, `fastest` or `balanced`; or a list of up to "
    f"{MAX_MODELS} of these, also as one text with commas. Without one, what the project prefers."
)
MAX_PROVIDERS = 32
LONGEST_SECONDS = 3600
# At most six digits before the point, so that it is an amount of money and no typing error.
PRICE_PATTERN = r"^[0-9]{1,6}(\.[0-9]{1,12})?$"

_Name = Annotated[str, Field(min_length=1, max_length=MAX_MODEL_CHARACTERS)]
_Names = Annotated[list[_Name], Field(min_length=1, max_length=MAX_MODELS)]
_NamesInText = Annotated[str, Field(max_length=MAX_MODELS * (MAX_MODEL_CHARACTERS + 1))]
_Provider = Annotated[str, Field(min_length=1, max_length=64)]
_Providers = Annotated[list[_Provider], Field(min_length=1, max_length=MAX_PROVIDERS)]


def names_in(model: str | list[str] | None) -> tuple[str, ...]:
    """Return the names in a `model` of either shape, each once."""
    return split_models(model if isinstance(model, str) else ",".join(model or ()))


def _check_model(model: str | list[str] | None) -> str | list[str] | None:
    names = names_in(model)
    is_too_much = len(names) > MAX_MODELS or any(len(name) > MAX_MODEL_CHARACTERS for name in names)
    if is_too_much or (model and not names):
        raise PydanticCustomError("model", MODEL_SHAPES)
    return model


ModelField = Annotated[_NamesInText | _Names | None, AfterValidator(_check_model)]


class RouteBody(BaseModel):
    """What a request wants of its targets; whatever breaks it is no target."""

    model_config = ConfigDict(extra="forbid", strict=True)

    max_price: str | None = Field(
        default=None, pattern=PRICE_PATTERN, description="The most that the request may cost, in US dollars, as text."
    )
    max_seconds: float | None = Field(
        default=None, gt=0, le=LONGEST_SECONDS, description="The longest that its model may usually take."
    )
    providers: _Providers | None = Field(default=None, description="Only these providers.")
    exclude_providers: _Providers | None = Field(default=None, description="None of these providers.")
    require_seed: bool | None = Field(default=None, description="True for models that take a seed only.")
    fallback: bool | None = Field(default=None, description="False to try the first target alone; true by default.")

    @property
    def has_fallback(self) -> bool:
        """Whether another target may be tried where the first one fails."""
        return self.fallback is not False

    def to_filters(self) -> Filters:
        """Return the rest in the domain's terms."""
        return Filters(
            allow=tuple(self.providers or ()),
            deny=tuple(self.exclude_providers or ()),
            max_price=None if self.max_price is None else Decimal(self.max_price),
            max_seconds=self.max_seconds,
            needs_seed=bool(self.require_seed),
        )
