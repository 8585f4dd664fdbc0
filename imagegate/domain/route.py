"""Routes: the ordered targets for a request, with the reason why each candidate was taken or skipped."""

from dataclasses import dataclass, replace

from imagegate.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model that was considered: what it would cost and how long it would take, as far as that is known.

    `model_version` is the version that its name is pinned to, None where its provider has no such thing.
    """

    model: str
    taken: bool
    reason: str
    model_version: str | None = None
    cost: Money | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One provider and model to try."""

    provider: str
    model: str
    model_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a request goes: `targets`, and the candidates taken for them, in the order in which they are tried."""

    targets: tuple[Target, ...]
    candidates: tuple[Candidate, ...]


def skip(route: Route, target: Target, reason: str) -> Route:
    """Take a target out that turned out not to be able to do what was asked."""
    targets = tuple(one for one in route.targets if one.model != target.model)
    candidates = tuple(
        replace(one, taken=False, reason=reason) if one.model == target.model else one for one in route.candidates
    )
    return replace(route, targets=targets, candidates=candidates)
