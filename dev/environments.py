"""Makes the virtual environments and node_modules from their locks; runs on the host's bare Python.

Usage: `python3 -m dev.environments tools dev infra emulator node mocks`. What is current is left alone, silently.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dev.console import StepFailedError, exit_with, run_logged, say
from dev.paths import ENVIRONMENTS, LOCAL, NODE_MODULES, REQUIREMENTS, ROOT, executable

_MINIMUM_NODE: Final = 20
_NETWORK_ADVICE: Final = "Check the network and the index settings of pip and uv, then run the same command again."
_NODE_FOLDERS: Final = {
    "node": (ROOT, "the AWS CDK command line"),
    "mocks": (ROOT / "tests" / "contract", "the vendors' mock server"),
}
_DESCRIPTIONS: Final = {
    "tools": "uv",
    "dev": "tests, checks and the command line",
    "infra": "AWS CDK",
    "emulator": "the AWS emulator",
}


def fingerprint_of(files: Sequence[Path], *extra: str) -> str:
    """A hash of some files' contents and of whatever else a stamp must change with."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
        digest.update(b"\0")
    for text in extra:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def is_current(stamp: Path, fingerprint: str) -> bool:
    """Whether the stamp was written for this very fingerprint."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint


def _interpreter_identity() -> str:
    # A checkout that was moved or a Python that was upgraded invalidates the scripts in a virtual environment.
    return f"{platform.python_implementation()} {platform.python_version()} {platform.machine()} {ENVIRONMENTS}"


def _run(command: Sequence[str | Path], *, log: str, failure: str, advice: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONHOME"}}
    run_logged(command, log=LOCAL / "logs" / log, environment=environment, folder=ROOT, failure=failure, advice=advice)


def _make_tools(lock: Path) -> None:
    folder = ENVIRONMENTS / "tools"
    _run(
        [sys.executable, "-m", "venv", "--clear", folder],
        log="venv-tools.log",
        failure="Python could not make a virtual environment",
        advice="On Debian and Ubuntu: apt-get install python3-venv. Then run the same command again.",
    )
    _run(
        [executable("tools"), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", lock],
        log="venv-tools.log",
        failure="pip could not install uv",
        advice=_NETWORK_ADVICE,
    )


def _make_with_uv(name: str, lock: Path, *, fresh: bool) -> None:
    uv = executable("tools", "uv")
    log = f"venv-{name}.log"
    failure = f"uv could not fill the virtual environment .venv/{name}"
    if fresh:
        create: list[str | Path] = [
            uv,
            "venv",
            "--quiet",
            "--clear",
            "--no-python-downloads",
            "--python",
            sys.executable,
        ]
        _run([*create, ENVIRONMENTS / name], log=log, failure=failure, advice=_NETWORK_ADVICE)
    target: list[str | Path] = ["--quiet", "--python", executable(name)]
    sync: list[str | Path] = [uv, "pip", "sync", *target, "--require-hashes", lock]
    _run(sync, log=log, failure=failure, advice=_NETWORK_ADVICE)
    if name == "dev":
        # setuptools is in the lock, so that building the editable install fetches nothing.
        _run(
            [uv, "pip", "install", *target, "--no-deps", "--no-build-isolation", "--editable", ROOT],
            log=log,
            failure="The project itself could not be installed",
            advice="Look at [project] and [tool.setuptools] in pyproject.toml.",
        )


def _packaging_settings() -> str:
    # Only what the editable install depends on: a change to a linter's settings must not reinstall anything.
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return json.dumps([settings["build-system"], settings["project"], settings["tool"]["setuptools"]])


def _ensure_python_environment(name: str) -> None:
    lock = REQUIREMENTS / f"{name}.txt"
    fingerprint = fingerprint_of([lock], _packaging_settings() if name == "dev" else "")
    stamp = ENVIRONMENTS / name / ".stamp"
    interpreter = ENVIRONMENTS / name / ".interpreter"
    fresh = not (is_current(interpreter, _interpreter_identity()) and executable(name).exists())
    if not fresh and is_current(stamp, fingerprint):
        return
    say(f"Installing {_DESCRIPTIONS[name]} into .venv/{name}")
    stamp.unlink(missing_ok=True)
    if name == "tools":
        _make_tools(lock)
    else:
        _make_with_uv(name, lock, fresh=fresh)
    interpreter.write_text(_interpreter_identity(), encoding="utf-8")
    stamp.write_text(fingerprint, encoding="utf-8")


def _node_version() -> int:
    node = shutil.which("node")
    if node is None:
        return 0
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return int(answer.stdout.strip().lstrip("v").split(".")[0] or 0)


def _ensure_node_modules(folder: Path, what: str) -> None:
    modules = folder / NODE_MODULES.name
    fingerprint = fingerprint_of([folder / "package.json", folder / "package-lock.json"], str(modules))
    stamp = modules / ".stamp"
    if is_current(stamp, fingerprint):
        return
    if _node_version() < _MINIMUM_NODE or shutil.which("npm") is None:
        raise StepFailedError(
            f"Node {_MINIMUM_NODE} or newer with npm is needed for {what}.",
            advice="Install Node, then run the same command again.",
        )
    say(f"Installing {what} into {modules.relative_to(ROOT)}")
    _run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder],
        log="npm.log",
        failure=f"npm could not install {what}",
        advice="Check the network and npm's registry setting, then run the same command again.",
    )
    stamp.write_text(fingerprint, encoding="utf-8")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    # Two makes at once (an editor and a terminal) would otherwise tear down each other's half-made environment.
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "environments.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(names: Sequence[str]) -> None:
    """Bring the named environments up to date; `node` and `mocks` stand for what npm installs."""
    with _one_at_a_time():
        for name in names:
            if name in _NODE_FOLDERS:
                _ensure_node_modules(*_NODE_FOLDERS[name])
            else:
                _ensure_python_environment(name)


def main(names: Sequence[str]) -> None:
    """Make what is named on the command line."""
    try:
        ensure(names)
    except StepFailedError as error:
        exit_with(error)


if __name__ == "__main__":
    main(sys.argv[1:])
