"""What a fault run asks for: from one seed, the same requests with the same faults each time."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.e2e.vendor_parts import Call, Mood
from tests.e2e.vendors import FAKES

FAULTY_SHARE: Final = 0.2
_SYNCHRONOUS_SHARE: Final = 0.15
_REPEATED_SHARE: Final = 0.1
# Those who call back; the others answer at once.
_CALLING: Final = ("replicate", "fal", "ideogram", "bfl")
_INSTANT: Final = ("huggingface", "openai", "stability")
# What a vendor does not charge for.
FREE: Final = frozenset({Mood.THROTTLE, Mood.FAIL, Mood.REFUSE})
_FAULTS: Final = (
    f"[{Mood.FAIL}]",
    f"[{Mood.THROTTLE}]",
    f"[{Mood.EMPTY}]",
    f"[{Mood.CUT}]",
    f"[{Mood.CUT}]",
)
# Not every vendor has a word for it.
_REFUSAL: Final = f"[{Mood.REFUSE}]"
_CALL_FAULTS: Final = (
    f"[call {Call.EARLY}]",
    f"[call {Call.LATE}]",
    f"[call {Call.TWICE}]",
    f"[call {Call.NEVER}]",
    f"[call {Call.FORGED}]",
    f"[{Mood.CUT}] [call {Call.LATE}]",
    "[poll 3] [call never]",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One request, how often it is sent at the same moment, and what will go wrong with it."""

    key: str
    model: str
    prompt: str
    is_synchronous: bool
    copies: int
    fault: str

    @property
    def body(self) -> Mapping[str, str]:
        """What is posted."""
        return {"model": self.model, "prompt": self.prompt}


def plan(count: int, seed: int) -> tuple[Wish, ...]:
    """Return the requests of a run."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    return tuple(_wish(number, seed, chance) for number in range(count))


def _wish(number: int, seed: int, chance: random.Random) -> Wish:
    provider = chance.choice((*_CALLING, *_CALLING, *_INSTANT))
    faults = (*_FAULTS, *_CALL_FAULTS, _REFUSAL) if provider in _CALLING else _FAULTS
    fault = chance.choice(faults) if chance.random() < FAULTY_SHARE else ""
    return Wish(
        key=f"fault-run-{seed}-{number}",
        model=FAKES[provider].model_id,
        prompt=f"lamp {number} of run {seed}. {fault}".strip(),
        is_synchronous=chance.random() < _SYNCHRONOUS_SHARE,
        copies=2 if chance.random() < _REPEATED_SHARE else 1,
        fault=fault,
    )
