"""Reads the state machines in `infra/workflows` as they are written, before anything is put in the place of a name."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dev.paths import ROOT

FOLDER: Final = ROOT / "infra" / "workflows"
FILES: Final = tuple(sorted(FOLDER.glob("*.asl.json")))
_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class State:
    """One state, with its machine and its name."""

    machine: str
    name: str
    fields: dict[str, Any]

    @property
    def label(self) -> str:
        """What a failing test shows."""
        return f"{self.machine}: {self.name}"

    @property
    def type(self) -> str:
        """The kind of state."""
        kind: str = self.fields["Type"]
        return kind

    @property
    def followers(self) -> list[str]:
        """The names of the states that may come next, in whatever way."""
        parts = [self.fields, *self.fields.get("Choices", ()), *self.fields.get("Catch", ())]
        names = [part["Next"] for part in parts if "Next" in part]
        return [*names, self.fields["Default"]] if "Default" in self.fields else names

    @property
    def function(self) -> str | None:
        """The function that the state invokes."""
        name = self.fields.get("Arguments", {}).get("FunctionName", "")
        found = _PLACEHOLDER.fullmatch(name)
        return found[1] if found else None

    @property
    def waits_for_token(self) -> bool:
        """Whether somebody else ends the state."""
        return str(self.fields.get("Resource", "")).endswith(".waitForTaskToken")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, or the part of one that a map runs for each item."""

    name: str
    definition: dict[str, Any]

    @property
    def states(self) -> dict[str, State]:
        """The states by name."""
        return {name: State(self.name, name, fields) for name, fields in self.definition["States"].items()}

    @property
    def parts(self) -> "Iterator[Machine]":
        """The machine itself, and the machines inside its maps."""
        yield self
        for name, state in self.states.items():
            if "ItemProcessor" in state.fields:
                yield from Machine(f"{self.name}/{name}", state.fields["ItemProcessor"]).parts

    def reachable(self) -> set[str]:
        """The names of all states that the first one leads to."""
        found: set[str] = set()
        waiting = [self.definition["StartAt"]]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.states[name].followers
        return found

    def endable(self) -> set[str]:
        """The names of all states from which the machine can end."""
        ends = {name for name, one in self.states.items() if one.type in {"Succeed", "Fail"} or one.fields.get("End")}
        while more := {name for name, one in self.states.items() if ends.intersection(one.followers)} - ends:
            ends |= more
        return ends


def name_of(file: Path) -> str:
    """The machine's name: the file's, without what says that it is one."""
    return file.name.removesuffix(".asl.json")


def read(file: Path) -> Machine:
    """Read a file."""
    return Machine(name_of(file), json.loads(file.read_text(encoding="utf-8")))


def placeholders(file: Path) -> set[str]:
    """The names in a file that the stack replaces."""
    return set(_PLACEHOLDER.findall(file.read_text(encoding="utf-8")))


def texts(value: object) -> Iterator[str]:
    """Every text inside a value."""
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from texts(part)
        case list():
            for part in value:
                yield from texts(part)
