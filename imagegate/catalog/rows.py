"""The rows of catalog files, strict about every key, and how they become cards."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from imagegate.domain.card import Lifecycle, ModelCard, ProviderCard, Range, SizeRule
from imagegate.domain.money import PriceRow, PriceUnit
from imagegate.domain.request import Background, Operation, OutputFormat, Quality, Size


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _check_size(text: str) -> str:
    if Size.parse(text) is None:
        message = f"{text!r} is not WIDTHxHEIGHT"
        raise ValueError(message)
    return text


SizeText = Annotated[str, AfterValidator(_check_size)]
RangeRow = Annotated[list[float], Field(min_length=2, max_length=2)]


class ProviderRow(_Row):
    """`[provider]`."""

    display_name: str
    documentation: str
    base_url: str | None = None
    secret_fields: list[list[str]] = []
    optional_secret_fields: list[str] = []
    setting_fields: list[str] = []
    optional_setting_fields: list[str] = []
    credential_hosts: list[str] = []
    is_async: bool
    has_webhook: bool
    has_batch: bool
    auth: str

    def to_domain(self, provider_id: str) -> ProviderCard:
        """Return the card."""
        return ProviderCard(
            id=provider_id,
            display_name=self.display_name,
            documentation=self.documentation,
            base_url=self.base_url,
            secret_fields=tuple(tuple(fields) for fields in self.secret_fields),
            optional_secret_fields=tuple(self.optional_secret_fields),
            setting_fields=tuple(self.setting_fields),
            optional_setting_fields=tuple(self.optional_setting_fields),
            credential_hosts=tuple(self.credential_hosts),
            is_async=self.is_async,
            has_webhook=self.has_webhook,
            has_batch=self.has_batch,
            auth=self.auth,
        )


class SizesRow(_Row):
    """`[models.sizes]`: `labels` maps each size to the provider's word for it and implies the list of sizes."""

    default: SizeText
    allowed: list[SizeText] = []
    labels: dict[SizeText, str] = {}
    is_adaptable: bool = False
    min_side: int = 1
    max_side: int = 0
    multiple_of: int = 1
    max_aspect_ratio: float = 1.0
    min_pixels: int = 0
    max_pixels: int | None = None

    def to_domain(self) -> SizeRule:
        """Return the rule."""
        allowed = tuple(_size(text) for text in (self.allowed or self.labels))
        return SizeRule(
            default=_size(self.default),
            allowed=allowed,
            labels={_size(text): label for text, label in self.labels.items()},
            is_adaptable=self.is_adaptable,
            min_side=self.min_side,
            max_side=self.max_side,
            multiple_of=self.multiple_of,
            max_aspect_ratio=self.max_aspect_ratio,
            min_pixels=self.min_pixels,
            max_pixels=self.max_pixels,
        )


class PriceRowText(_Row):
    """`[[models.prices]]`."""

    unit: PriceUnit
    # A string, so that no price ever passes through binary floating point.
    amount: str = Field(pattern=r"^\d+(\.\d+)?$")
    currency: str = "USD"
    source: str
    checked_on: date
    operations: frozenset[Operation] = frozenset()
    qualities: frozenset[Quality] = frozenset()
    sizes: list[SizeText] = []
    estimate: bool = False

    def to_domain(self) -> PriceRow:
        """Return the row."""
        return PriceRow(
            unit=self.unit,
            amount=Decimal(self.amount),
            currency=self.currency,
            source=self.source,
            checked_on=self.checked_on,
            operations=self.operations,
            qualities=self.qualities,
            sizes=frozenset(_size(text) for text in self.sizes),
            estimate=self.estimate,
        )


class ModelRow(_Row):
    """`[[models]]`."""

    name: str
    version: str
    display_name: str
    released_on: date
    shutdown_on: date | None = None
    replacement: str | None = None
    lifecycle_source: str = ""
    operations: frozenset[Operation]
    sizes: SizesRow
    max_count: int = Field(ge=1)
    images_per_call: int = Field(ge=1)
    max_prompt_characters: int
    output_formats: frozenset[OutputFormat]
    backgrounds: frozenset[Background] = frozenset({Background.OPAQUE})
    qualities: frozenset[Quality] = frozenset()
    default_format: OutputFormat = OutputFormat.PNG
    default_quality: Quality = Quality.AUTO
    has_compression: bool = False
    has_seed: bool = False
    has_negative_prompt: bool = False
    has_mask: bool = False
    max_input_images: int = 0
    steps: RangeRow | None = None
    guidance: RangeRow | None = None
    strength: RangeRow | None = None
    typical_seconds: float = 10.0
    is_pinned: bool = False
    is_demo: bool = False
    notice: str | None = None
    prices: list[PriceRowText] = Field(min_length=1)

    def to_domain(self, provider_id: str) -> ModelCard:
        """Return the card; fields of the same name are taken over as they are."""
        same = self.model_dump(
            exclude={
                "released_on",
                "shutdown_on",
                "replacement",
                "lifecycle_source",
                "sizes",
                "steps",
                "guidance",
                "strength",
                "prices",
            }
        )
        return ModelCard(
            provider=provider_id,
            lifecycle=Lifecycle(
                released_on=self.released_on,
                shutdown_on=self.shutdown_on,
                replacement=self.replacement,
                source=self.lifecycle_source,
            ),
            sizes=self.sizes.to_domain(),
            steps=_range(self.steps),
            guidance=_range(self.guidance),
            strength=_range(self.strength),
            prices=tuple(price.to_domain() for price in self.prices),
            **same,
        )


class FileRow(_Row):
    """A whole file."""

    provider: ProviderRow
    models: list[ModelRow] = Field(min_length=1)


def _size(text: str) -> Size:
    size = Size.parse(text)
    assert size is not None  # noqa: S101 - checked by SizeText
    return size


def _range(pair: list[float] | None) -> Range | None:
    return Range(minimum=pair[0], maximum=pair[1]) if pair else None
