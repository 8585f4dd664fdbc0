"""The catalog: one TOML file a provider with model cards and dated prices, read strictly, as a slip costs money."""

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from imagegate.domain.card import ModelCard, SizeRule
from imagegate.domain.money import PriceRow, PriceUnit
from imagegate.domain.request import Background, Operation, OutputFormat, Quality, Size


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Sizes(_Row):
    default: str
    allowed: list[str] = []
    min_side: int = 1
    max_side: int = 0
    multiple_of: int = 1
    max_aspect_ratio: float = 1.0


class _Price(_Row):
    unit: PriceUnit
    # A string, so that no price ever passes through binary floating point.
    amount: str = Field(pattern=r"^\d+(\.\d+)?$")
    currency: str
    source: str
    checked_on: date


class _Model(_Row):
    name: str
    version: str
    display_name: str
    released_on: date
    operations: frozenset[Operation]
    sizes: _Sizes
    max_count: int
    max_prompt_characters: int
    output_formats: frozenset[OutputFormat]
    backgrounds: frozenset[Background]
    qualities: frozenset[Quality]
    has_seed: bool
    has_negative_prompt: bool
    notice: str | None = None
    prices: list[_Price] = Field(min_length=1)


class _File(_Row):
    models: list[_Model] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class TomlCatalog:
    """`Catalog` over the files of the configured providers, in their order."""

    provider_ids: tuple[str, ...]

    def cards(self) -> tuple[ModelCard, ...]:
        """Return every card of the configured providers."""
        return tuple(card for provider_id in self.provider_ids for card in read_cards(provider_id))

    def card(self, model_id: str) -> ModelCard:
        """Return the card with this id, which a route has found here before."""
        return next(card for card in self.cards() if card.id == model_id)


@cache
def read_cards(provider_id: str) -> tuple[ModelCard, ...]:
    """Read the catalog file of one provider."""
    return read_text(provider_id, files(__package__).joinpath(f"{provider_id}.toml").read_text(encoding="utf-8"))


def read_text(provider_id: str, text: str) -> tuple[ModelCard, ...]:
    """Read the cards of one provider from TOML."""
    return tuple(_card(provider_id, model) for model in _File.model_validate(tomllib.loads(text)).models)


def _card(provider_id: str, model: _Model) -> ModelCard:
    return ModelCard(
        provider=provider_id,
        name=model.name,
        version=model.version,
        display_name=model.display_name,
        released_on=model.released_on,
        operations=model.operations,
        sizes=_sizes(model.sizes),
        max_count=model.max_count,
        max_prompt_characters=model.max_prompt_characters,
        output_formats=model.output_formats,
        backgrounds=model.backgrounds,
        qualities=model.qualities,
        has_seed=model.has_seed,
        has_negative_prompt=model.has_negative_prompt,
        notice=model.notice,
        prices=tuple(_price(price) for price in model.prices),
    )


def _sizes(sizes: _Sizes) -> SizeRule:
    return SizeRule(
        default=_size(sizes.default),
        allowed=tuple(_size(text) for text in sizes.allowed),
        min_side=sizes.min_side,
        max_side=sizes.max_side,
        multiple_of=sizes.multiple_of,
        max_aspect_ratio=sizes.max_aspect_ratio,
    )


def _size(text: str) -> Size:
    size = Size.parse(text)
    if size is None:
        message = f"{text!r} is not WIDTHxHEIGHT"
        raise ValueError(message)
    return size


def _price(price: _Price) -> PriceRow:
    return PriceRow(
        unit=price.unit,
        amount=Decimal(price.amount),
        currency=price.currency,
        source=price.source,
        checked_on=price.checked_on,
    )
