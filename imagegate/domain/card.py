"""Model cards: the facts a request is checked against before any money is spent."""

from dataclasses import dataclass
from datetime import date

from imagegate.domain.money import PriceRow
from imagegate.domain.request import Background, Operation, OutputFormat, Quality, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """Which sizes a model makes: a fixed list, or a range of sides with a step and a limit on the aspect ratio."""

    default: Size
    allowed: tuple[Size, ...] = ()
    min_side: int = 1
    max_side: int = 0
    multiple_of: int = 1
    max_aspect_ratio: float = 1.0

    def allows(self, size: Size) -> bool:
        """Tell whether the model makes pictures of this size."""
        if self.allowed:
            return size in self.allowed
        sides = (size.width, size.height)
        return (
            all(self.min_side <= side <= self.max_side and side % self.multiple_of == 0 for side in sides)
            and size.aspect_ratio <= self.max_aspect_ratio
        )

    def describe(self) -> str:
        """Say in one clause which sizes are possible, for an error message."""
        if self.allowed:
            return "one of " + ", ".join(str(size) for size in self.allowed)
        return (
            f"WIDTHxHEIGHT with both sides from {self.min_side} to {self.max_side}, divisible by {self.multiple_of}, "
            f"and an aspect ratio of at most {self.max_aspect_ratio:g}:1"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one model of one provider can do and costs."""

    provider: str
    name: str
    version: str
    display_name: str
    released_on: date
    operations: frozenset[Operation]
    sizes: SizeRule
    max_count: int
    max_prompt_characters: int
    output_formats: frozenset[OutputFormat]
    backgrounds: frozenset[Background]
    qualities: frozenset[Quality]
    has_seed: bool
    has_negative_prompt: bool
    prices: tuple[PriceRow, ...]
    notice: str | None = None

    @property
    def id(self) -> str:
        """The id a request names: `provider/model`."""
        return f"{self.provider}/{self.name}"
