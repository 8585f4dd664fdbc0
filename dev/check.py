"""`make check`: everything that needs no running code, each step's output shown only when it fails.

All steps run even when one fails, so that one run tells everything there is to repair.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev import deploy
from dev.console import StepFailedError, say, tail_of
from dev.paths import CLOUD_ASSEMBLY, ROOT, executable

_TYPED: Final = (
    "imagegate",
    "functions",
    "dev",
    "tests",
    "benchmarks",
    "embedded_model",
    "inference_container",
    "shared_names.py",
)
_INFRA: Final = ("app.py", "infra")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One checking program; `advice` tells what to do when it objects."""

    name: str
    command: Sequence[str | Path]
    advice: str


def existing(names: Sequence[str], root: Path = ROOT) -> list[str]:
    """The named files and packages that the checkout has; a folder without Python in it does not count."""
    return [name for name in names if (root / name).is_file() or any((root / name).rglob("*.py"))]


def steps() -> list[Step]:
    """The checks in order, quickest first."""
    ruff = executable("dev", "ruff")
    mypy: list[str | Path] = [executable("dev", "mypy"), "--no-error-summary"]
    infra_types: list[str | Path] = [
        *mypy,
        "--python-executable",
        executable("infra"),
        "--cache-dir",
        ".mypy_cache/infra",
    ]
    return [
        Step(name="Format", command=[ruff, "format", "--check", "."], advice="make fix"),
        Step(name="Lint", command=[ruff, "check", "."], advice="make fix repairs some of it"),
        Step(
            name="Import contracts",
            command=[executable("dev", "lint-imports"), "--no-logo"],
            advice="docs and pyproject.toml tell which package may import which",
        ),
        Step(name="Types", command=[*mypy, *existing(_TYPED)], advice="mypy --strict is the gate"),
        # CDK's types are large and live in another environment, hence a run and a cache of its own.
        Step(name="Types of infra", command=[*infra_types, *existing(_INFRA)], advice="mypy --strict is the gate"),
    ]


def passes(step: Step) -> bool:
    """Run one step, with its output shown when it fails."""
    say(step.name)
    result = subprocess.run(
        [str(part) for part in step.command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        print(f"{result.stdout.rstrip()}\nerror: {step.name} failed ({step.advice}).", flush=True)
    return result.returncode == 0


def synthesizes() -> bool:
    """Synthesize what would be deployed to AWS."""
    say("Synth")
    try:
        deploy.synthesize("aws", CLOUD_ASSEMBLY)
    except StepFailedError as error:
        print(f"{tail_of(error.log) if error.log else ''}\nerror: {error} {error.advice}", flush=True)
        return False
    return True


def main() -> None:
    """Run every check and fail when one failed."""
    began = time.monotonic()
    failed = [step.name for step in steps() if not passes(step)]
    if not synthesizes():
        failed.append("Synth")
    if failed:
        sys.exit(f"error: failed: {', '.join(failed)}")
    say(f"All checks passed ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
