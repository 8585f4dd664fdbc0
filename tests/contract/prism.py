"""Prism, a mock server that checks each request against an OpenAPI document, on loopback and a port of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import urllib3

ROOT: Final = Path(__file__).parents[2]
PRISM: Final = Path(__file__).parent / "node_modules" / ".bin" / "prism"
# Where the specifications are. They are not part of this repository: each vendor's licence is its own.
SPECS: Final = Path(os.environ.get("IMAGEGATE_SPECS") or ROOT.parent / "shared" / "specs")
_START_SECONDS: Final = 60.0


@contextmanager
def mocked(spec: Path, log: Path) -> Iterator[str]:
    """Serve a specification and give the address."""
    port = _free_port()
    command = [str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(spec)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            _wait(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib3.PoolManager(retries=False) as pool:
                pool.request("GET", f"http://127.0.0.1:{port}/", timeout=2.0)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            return
    message = f"Prism did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    raise RuntimeError(message)
