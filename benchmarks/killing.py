"""Kills functions of one emulator in the middle of their work, as an exhausted sandbox dies."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dev.emulator import Emulator

VICTIMS: Final = ("job", "route", "deliver", "webhook")


@contextmanager
def killed_now_and_then(emulator: Emulator, seed: int, pause_seconds: float) -> Iterator[Counter[str]]:
    """Kill one of the emulator's own workers after each pause, and count whom."""
    over, killed = threading.Event(), Counter[str]()
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret

    def kill() -> None:
        while not over.wait(pause_seconds):
            victim = chance.choice(VICTIMS)
            workers = _workers(emulator.pid, victim)
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(workers), signal.SIGKILL)
                    killed[victim] += 1

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def _workers(emulator_pid: int, function: str) -> list[int]:
    listed = Path(f"/proc/{emulator_pid}/task").glob("*/children")
    children = sorted({int(pid) for file in listed for pid in file.read_text().split()})
    return [pid for pid in children if f"-{function}-".encode() in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
