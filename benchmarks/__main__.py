"""`make bench`: measures everything in one run, prints one table, and writes it into docs/benchmarks.md."""

import os
import platform
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from benchmarks import deployed, jobs, own_code, planning, starts
from benchmarks.figures import Figure, inserted, markdown
from benchmarks.measured import Measured
from dev import deploy
from dev.console import StepFailedError, exit_with, say
from dev.gateway import Gateway
from dev.paths import CLOUD_ASSEMBLY, LOCAL_ASSEMBLY, ROOT
from imagegate.domain.strategy import Strategy

DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
PICTURE_BYTES: Final = {"200 KB": 200_000, "2 MB": 2_000_000}
SIZES: Final = ("128x128", "512x512", "1024x1024")
PLANNING_TARGET: Final = 2.0
OWN_CODE_TARGET: Final = {"200 KB": 3.0}
IMPORT_TARGET: Final = {"route": 500.0}
LAYER_TARGET: Final = {"base": 60.0}


def _own_code() -> Iterator[Figure]:
    for label, size in PICTURE_BYTES.items():
        yield Figure(
            name=f"our own code, one {label} picture, CPU",
            value=own_code.cpu_milliseconds(size),
            unit="ms",
            target=OWN_CODE_TARGET.get(label),
        )


def _planning() -> Iterator[Figure]:
    for strategy in Strategy:
        yield Figure(
            name=f"planning a route by `{strategy}` among {planning.models()} models, CPU",
            value=planning.cpu_milliseconds(strategy),
            unit="ms",
            target=PLANNING_TARGET,
        )


def _route(label: str, measured: Measured) -> Iterator[Figure]:
    added = f"{measured.wall:.0f} against {measured.vendor_wall:.1f} straight from the vendor"
    yield Figure(
        name=f"route, {label}, added latency", value=measured.wall - measured.vendor_wall, unit="ms", note=added
    )
    yield Figure(name=f"route, {label}, ratio to a direct call", value=measured.ratio, unit="")
    yield Figure(
        name=f"route, {label}, added CPU, AWS client included",
        value=measured.cpu - measured.vendor_cpu,
        unit="ms",
    )


def _starts() -> Iterator[Figure]:
    functions = starts.unpacked_functions(LOCAL_ASSEMBLY)
    alone = starts.sdk_milliseconds("route", functions["route"])
    yield Figure(name="the AWS SDK alone with two clients, CPU", value=alone, unit="ms")
    for name, unpacked in sorted(functions.items()):
        yield Figure(
            name=f"import of `{name}`, CPU",
            value=starts.import_milliseconds(name, unpacked),
            unit="ms",
            target=IMPORT_TARGET.get(name),
        )


def _sizes() -> Iterator[Figure]:
    functions = starts.unpacked_functions(CLOUD_ASSEMBLY)
    route = functions["route"]
    yield Figure(name="code of all functions, unzipped", value=starts.size_in_megabytes(route.code), unit="MB")
    for name, folder in sorted({**route.layers, **functions["embedded"].layers}.items()):
        size = starts.size_in_megabytes(folder)
        yield Figure(name=f"layer `{name}`, unzipped", value=size, unit="MB", target=LAYER_TARGET.get(name))
    for name, unpacked in sorted(functions.items()):
        yield Figure(name=f"`{name}` with its layers, unzipped", value=unpacked.megabytes, unit="MB")


def _pictures(gateway: Gateway) -> Iterator[Figure]:
    for size in SIZES:
        seconds = deployed.picture_seconds(gateway, size)
        yield Figure(name=f"picture {size} through the deployed API, warm", value=seconds, unit="s", target=1.0)


def _details(measured: Measured) -> str:
    calls = ", ".join(f"{count} `{name}`" for name, count in Counter(measured.calls).items())
    slowest = starts.slowest_packages("route", starts.unpacked_functions(LOCAL_ASSEMBLY)["route"])
    packages = ", ".join(f"{package} {milliseconds:.0f}" for package, milliseconds in slowest)
    return (
        f"AWS calls of one synchronous generation, in their order of first use: {calls}. "
        f"The vendor's own call comes on top.\n\n"
        f"What the import of `route` consists of, in milliseconds under `-X importtime`, which slows it: "
        f"{packages}."
    )


def _conditions(load_before: tuple[float, float, float]) -> str:
    loads = " → ".join(f"{load[0]:.1f}" for load in (load_before, os.getloadavg()))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} CPUs, load average {loads}."
    )


def run() -> str:
    """Measure everything and return the document's section."""
    load_before = os.getloadavg()
    say(f"Load average {load_before[0]:.1f} on {os.cpu_count()} CPUs; wall times suffer from load, CPU times hardly")
    deploy.synthesize("aws", CLOUD_ASSEMBLY)
    figures = [*_own_code(), *_planning(), *_sizes()]
    with deployed.launched() as launched:
        figures += [
            Figure(name="`make up` on warm caches", value=launched.seconds, unit="s", target=20.0),
            Figure(name="`make up` after a change of code", value=launched.seconds_after_change, unit="s"),
        ]
        say("Pictures through the deployed API")
        figures += _pictures(launched.gateway)
        say("The route handler")
        for label, size in PICTURE_BYTES.items():
            measured = deployed.measured_route(launched.gateway, size)
            figures += _route(label, measured)
    figures.append(Figure(name="AWS calls of one generation", value=len(measured.calls), unit=""))
    figures.append(Figure(name="AWS calls that wait for one another", value=measured.depth, unit=""))
    say("Work that nobody waits for")
    of_jobs, details_of_jobs = jobs.figures()
    figures += of_jobs
    say("Imports")
    figures += _starts()
    return f"{_conditions(load_before)}\n\n{markdown(figures)}\n\n{_details(measured)}\n\n{details_of_jobs}"


def main() -> None:
    """Measure, print and write."""
    try:
        section = run()
    except StepFailedError as error:
        exit_with(error)
    print(f"\n{section}\n")
    DOCUMENT.write_text(inserted(DOCUMENT.read_text(encoding="utf-8"), section), encoding="utf-8")
    say(f"Written into {DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
