"""`make test`: one pytest run over everything, with coverage gates; with arguments, just pytest with them."""

import os
import subprocess
import sys
from typing import Final

from dev.console import say
from dev.deploy import cdk_environment
from dev.paths import ROOT, executable

# The rules and the vendor files are pure: there is no excuse for an untested branch in them.
_FULLY_COVERED: Final = ("imagegate/domain/*", "imagegate/providers/*")


def _run(program: str, *arguments: str) -> int:
    return subprocess.run(
        [str(executable("dev", program)), *arguments],
        cwd=ROOT,
        env=cdk_environment(os.environ),
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode


def main() -> None:
    """Run the tests; without arguments also hold the coverage to its gates."""
    if sys.argv[1:]:
        sys.exit(_run("pytest", *sys.argv[1:]))
    say("Tests")
    status = _run("pytest", "--cov", "--cov-report=term:skip-covered")
    if status == 0:
        say("Coverage of what is pure must be complete")
        status = _run("coverage", "report", "--fail-under=100", f"--include={','.join(_FULLY_COVERED)}")
    sys.exit(status)


if __name__ == "__main__":
    main()
