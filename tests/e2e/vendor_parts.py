"""What fake vendors are made of: the mood that a prompt asks for, their answers, and the picture in them."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from PIL import Image

from tests.loopback import Reply

RETRY_AFTER_SECONDS = 7
PICTURE_SIZE = (96, 64)


class Mood(StrEnum):
    """How a vendor treats a request."""

    OBLIGE = "oblige"
    REFUSE = "refuse"
    THROTTLE = "throttle"
    FAIL = "fail"
    EMPTY = "empty"
    # Takes the request and does not answer for a long time.
    HANG = "hang"
    # Takes the work and is never done with it.
    LINGER = "linger"


# `[fail]` anywhere in a request, `[throttle at azure]` for one vendor only, `[fail with seed 6]` for one call of many.
_WISH = re.compile(rb"\[(refuse|throttle|fail|empty|hang|linger)(?: at (\w+))?(?: with seed (\d+))?\]")
# In JSON and in a form.
_SEED = re.compile(rb'"seed"\W+(\d+)')
_TASK = re.compile(r"task-([a-z]+)-\d+")


def mood_of(provider: str, body: bytes) -> Mood:
    """Read from a request how it wants to be treated."""
    wish = _WISH.search(body)
    if wish is None:
        return Mood.OBLIGE
    mood, wanted_provider, wanted_seed = wish.groups()
    is_meant = wanted_provider in {None, provider.encode()} and (
        wanted_seed is None or int(wanted_seed) == seed_of(body)
    )
    return Mood(mood.decode()) if is_meant else Mood.OBLIGE


def seed_of(body: bytes) -> int | None:
    """Read the seed from a request, if there is one."""
    seed = _SEED.search(body)
    return int(seed[1]) if seed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request at one vendor; `what` is method and path, below `base_url`, the vendor's address."""

    base_url: str
    what: str
    mood: Mood


Answers = Mapping[Mood, Reply]
Respond = Callable[[Asked], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fake:
    """One vendor: a model to ask for, what to configure, what proves the credential, and what it answers."""

    provider: str
    model: str
    # What begins the work, and costs money, as a pattern of `Asked.what`.
    submits: str
    # A header and the pattern of its value.
    credential: tuple[str, str]
    respond: Respond
    secret: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    color: str = "red"

    @property
    def model_id(self) -> str:
        """The model as a caller names it."""
        return f"{self.provider}/{self.model}"


def key_of(provider: str) -> str:
    """Return the key that a fake expects."""
    return f"fake-key-of-{provider}"


@cache
def picture_of(color: str) -> bytes:
    """Return a picture that tells by its color who made it."""
    file = io.BytesIO()
    Image.new("RGB", PICTURE_SIZE, color).save(file, "PNG")
    return file.getvalue()


def told(content: Any, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status=status, headers={"content-type": "application/json", **names}, body=json.dumps(content).encode()
    )


def throttled(content: Any, **headers: str) -> Reply:
    """Answer that there are too many requests."""
    return told(content, 429, retry_after=str(RETRY_AFTER_SECONDS), **headers)


def at_once(submits: str, answers: Answers) -> Respond:
    """Be a vendor who answers with the picture."""

    def respond(asked: Asked) -> Reply:
        if not re.fullmatch(submits, asked.what):
            return told({"error": f"nothing at {asked.what}"}, 404)
        return answers[asked.mood]

    return respond


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work at a vendor who answers later, and how often it was asked for, this time included."""

    base_url: str
    what: str
    id: str
    mood: Mood
    looks: int


def later(submits: str, turned_away: Answers, accept: Callable[[Task], Any], look: Callable[[Task], Reply]) -> Respond:
    """Be a vendor who takes a task, unless its mood is among those turned away, and then is asked for it."""
    looks: Counter[str] = Counter()
    numbers: list[None] = []

    def respond(asked: Asked) -> Reply:
        if re.fullmatch(submits, asked.what):
            if asked.mood in turned_away:
                return turned_away[asked.mood]
            numbers.append(None)
            name = f"task-{asked.mood}-{len(numbers)}"
            return told(accept(Task(base_url=asked.base_url, what=asked.what, id=name, mood=asked.mood, looks=0)))
        known = _TASK.search(asked.what)
        if known is None:
            return told({"detail": f"nothing at {asked.what}"}, 404)
        looks[known[0]] += 1
        mood = Mood(known[1])
        return look(Task(base_url=asked.base_url, what=asked.what, id=known[0], mood=mood, looks=looks[known[0]]))

    return respond
