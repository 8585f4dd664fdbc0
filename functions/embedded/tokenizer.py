"""Turns a prompt into word numbers by a plain word list; a word it lacks becomes "unknown" and is reported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MAX_WORDS = 24
PADDING_ID = 0
UNKNOWN_ID = 1
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Word numbers padded to `MAX_WORDS`, and the prompt's words that the vocabulary lacks."""

    ids: tuple[int, ...]
    unknown_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A word list; the first two entries stand for padding and unknown."""

    words: Sequence[str]
    _ids: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", {word: index for index, word in enumerate(self.words)})

    def encode(self, prompt: str) -> Tokens:
        """The prompt's word numbers; words past the limit are dropped, unknown ones listed once each."""
        found = _WORD.findall(prompt.lower())
        ids = [self._ids.get(word, UNKNOWN_ID) for word in found[:MAX_WORDS]]
        unknown = dict.fromkeys(word for word in found if word not in self._ids)
        return Tokens(tuple(ids + [PADDING_ID] * (MAX_WORDS - len(ids))), tuple(unknown))
