"""What the process that runs the route handler is told, and what it tells; loads no handler itself."""

from dataclasses import dataclass
from typing import Final

# Environment variables.
VENDOR: Final = "BENCHMARK_VENDOR"
PROJECT: Final = "BENCHMARK_PROJECT"
API_KEY: Final = "BENCHMARK_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Medians of milliseconds over the pairs, and the AWS calls of one generation in their order."""

    wall: float
    cpu: float
    vendor_wall: float
    vendor_cpu: float
    ratio: float
    calls: list[str]
    depth: int
