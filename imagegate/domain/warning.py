"""Typed warnings: what was adapted or left out, so that nothing is dropped in silence."""

from dataclasses import dataclass
from enum import StrEnum


class WarningType(StrEnum):
    """How a wish and the result differ."""

    UNSUPPORTED = "unsupported"
    ADJUSTED = "adjusted"
    DEPRECATED = "deprecated"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWarning:
    """One difference between what was asked and what was done; `param` names the request field."""

    type: WarningType
    message: str
    param: str | None = None
