"""Reads and checks the function's event; every mistake becomes an `InvalidRequestError` whose message names the key."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SEEDS = 2**32
_FORMATS = ("png", "jpeg", "webp")


class InvalidRequestError(ValueError):
    """The event cannot be served as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A checked event; `steps` and `guidance` stay open so that the model's defaults apply."""

    prompt: str
    negative_prompt: str | None
    width: int
    height: int
    count: int
    seed: int
    steps: int | None
    guidance: float | None
    output_format: str
    output_compression: int | None

    @property
    def seeds(self) -> list[int]:
        """One seed per image."""
        return [(self.seed + index) % SEEDS for index in range(self.count)]


def parse_event(event: Mapping[str, Any]) -> Request:
    """The request in an event; missing optional keys take their defaults."""
    if not isinstance(event, Mapping):
        raise InvalidRequestError("the event must be an object")
    seed = _whole(event, "seed", 0, SEEDS - 1, None)
    return Request(
        prompt=_required_text(event, "prompt"),
        negative_prompt=_text(event, "negative_prompt"),
        width=_side(event, "width"),
        height=_side(event, "height"),
        count=_whole(event, "count", 1, 4, 1) or 1,
        seed=secrets.randbelow(SEEDS) if seed is None else seed,
        steps=_whole(event, "steps", 1, 50, None),
        guidance=_number(event, "guidance", 0.0, 10.0),
        output_format=_format(event),
        output_compression=_whole(event, "output_compression", 0, 100, None),
    )


def _text(event: Mapping[str, Any], key: str) -> str | None:
    value = event.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(f"{key} must be a string")
    return value


def _required_text(event: Mapping[str, Any], key: str) -> str:
    value = _text(event, key)
    if value is None:
        raise InvalidRequestError(f"{key} is required")
    return value


def _whole(event: Mapping[str, Any], key: str, low: int, high: int, default: int | None) -> int | None:
    value = event.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidRequestError(f"{key} must be a whole number from {low} to {high}")
    return value


def _side(event: Mapping[str, Any], key: str) -> int:
    value = _whole(event, key, 128, 1024, 1024) or 1024
    if value % 8:
        raise InvalidRequestError(f"{key} must be a multiple of 8")
    return value


def _number(event: Mapping[str, Any], key: str, low: float, high: float) -> float | None:
    value = event.get(key)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        raise InvalidRequestError(f"{key} must be a number from {low:g} to {high:g}")
    return float(value)


def _format(event: Mapping[str, Any]) -> str:
    value = event.get("output_format")
    if value is None:
        return "png"
    if value not in _FORMATS:
        raise InvalidRequestError(f"output_format must be one of {', '.join(_FORMATS)}")
    return str(value)
