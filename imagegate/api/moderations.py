"""`POST /v1/moderations`: our decision in OpenAI's shape, our categories mapped onto OpenAI's thirteen."""

from typing import Literal

from pydantic import BaseModel

from imagegate.api.responses import ModerationAnswer, tell_moderation
from imagegate.domain.decision import ModerationDecision

# OpenAI's categories, in its order. https://developers.openai.com/api/docs/guides/moderation (checked 2026-11-22)
OPENAI_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)

# Ours to OpenAI's; a category of ours without a counterpart is told in `imagegate.codes` alone.
_TO_OPENAI = {
    "child_safety": ("sexual/minors", "sexual"),
    "sexual.explicit": ("sexual",),
    "sexual.suggestive": ("sexual",),
    "sexual.nonconsensual": ("sexual",),
    "violence.graphic": ("violence", "violence/graphic"),
    "violence.weapon": ("violence",),
    "shocking": ("violence/graphic",),
    "self_harm": ("self-harm",),
    "hate": ("hate",),
    "harassment": ("harassment",),
    "extremism": ("illicit/violent", "violence"),
    "illicit": ("illicit",),
    "weapons_mass": ("illicit", "illicit/violent"),
}


class ModerationResult(BaseModel):
    """The judgment of one input."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[Literal["text"]]]
    imagegate: ModerationAnswer


class ModerationsAnswer(BaseModel):
    """OpenAI's moderation object."""

    id: str
    model: str
    results: list[ModerationResult]


def tell_moderations(answer_id: str, decisions: tuple[ModerationDecision, ...]) -> ModerationsAnswer:
    """Tell one result for each decision."""
    sources = sorted({source for decision in decisions for source in decision.sources})
    return ModerationsAnswer(id=answer_id, model=",".join(sources), results=[_result(one) for one in decisions])


def _result(decision: ModerationDecision) -> ModerationResult:
    scores = dict.fromkeys(OPENAI_CATEGORIES, 0.0)
    for finding in decision.findings:
        for category in _TO_OPENAI.get(finding.code, ()):
            scores[category] = max(scores[category], finding.score)
    return ModerationResult(
        flagged=decision.decision.stops,
        categories={category: score > 0 for category, score in scores.items()},
        category_scores=scores,
        category_applied_input_types={category: ["text"] for category in OPENAI_CATEGORIES},
        imagegate=tell_moderation(decision),
    )
