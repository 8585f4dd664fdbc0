"""Normalize text into a few views, so that a word hidden by look-alikes, digits or spacing is still that word."""

import re
import unicodedata

# Digits and signs that stand for letters.
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
# Four or more single letters in a row, held apart by spaces or dots: "n u d e".
# No character is both a letter and a separator here: an underscore that could be either takes exponential time.
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][\s.\-_*]{1,2}){3,}[^\W_](?![^\W_])")
_SEPARATORS = re.compile(r"[\s.\-_*]+")
_SPACES = re.compile(r"\s+")


def views(text: str) -> tuple[str, ...]:
    """Return the plain view first, then each other view that differs from it."""
    plain = _plain(text)
    joined = _SPACED.sub(lambda match: _SEPARATORS.sub("", match[0]), plain)
    return tuple(dict.fromkeys((plain, joined, joined.translate(_LEET))))


def _plain(text: str) -> str:
    """Fold case and compatibility forms; drop marks and characters that cannot be seen."""
    decomposed = unicodedata.normalize("NFKD", text)
    visible = "".join(
        character
        for character in decomposed
        if unicodedata.category(character) not in {"Cf", "Mn", "Cc"} or character in "\n\t"
    )
    return _SPACES.sub(" ", visible.casefold()).strip()
