"""Compiles `requirements/*.in` and `package.json` into locks that hold hashes but no index addresses."""

import subprocess
import sys
from typing import Final

from dev.console import say
from dev.paths import REQUIREMENTS, ROOT, executable

# The order matters: `dev` is constrained by the layers, so that tests run what Lambda runs.
_LOCKS: Final = ("tools", "emulator", "infra", "layer-base", "layer-models", "dev")

# One file for every platform and Python: without "fewest", newer Pythons would get other versions than the host has.
_OPTIONS: Final = (
    "--quiet",
    "--universal",
    "--fork-strategy=fewest",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-config",
)


def main() -> None:
    """Compile every lock; arguments such as `--upgrade` are handed to uv."""
    for name in _LOCKS:
        say(f"Compiling requirements/{name}.txt")
        subprocess.run(
            [executable("tools", "uv"), "pip", "compile", *_OPTIONS, *sys.argv[1:], f"{name}.in", "-o", f"{name}.txt"],
            cwd=REQUIREMENTS,
            check=True,
        )
    for folder in (ROOT, ROOT / "tests" / "contract"):
        say(f"Locking {folder.relative_to(ROOT) / 'package.json'}")
        subprocess.run(
            ["npm", "install", "--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"],
            cwd=folder,
            check=True,
        )


if __name__ == "__main__":
    main()
