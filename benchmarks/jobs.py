"""What work costs that nobody waits for: AWS calls, state transitions, money, and how soon a client is told.

It deploys onto an emulator of its own, with the fake vendors of the end-to-end tests.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import overhead
from benchmarks.figures import Figure
from benchmarks.prices import CHECKED_ON, NAMES, Spending
from dev import emulator
from dev.gateway import cli_environment, launch
from dev.paths import ROOT
from shared_names import (
    BATCH_MACHINE,
    DELIVERY_MACHINE,
    EMBEDDED_FUNCTION,
    GENERATION_MACHINE,
    PROVIDER_ENDPOINTS,
    PROVIDER_SECRET_PREFIX,
    PROVIDER_SECRETS,
    PUBLIC_URL,
    STACK_NAME,
)
from tests.e2e.asking import opened_client, read_json
from tests.e2e.hooks import content_of
from tests.e2e.support import DeployedGateway, opened
from tests.e2e.vendor_parts import Mood
from tests.e2e.vendors import FAKES, Vendors, opened_vendors

_GENERATIONS: Final = 60
_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05
_MEBIBYTES: Final = 1024


@contextmanager
def deployed() -> Iterator[tuple[DeployedGateway, Vendors]]:
    """Run a gateway with fake vendors."""
    with tempfile.TemporaryDirectory() as folder, opened_vendors() as vendors:
        context = {"provider_endpoints": json.dumps(vendors.endpoints())}
        launched = launch(Path(folder), port=emulator.free_port(), project="benchmark", context=context)
        try:
            with opened(launched) as gateway:
                vendors.configure(gateway)
                yield gateway, vendors
        finally:
            emulator.stop(launched.emulator)


def spendings(gateway: DeployedGateway, vendors: Vendors) -> dict[str, Spending]:
    """Measure one generation in each way."""
    environment = {
        **cli_environment(gateway.aws_endpoint_url, gateway.outputs),
        EMBEDDED_FUNCTION: "embedded",
        # The measuring process drives the machine itself.
        GENERATION_MACHINE: "none",
        BATCH_MACHINE: "none",
        DELIVERY_MACHINE: "none",
        PUBLIC_URL: "https://gateway.example",
        PROVIDER_SECRETS: PROVIDER_SECRET_PREFIX,
        PROVIDER_ENDPOINTS: json.dumps(vendors.endpoints()),
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "POWERTOOLS_METRICS_NAMESPACE": "benchmark",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        overhead.PROJECT: gateway.project_id,
        overhead.API_KEY: gateway.api_key,
    }
    command = [sys.executable, "-m", "benchmarks.overhead"]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return {kind: _spending(gateway, meter) for kind, meter in measured.items()}


def _spending(gateway: DeployedGateway, meter: dict[str, Any]) -> Spending:
    seconds: dict[str, float] = meter["seconds"]
    return Spending(
        transitions=meter["transitions"],
        invocations=sum(meter["invocations"].values()),
        gigabyte_seconds=sum(_gigabytes(gateway, name) * spent for name, spent in seconds.items()),
        write_units=meter["write_units"],
        read_units=meter["read_units"],
        calls=Counter(meter["calls"]),
        api_requests=meter["api_requests"],
    )


def _gigabytes(gateway: DeployedGateway, function: str) -> float:
    name = f"{STACK_NAME.lower()}-{function}"
    return gateway.aws("lambda").get_function_configuration(FunctionName=name)["MemorySize"] / _MEBIBYTES


def latencies(gateway: DeployedGateway, vendors: Vendors) -> list[float]:
    """Return the seconds from a vendor's callback to the client's own server, over some generations in a row."""
    inbox = vendors.hooks.open()
    body = {"url": f"{vendors.server.url}{inbox.path}", "events": ["generation.succeeded"]}
    with opened_client(gateway.base_url, gateway.admin_key) as admin:
        admin.post("/webhook_endpoints", cast_to=object, body=body)
    with opened_client(gateway.base_url, gateway.api_key) as client:
        for number in range(_GENERATIONS):
            # Only the callback ends it.
            wish = {"model": FAKES["replicate"].model_id, "prompt": f"lamp {number} [{Mood.LINGER}] [call soon]"}
            options: Any = {"headers": {"prefer": "respond-async"}}
            client.post("/generations", cast_to=object, body=wish, options=options)
            deadline = time.monotonic() + _SECONDS
            while len(inbox.accepted) <= number and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
        told = [content_of(one)["data"]["id"] for one in inbox.accepted]
        statuses = [read_json(client, f"/generations/{one}")["status"] for one in told]
    if statuses != ["succeeded"] * _GENERATIONS:
        message = f"Of {_GENERATIONS} generations, {len(told)} were told."
        raise RuntimeError(message)
    sent = sorted(one.at for one in vendors.callers.sent)
    return [accepted - begun for begun, accepted in zip(sent, inbox.accepted_at, strict=True)]


def figures() -> tuple[list[Figure], str]:
    """Measure, and return the rows of the table and the text below it."""
    with deployed() as (gateway, vendors):
        spent = spendings(gateway, vendors)
        seconds = latencies(gateway, vendors)
    rows = [row for kind, spending in spent.items() for row in _rows(kind, spending)]
    percentiles = statistics.quantiles(seconds, n=20)
    rows += [
        Figure(name=f"from a vendor's callback to the client, p{share}, {len(seconds)} times", value=value, unit="s")
        for share, value in ((50, percentiles[9]), (95, percentiles[18]))
    ]
    return rows, _details(spent)


def _rows(kind: str, spending: Spending) -> Iterator[Figure]:
    money = spending.dollars_per_thousand()
    parts = ", ".join(f"{service} {dollars:.3f}" for service, dollars in money.items() if dollars)
    yield Figure(name=f"{kind}: AWS calls of a generation", value=spending.calls.total(), unit="")
    yield Figure(name=f"{kind}: state transitions", value=spending.transitions, unit="")
    yield Figure(name=f"{kind}: invocations of functions", value=spending.invocations, unit="")
    yield Figure(name=f"{kind}: 1,000 generations", value=float(sum(money.values())), unit="USD", note=parts)


def _details(spent: dict[str, Spending]) -> str:
    calls = "\n".join(
        f"- {kind}: {', '.join(f'{count} `{name}`' for name, count in sorted(spending.calls.items()))}"
        for kind, spending in spent.items()
    )
    prices = "\n".join(
        f"| {name} | {price.dollars_per_million:f} | {price.source} | {'' if price.is_first_hand else 'second hand'} |"
        for name, price in NAMES.items()
    )
    return (
        f"AWS calls of one generation by who waits for it, authorizer and callback included:\n\n{calls}\n\n"
        f"List prices in us-east-1, looked up on {CHECKED_ON}; those marked were found on pages that cite AWS's "
        f"own, which could not be read.\n\n| what | USD per million | source | |\n|---|---|---|---|\n{prices}"
    )
