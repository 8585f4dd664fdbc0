"""Model cards told as JSON: OpenAI's model object with what the model can do and costs."""

from datetime import UTC, datetime, time
from typing import Literal

from pydantic import BaseModel

from imagegate.domain.card import ModelCard, Range
from imagegate.domain.money import PriceRow, PriceUnit


class PriceAnswer(BaseModel):
    """One dated price; empty lists mean that it holds for every operation, quality or size."""

    unit: PriceUnit
    amount: str
    currency: str
    source: str
    checked_on: str
    operations: list[str]
    qualities: list[str]
    sizes: list[str]
    is_estimate: bool


class CardAnswer(BaseModel):
    """What the model can do and costs."""

    provider: str
    version: str
    display_name: str
    operations: list[str]
    sizes: str
    default_size: str
    max_count: int
    output_formats: list[str]
    backgrounds: list[str]
    qualities: list[str]
    seed: bool
    negative_prompt: bool
    mask: bool
    max_input_images: int
    steps: list[float] | None
    guidance: list[float] | None
    strength: list[float] | None
    typical_seconds: float
    is_pinned: bool
    is_configured: bool
    released_on: str
    shutdown_on: str | None
    replacement: str | None
    prices: list[PriceAnswer]
    notice: str | None = None


class ModelAnswer(BaseModel):
    """One model in OpenAI's shape, with its card."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    imagegate: CardAnswer


class ModelsAnswer(BaseModel):
    """`GET /v1/models`."""

    object: Literal["list"] = "list"
    data: list[ModelAnswer]


def tell_model(card: ModelCard, *, is_configured: bool = True) -> ModelAnswer:
    """Tell a model card."""
    lifecycle = card.lifecycle
    answer = CardAnswer(
        provider=card.provider,
        version=card.version,
        display_name=card.display_name,
        operations=sorted(card.operations),
        sizes=card.sizes.describe(),
        default_size=str(card.sizes.default),
        max_count=card.max_count,
        output_formats=sorted(card.output_formats),
        backgrounds=sorted(card.backgrounds),
        qualities=sorted(card.qualities),
        seed=card.has_seed,
        negative_prompt=card.has_negative_prompt,
        mask=card.has_mask,
        max_input_images=card.max_input_images,
        steps=_range(card.steps),
        guidance=_range(card.guidance),
        strength=_range(card.strength),
        typical_seconds=card.typical_seconds,
        is_pinned=card.is_pinned,
        is_configured=is_configured,
        released_on=lifecycle.released_on.isoformat(),
        shutdown_on=lifecycle.shutdown_on.isoformat() if lifecycle.shutdown_on else None,
        replacement=lifecycle.replacement,
        prices=[_price(price) for price in card.prices],
        notice=card.notice,
    )
    created = int(datetime.combine(lifecycle.released_on, time(), UTC).timestamp())
    return ModelAnswer(id=card.id, created=created, owned_by=card.provider, imagegate=answer)


def _range(allowed: Range | None) -> list[float] | None:
    return [allowed.minimum, allowed.maximum] if allowed else None


def _price(price: PriceRow) -> PriceAnswer:
    return PriceAnswer(
        unit=price.unit,
        amount=f"{price.amount:f}",
        currency=price.currency,
        source=price.source,
        checked_on=price.checked_on.isoformat(),
        operations=sorted(price.operations),
        qualities=sorted(price.qualities),
        sizes=[str(size) for size in sorted(price.sizes)],
        is_estimate=price.estimate,
    )
