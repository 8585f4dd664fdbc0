"""Moderate: let every configured moderator judge the free text of a request, or a picture, and decide."""

from dataclasses import dataclass

from imagegate.app.ports import ImageModerator, PromptModerator
from imagegate.domain.decision import ModerationDecision, Stage, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeratePrompt:
    """Judges each free-text field apart; the strictest finding of any moderator wins."""

    moderators: tuple[PromptModerator, ...]

    def __call__(self, texts: dict[str, str]) -> ModerationDecision:
        """Judge texts by the name of the request field they came in."""
        findings = tuple(
            finding
            for moderator in self.moderators
            for param, text in texts.items()
            for finding in moderator.moderate(text, param)
        )
        return decide(Stage.PROMPT, findings, tuple(moderator.name for moderator in self.moderators))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerateImages:
    """Judges the pictures of one generation together: one bad picture decides for all."""

    moderators: tuple[ImageModerator, ...]

    def __call__(self, pictures: tuple[bytes, ...]) -> ModerationDecision:
        """Judge pictures before anybody can see them."""
        findings = tuple(
            finding for moderator in self.moderators for picture in pictures for finding in moderator.moderate(picture)
        )
        return decide(Stage.IMAGE, findings, tuple(moderator.name for moderator in self.moderators))
