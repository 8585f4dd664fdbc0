"""What fake vendors are made of: the mood that a prompt asks for, their answers, and the picture in them."""

import io
import json
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
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
    # Takes the work and is never done with it, whoever asks; what it tells by itself is another matter.
    LINGER = "linger"
    # Takes the work and cuts the connection in the middle of saying so.
    CUT = "cut"


class Call(StrEnum):
    """How a vendor calls back, where it was asked to."""

    SOON = "soon"
    # Before it has answered the request.
    EARLY = "early"
    LATE = "late"
    TWICE = "twice"
    NEVER = "never"
    FORGED = "forged"


# `[fail]` anywhere in a request, `[throttle at azure]` for one vendor only, `[fail with seed 6]` for one call of many.
_WISH = re.compile(rb"\[(refuse|throttle|fail|empty|hang|linger|cut)(?: at (\w+))?(?: with seed (\d+))?\]")
# `[call twice]`, and `[poll 5]` to be found at work five times.
_CALL = re.compile(rb"\[call (\w+)\]")
_POLLS = re.compile(rb"\[poll (\d+)\]")
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


def call_of(body: bytes) -> Call:
    """Read from a request how it wants to be called back."""
    wish = _CALL.search(body)
    if wish is None:
        return Call.NEVER if b"[linger]" in body else Call.SOON
    return Call(wish[1].decode())


def task_of(answer: bytes) -> str | None:
    """Read from a vendor's answer which task it has taken."""
    named = _TASK.search(answer.decode(errors="replace"))
    return named[0] if named else None


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
    body: bytes = b""
    # The tasks of which the vendor has told the end by itself.
    told: Container[str] = frozenset()


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
    # What it says when it calls back; None where it never does.
    tell: "Callable[[Task], Any] | None" = None

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
        if asked.mood is Mood.CUT:
            return replace(answers[Mood.OBLIGE], claimed_length=len(answers[Mood.OBLIGE].body) + 1)
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
    # How often it is found at work; None is as often as is usual for its vendor.
    polls: int | None = None
    is_told: bool = False

    def is_at_work(self, usual: int) -> bool:
        """Tell whether the work goes on at this look."""
        most = usual if self.polls is None else self.polls
        return not self.is_told and (self.mood is Mood.LINGER or self.looks <= most)


def later(submits: str, turned_away: Answers, accept: Callable[[Task], Any], look: Callable[[Task], Reply]) -> Respond:
    """Be a vendor who takes a task, unless its mood is among those turned away, and then is asked for it."""
    tasks: dict[str, Task] = {}

    def take(asked: Asked) -> Reply:
        if asked.mood in turned_away:
            return turned_away[asked.mood]
        polls = _POLLS.search(asked.body)
        task = Task(
            base_url=asked.base_url,
            what=asked.what,
            id=f"task-{asked.mood}-{len(tasks) + 1}",
            mood=asked.mood,
            looks=0,
            polls=int(polls[1]) if polls else None,
        )
        tasks[task.id] = task
        answer = told(accept(task))
        return replace(answer, claimed_length=len(answer.body) + 1) if asked.mood is Mood.CUT else answer

    def respond(asked: Asked) -> Reply:
        if re.fullmatch(submits, asked.what):
            return take(asked)
        known = task_of(asked.what.encode())
        if known not in tasks:
            return told({"detail": f"nothing at {asked.what}"}, 404)
        task = replace(tasks[known], what=asked.what, looks=tasks[known].looks + 1, is_told=known in asked.told)
        tasks[known] = task
        return look(task)

    return respond
