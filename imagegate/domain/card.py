"""Model and provider cards: the facts a request is checked against before any money is spent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from imagegate.domain.money import PriceRow
from imagegate.domain.request import Background, Operation, OutputFormat, Quality, Size, parse_aspect_ratio

# Two sizes have the same shape when their ratios differ by no more than this: providers round sides to multiples of
# 64, so that what they call 21:9 is 1536x640.
_RATIO_TOLERANCE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """Which sizes a model makes.

    Either a range of sides (`max_side` above zero), or a list; with neither, the size follows from the input image. A
    provider that takes an aspect ratio or a preset in place of pixels has a list with `labels`: the provider's word for
    each size. With `is_adaptable` a size that is not on the list is made at the listed size of the same shape, with a
    warning.
    """

    default: Size
    allowed: tuple[Size, ...] = ()
    labels: Mapping[Size, str] = field(default_factory=dict)
    is_adaptable: bool = False
    min_side: int = 1
    max_side: int = 0
    multiple_of: int = 1
    max_aspect_ratio: float = 1.0
    min_pixels: int = 0
    max_pixels: int | None = None

    def allows(self, size: Size) -> bool:
        """Tell whether the model makes pictures of exactly this size."""
        if self.allowed:
            return size in self.allowed
        sides = (size.width, size.height)
        return (
            all(self.min_side <= side <= self.max_side and side % self.multiple_of == 0 for side in sides)
            and size.aspect_ratio <= self.max_aspect_ratio
            and self.min_pixels <= size.pixels
            and (self.max_pixels is None or size.pixels <= self.max_pixels)
        )

    def nearest(self, size: Size) -> Size | None:
        """Return the listed size of the same shape that is closest in pixels, where the rule may adapt."""
        if not self.is_adaptable:
            return None
        same_shape = [one for one in self.allowed if _has_ratio(one, size.width / size.height)]
        return min(same_shape, key=lambda one: abs(one.pixels - size.pixels), default=None)

    def of_ratio(self, aspect_ratio: str) -> Size | None:
        """Return the size for an aspect ratio: from the list, or about as many pixels as the default has."""
        ratio = parse_aspect_ratio(aspect_ratio)
        if ratio is None:
            return None
        listed = [one for one in self.allowed if _has_ratio(one, ratio)]
        if self.allowed:
            return min(listed, key=lambda one: abs(one.pixels - self.default.pixels), default=None)
        sizes = (self._computed(ratio, steps) for steps in (0, -1, 1))
        return next((size for size in sizes if self.allows(size) and _has_ratio(size, ratio)), None)

    def describe(self) -> str:
        """Say in one clause which sizes are possible, for an error message."""
        if not self.allowed and self.max_side == 0:
            return "nothing else than what follows from the input image"
        if self.allowed:
            sizes = ", ".join(str(size) for size in self.allowed)
            return f"one of {sizes}" + (", or another size of the same shape as one of them" * self.is_adaptable)
        return (
            f"WIDTHxHEIGHT with both sides from {self.min_side} to {self.max_side}, divisible by {self.multiple_of}, "
            f"and an aspect ratio of at most {self.max_aspect_ratio:g}:1{self._describe_pixels()}"
        )

    def _describe_pixels(self) -> str:
        least = f", at least {self.min_pixels} pixels" if self.min_pixels else ""
        return least + (f", at most {self.max_pixels} pixels" if self.max_pixels else "")

    def _computed(self, ratio: float, steps: int) -> Size:
        # As many pixels as the default has, or fewer where a side would be too long. The shorter side is rounded first,
        # so that the shape stays near; on a coarse grid a step more or less may come nearer.
        longer_over_shorter = max(ratio, 1 / ratio)
        side = min((self.default.pixels / longer_over_shorter) ** 0.5, self.max_side / longer_over_shorter)
        shorter = self._side(side + steps * self.multiple_of)
        longer = self._side(shorter * longer_over_shorter)
        return Size(longer, shorter) if ratio > 1 else Size(shorter, longer)

    def _side(self, length: float) -> int:
        rounded = round(length / self.multiple_of) * self.multiple_of
        return min(max(rounded, self.min_side), self.max_side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An inclusive range of numbers."""

    minimum: float
    maximum: float

    def holds(self, value: float) -> bool:
        """Tell whether a value lies inside."""
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """When a model came and goes; a date that was not announced is None."""

    released_on: date
    shutdown_on: date | None = None
    replacement: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one model of one provider can do and costs; a feature without a range or set is not offered."""

    provider: str
    name: str
    # What the provider itself is told; a dated or hashed id where it has one.
    version: str
    display_name: str
    lifecycle: Lifecycle
    operations: frozenset[Operation]
    sizes: SizeRule
    max_count: int
    # Where a provider makes fewer at a time, a request becomes several calls.
    images_per_call: int
    max_prompt_characters: int
    output_formats: frozenset[OutputFormat]
    backgrounds: frozenset[Background]
    qualities: frozenset[Quality]
    prices: tuple[PriceRow, ...]
    default_format: OutputFormat = OutputFormat.PNG
    default_quality: Quality = Quality.AUTO
    has_compression: bool = False
    has_seed: bool = False
    has_negative_prompt: bool = False
    has_mask: bool = False
    max_input_images: int = 0
    steps: Range | None = None
    guidance: Range | None = None
    strength: Range | None = None
    typical_seconds: float = 10.0
    is_pinned: bool = False
    # It draws only what it was made to show, so that no strategy prefers it to a model for every purpose.
    is_demo: bool = False
    notice: str | None = None

    @property
    def id(self) -> str:
        """The id a request names: `provider/model`."""
        return f"{self.provider}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCard:
    """What is known of a provider as a whole, and how an operator configures it."""

    id: str
    display_name: str
    documentation: str
    # None where every deployment has its own address.
    base_url: str | None
    # Alternatives: the provider is configured when its secret has all fields of one of them; none are needed if empty.
    secret_fields: tuple[tuple[str, ...], ...]
    # Fields that a secret may have beside those of any alternative, such as the one that checks callbacks.
    optional_secret_fields: tuple[str, ...] = ()
    # Settings that are not secret but without which there is no address or account, such as a project or region.
    setting_fields: tuple[str, ...]
    # Settings that an operator may add, such as the name of a deployment.
    optional_setting_fields: tuple[str, ...] = ()
    # Hosts besides that of the base address to which credentials may go; a leading dot takes every host below.
    credential_hosts: tuple[str, ...]
    is_async: bool
    has_webhook: bool
    has_batch: bool
    auth: str


def _has_ratio(size: Size, ratio: float) -> bool:
    return _same_ratio(size.width / size.height, ratio)


def _same_ratio(one: float, other: float) -> bool:
    return abs(one - other) <= _RATIO_TOLERANCE * other
