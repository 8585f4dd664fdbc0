"""The rule moderator: a versioned pack of patterns with context exceptions; fast, exact, and blind to paraphrase."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from imagegate.domain.decision import Decision, Finding
from imagegate.moderators.normalize import views

NEGATIVE_PROMPT = "negative_prompt"


class _RuleRow(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    code: str
    decision: Decision
    # A text matches when every group has a pattern that matches it.
    groups: list[list[str]] = Field(min_length=1)
    # Phrases that are taken out of the text first: the word means something else in them.
    unless: list[str] = []


class _Pack(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: str
    rules: list[_RuleRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule with its patterns compiled."""

    id: str
    code: str
    decision: Decision
    groups: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None

    def matches(self, texts: tuple[str, ...]) -> bool:
        """Tell whether the views of one text break the rule together: a word may be hidden while the next is plain."""
        if self.unless is not None:
            texts = tuple(self.unless.sub(" ", text) for text in texts)
        return all(any(group.search(text) for text in texts) for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleModerator:
    """`PromptModerator` over a rule pack."""

    version: str
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """The name under which findings are recorded."""
        return f"rules@{self.version}"

    def moderate(self, text: str, param: str) -> tuple[Finding, ...]:
        """Return one finding for each rule that the text breaks."""
        texts = views(text)
        return tuple(
            Finding(
                code=rule.code,
                score=1.0,
                source=self.name,
                source_label=rule.id,
                # A negative prompt names what must not be in the picture, so its words are noted and not refused.
                decision=Decision.ALLOW_LOGGED if param == NEGATIVE_PROMPT else rule.decision,
                param=param,
            )
            for rule in self.rules
            if rule.matches(texts)
        )


def load_rules() -> RuleModerator:
    """Read the shipped pack."""
    return read_rules(files(__package__).joinpath("rules", "prompt.toml").read_text(encoding="utf-8"))


def read_rules(text: str) -> RuleModerator:
    """Read a pack from TOML."""
    pack = _Pack.model_validate(tomllib.loads(text))
    return RuleModerator(version=pack.version, rules=tuple(_rule(row) for row in pack.rules))


def _rule(row: _RuleRow) -> Rule:
    return Rule(
        id=row.id,
        code=row.code,
        decision=row.decision,
        groups=tuple(_any(patterns) for patterns in row.groups),
        unless=_any(row.unless) if row.unless else None,
    )


def _any(patterns: list[str]) -> re.Pattern[str]:
    """Match any of the patterns as whole words."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")
