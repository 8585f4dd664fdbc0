"""Figures with their targets, as one table for the terminal and for docs/benchmarks.md."""

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_BEGIN: Final = "<!-- figures: written by `make bench` -->"
_END: Final = "<!-- end of figures -->"
_HEADINGS: Final = ("what", "figure", "target", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value; without a target it is there to be compared with later."""

    name: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """Tell the figure as a row."""
        target = "" if self.target is None else f"≤ {_number(self.target)} {self.unit}".rstrip()
        verdict = "" if self.target is None else ("met" if self.value <= self.target else "**missed**")
        value = f"{_number(self.value)} {self.unit}".rstrip()
        return self.name, f"{value} ({self.note})" if self.note else value, target, verdict


def median(values: Iterable[float]) -> float:
    """Return the middle one: a shared machine has slow moments, which a mean would keep."""
    return statistics.median(values)


def markdown(figures: Sequence[Figure]) -> str:
    """Return the figures as a table that reads well in a terminal too."""
    rows = [_HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = "|".join("-" * (width + 2) for width in widths)
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


def inserted(document: str, section: str) -> str:
    """Put the section between the document's markers.

    Raises:
        ValueError: the markers are gone.
    """
    pattern = re.compile(f"(?<={re.escape(_BEGIN)}\n).*?(?={re.escape(_END)})", re.DOTALL)
    if not pattern.search(document):
        message = f"The document has lost its markers {_BEGIN} and {_END}; write them again."
        raise ValueError(message)
    return pattern.sub(lambda _: f"\n{section}\n\n", document)


def _number(value: float) -> str:
    if float(value).is_integer() or value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
