"""Progress lines, and programs run quietly: their output goes to a log that is shown only when they fail."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

_SHOWN_LOG_LINES: Final = 40
_LONGEST_STEP_SECONDS: Final = 900


class StepFailedError(Exception):
    """A step of the tooling failed; the message says what, and `advice` says what to do next."""

    def __init__(self, message: str, *, advice: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.advice = advice
        self.log = log


def say(message: str) -> None:
    """Print one progress line."""
    print(f"==> {message}", flush=True)


def tail_of(log: Path, lines: int = _SHOWN_LOG_LINES) -> str:
    """The last lines of a log, or nothing when there is no log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def exit_with(error: StepFailedError) -> NoReturn:
    """Report a failed step on standard error and leave with status 1."""
    if error.log is not None:
        print(tail_of(error.log), file=sys.stderr)
        print(f"    (all of it: {error.log})", file=sys.stderr)
    print(f"error: {error}\n       {error.advice}", file=sys.stderr, flush=True)
    sys.exit(1)


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    folder: Path,
    failure: str,
    advice: str,
) -> None:
    """Run a program to its end with its output in `log`; a failure carries that log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            result = subprocess.run(
                [str(part) for part in command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=_LONGEST_STEP_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise StepFailedError(
                f"{failure} (still at it after {error.timeout} s).", advice=advice, log=log
            ) from error
    if result.returncode != 0:
        raise StepFailedError(f"{failure} (exit status {result.returncode}).", advice=advice, log=log)
