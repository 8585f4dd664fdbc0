"""Wiring of the `moderate` function, and of the prompt moderation that others do on the way."""

from functools import cache

from imagegate.app.moderate import ModeratePrompt
from imagegate.app.ports import PromptModerator
from imagegate.moderators.rules import load_rules


def moderate_prompt() -> ModeratePrompt:
    """Build the prompt moderation with the shipped rule pack."""
    return ModeratePrompt(moderators=(_rules(),))


@cache
def _rules() -> PromptModerator:
    return load_rules()
