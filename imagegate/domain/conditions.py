"""Conditions: how targets fare just now, as others have observed and not as their cards say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long a model took lately, in seconds: half of its calls at most `p50`, 95 in a hundred `p95`."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhealthy:
    """Why a target should not be tried now, and when it may be again where that is known."""

    reason: str
    retry_after_seconds: int | None = None
