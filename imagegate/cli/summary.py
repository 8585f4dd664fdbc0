"""What people are told about a generation, the same after making it and when looking it up."""

from imagegate.api.responses import GenerationAnswer, WarningAnswer
from imagegate.cli.output import print_facts


def print_generation(generation: GenerationAnswer) -> None:
    """Print what was made by whom, how long it took and what it cost, then every warning."""
    cost = generation.cost
    seconds = generation.latency_seconds
    print_facts(
        {
            "generation": generation.id,
            "status": generation.status.value,
            "provider": generation.provider,
            "model": generation.model,
            "version": generation.model_version,
            "seconds": None if seconds is None else f"{seconds:.1f}",
            "cost": f"{cost.amount} {cost.currency}" if cost else None,
        }
    )
    for warning in generation.warnings:
        print_facts({"warning": _tell(warning)})
    for failure in generation.failures:
        last = failure.first + failure.count
        which = f"{failure.first + 1}" if failure.count == 1 else f"{failure.first + 1} to {last}"
        print_facts({"not made": f"picture {which}: {failure.code}: {failure.message}"})
    if generation.error:
        print_facts({"error": f"{generation.error.code}: {generation.error.message}"})


def _tell(warning: WarningAnswer) -> str:
    return f"{warning.param}: {warning.message}" if warning.param else warning.message
