"""The whole gateway on the emulator: how long it takes to come up, and its pictures through the deployed API."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import openai

from benchmarks import vendor
from benchmarks.figures import median
from benchmarks.measured import API_KEY, PROJECT, VENDOR, Measured
from dev import deploy, emulator
from dev.gateway import Gateway, cli_environment, launch
from dev.paths import LOCAL_ASSEMBLY, ROOT
from shared_names import (
    BATCH_MACHINE,
    DELIVERY_MACHINE,
    EMBEDDED_FUNCTION,
    GENERATION_MACHINE,
    PROVIDER_ENDPOINTS,
    PROVIDER_SECRETS,
)

_PICTURES: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A gateway of the benchmark's own, and the seconds that two ways of `make up` took."""

    gateway: Gateway
    seconds: float
    seconds_after_change: float


@contextmanager
def launched() -> Iterator[Launched]:
    """Bring a gateway up twice, with and without a synthesis, on warm caches, and keep the second."""
    deploy.synthesize("local", LOCAL_ASSEMBLY)
    (LOCAL_ASSEMBLY / ".fingerprint").unlink()
    with tempfile.TemporaryDirectory() as folder:
        seconds_after_change, first = _timed_launch(Path(folder))
        emulator.stop(first.emulator)
    with tempfile.TemporaryDirectory() as folder:
        seconds, gateway = _timed_launch(Path(folder))
        try:
            yield Launched(gateway=gateway, seconds=seconds, seconds_after_change=seconds_after_change)
        finally:
            emulator.stop(gateway.emulator)


def _timed_launch(folder: Path) -> tuple[float, Gateway]:
    began = time.monotonic()
    gateway = launch(folder, port=emulator.free_port(), project="benchmark")
    return time.monotonic() - began, gateway


def picture_seconds(gateway: Gateway, size: str) -> float:
    """Return how long one picture takes through the deployed API when everything is warm."""
    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(
        base_url=gateway.base_url, api_key=gateway.keys.api_key, http_client=http, max_retries=0
    ) as client:

        def draw() -> float:
            began = time.monotonic()
            client.images.generate(model="embedded/scenes", prompt="a red circle on a blue background", size=size)
            return time.monotonic() - began

        draw()
        return median(draw() for _ in range(_PICTURES))


def measured_route(gateway: Gateway, size_bytes: int) -> Measured:
    """Run the route handler in a process of its own, on the emulator's AWS and a vendor that answers at once."""
    with vendor.running(size_bytes) as url:
        environment = {
            **cli_environment(gateway.emulator.endpoint_url, gateway.outputs),
            EMBEDDED_FUNCTION: "embedded",
            # Nothing is handed to a machine while a caller waits for a vendor that answers at once.
            GENERATION_MACHINE: "none",
            BATCH_MACHINE: "none",
            DELIVERY_MACHINE: "none",
            PROVIDER_SECRETS: "benchmark/",
            PROVIDER_ENDPOINTS: json.dumps({"embedded": url}),
            "POWERTOOLS_SERVICE_NAME": "route",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
            VENDOR: url,
            PROJECT: gateway.keys.project_id,
            API_KEY: gateway.keys.api_key,
        }
        command = [sys.executable, "-m", "benchmarks.route"]
        told = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
        )
    return Measured(**json.loads(told.stdout.splitlines()[-1]))
