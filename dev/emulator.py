"""Starts and stops the AWS emulator: on loopback only, in a clean environment, stopping nothing it did not start.

Its data live in memory: stopping it forgets them.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dev.console import StepFailedError
from dev.paths import executable

HOST: Final = "127.0.0.1"
PREFERRED_PORT: Final = 4566
REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

_START_SECONDS: Final = 60
_GRACE_SECONDS: Final = 10
_KILL_SECONDS: Final = 5
_POLL_SECONDS: Final = 0.05
# Services with listeners of their own, on other ports than the one asked for.
_SIDE_LISTENERS_OFF: Final = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
# Each running function is a process of about 30 MB. Left alone, the emulator starts as many as memory holds, which on a
# few cores all run out of time together; with a bound, what is too much is throttled and tried again, as on AWS.
_MOST_FUNCTIONS_AT_ONCE: Final = 48
_PASSED_ON: Final = ("PATH", "LANG")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A started emulator; `started_at` tells its process from a later one with the same id."""

    pid: int
    started_at: str
    port: int
    folder: Path

    @property
    def endpoint_url(self) -> str:
        """Where AWS clients find it."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.folder / "emulator.log"

    def to_json(self) -> dict[str, str | int]:
        """The record that another process needs in order to stop this one."""
        return {**asdict(self), "folder": str(self.folder)}

    @classmethod
    def from_json(cls, record: Mapping[str, str | int]) -> "Emulator":
        """The inverse of `to_json`."""
        return cls(
            pid=int(record["pid"]),
            started_at=str(record["started_at"]),
            port=int(record["port"]),
            folder=Path(str(record["folder"])),
        )


def free_port(preferred: int = 0) -> int:
    """A loopback port nobody listens on: the preferred one when it is free."""
    for port in {preferred: None, 0: None}:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                candidate.bind((HOST, port))
                return int(candidate.getsockname()[1])
    raise StepFailedError("No loopback port is free.", advice="Stop some servers, then try again.")


def clean_environment(folder: Path, port: int, source: Mapping[str, str]) -> dict[str, str]:
    """What the emulator may see: function code inherits all of it, so no proxies and no secrets are in it."""
    return {
        **{name: source[name] for name in _PASSED_ON if name in source},
        **CREDENTIALS,
        **_SIDE_LISTENERS_OFF,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(_MOST_FUNCTIONS_AT_ONCE),
    }


def process_started_at(pid: int) -> str | None:
    """When a process started, in whatever form the system tells it; None when it is gone or only waits to be reaped."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started_at = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started_at.strip()


def is_running(emulator: Emulator) -> bool:
    """Whether the very process that was started still runs."""
    return process_started_at(emulator.pid) == emulator.started_at


def is_healthy(emulator: Emulator) -> bool:
    """Whether the process runs and answers on its port."""
    if not is_running(emulator):
        return False
    # Not urllib: it would honor a proxy set in the environment.
    connection = http.client.HTTPConnection(HOST, emulator.port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start(folder: Path, *, port: int, settings: Mapping[str, str] | None = None) -> Emulator:
    """Start an emulator that keeps its files in `folder`, and wait until it answers."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    emulator = _spawn(folder, port, {**clean_environment(folder, port, os.environ), **(settings or {})})
    # At once: whoever started it may be killed before anything is deployed, and `make down` must still find it.
    _record_in(folder).write_text(json.dumps(emulator.to_json()), encoding="utf-8")
    deadline = time.monotonic() + _START_SECONDS
    while not is_healthy(emulator):
        if not is_running(emulator) or time.monotonic() > deadline:
            stop(emulator)
            raise StepFailedError(
                f"The emulator did not start on port {port}.",
                advice="The lines above say why. If the port was taken in the meantime, run the same command again.",
                log=emulator.log,
            )
        time.sleep(_POLL_SECONDS)
    return emulator


def recorded(folder: Path) -> Emulator | None:
    """The emulator that was last started in a folder and not stopped since, running or not."""
    try:
        return Emulator.from_json(json.loads(_record_in(folder).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError):
        return None


def _record_in(folder: Path) -> Path:
    return folder / "process.json"


def _spawn(folder: Path, port: int, environment: Mapping[str, str]) -> Emulator:
    python = str(executable("emulator"))
    # Not subprocess.Popen: it complains about every process that is meant to outlive it.
    # A session of its own keeps Ctrl-C in the terminal away, and lets `stop` reach the function workers too.
    pid = os.posix_spawn(
        python,
        [python, "-m", "ministack"],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder / "emulator.log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return Emulator(pid=pid, started_at=process_started_at(pid) or "", port=port, folder=folder)


def stop(emulator: Emulator, *, grace_seconds: float = _GRACE_SECONDS) -> bool:
    """Stop the emulator and its function workers; False, with nothing touched, when that very process is gone."""
    if recorded(emulator.folder) == emulator:
        _record_in(emulator.folder).unlink()
    if not is_running(emulator):
        _reap(emulator.pid)
        return False
    os.kill(emulator.pid, signal.SIGTERM)
    if not _is_gone_within(emulator, grace_seconds):
        os.killpg(emulator.pid, signal.SIGKILL)
        _is_gone_within(emulator, _KILL_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        # Workers that outlived it still carry its group id, so that nobody else can have it.
        os.killpg(emulator.pid, signal.SIGKILL)
    return True


def _is_gone_within(emulator: Emulator, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _reap(emulator.pid)
        if not is_running(emulator):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def client_environment(endpoint_url: str, source: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment, but with every AWS setting replaced by the emulator's."""
    kept = {name: value for name, value in source.items() if not name.startswith(("AWS_", "CDK_"))}
    return {
        **kept,
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
