"""The reconciler: runs every minute, or when an operator invokes it, perhaps as of a later moment."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AwareDatetime, BaseModel

from imagegate.wiring import reconcile as wiring

reconcile = wiring.reconcile()
logger = Logger()
metrics = Metrics()


class Order(BaseModel):
    """What an event may ask for; with `as_of`, whatever would be overdue at that moment counts as overdue."""

    as_of: AwareDatetime | None = None


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, int]:
    """Settle what is overdue and tell the counts; what could not be settled fails the run after everything else."""
    done = reconcile(Order.model_validate(event).as_of)
    counts = {
        "ReconciledJobs": done.restarted,
        "AbandonedJobs": done.abandoned,
        "ReleasedSlots": done.released_slots,
        "SweptObjects": done.swept_objects,
    }
    for name, count in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    logger.info("reconciled", extra={"counts": counts})
    if done.failures:
        message = f"could not be settled: {', '.join(job_id for job_id, _ in done.failures)}"
        raise ExceptionGroup(message, [error for _, error in done.failures])
    return counts
