"""Moderation decisions: what was found, by whom, under which policy, and what follows from it."""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What was judged."""

    PROMPT = "prompt"
    IMAGE = "image"
    PROVIDER = "provider"


class Decision(StrEnum):
    """What follows, from mildest to strictest."""

    ALLOW = "allow"
    ALLOW_LOGGED = "allow_logged"
    REVIEW = "review"
    BLOCK = "block"
    QUARANTINE = "quarantine"

    @property
    def severity(self) -> int:
        """Order of strictness; the strictest decision of all findings wins."""
        return tuple(Decision).index(self)

    @property
    def stops(self) -> bool:
        """Whether the generation must not go on; what a person would have to review is not let through unseen."""
        return self.severity >= Decision.REVIEW.severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One category that a moderator saw, with a score from 0 to 1."""

    code: str
    score: float
    source: str
    source_label: str
    decision: Decision
    param: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationDecision:
    """The outcome of one stage; `sources` names every moderator that ran, so an empty tuple means nobody looked."""

    stage: Stage
    decision: Decision
    findings: tuple[Finding, ...]
    sources: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The categories found, each once, sorted."""
        return tuple(sorted({finding.code for finding in self.findings}))


def decide(stage: Stage, findings: tuple[Finding, ...], sources: tuple[str, ...]) -> ModerationDecision:
    """Let the strictest finding win; no finding allows."""
    decision = max((finding.decision for finding in findings), key=lambda one: one.severity, default=Decision.ALLOW)
    return ModerationDecision(stage=stage, decision=decision, findings=findings, sources=sources)
