"""Turns changes of the table into deliveries, events and usage; a batch that fails comes again, changing nothing."""

from typing import Any, assert_never

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from imagegate.app.watch_budget import BudgetChange
from imagegate.domain.event import Event
from imagegate.wiring.notify import notify_services
from shared_names import TASK_ANNOUNCE_DEPRECATIONS

services = notify_services()
logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Take a batch of the table's stream, or the task of a schedule."""
    if event.get("task") == TASK_ANNOUNCE_DEPRECATIONS:
        services.announce_deprecations()
        return {"changes": 0}
    changes = [services.read_change(record) for record in event["Records"]]
    for change in changes:
        _take(change)
    # Last, so that nothing that is wrong with it keeps anybody from being told.
    services.count_usage([change for change in changes if isinstance(change, Event)])
    return {"changes": len(changes)}


def _take(change: Event | BudgetChange | None) -> None:
    match change:
        case Event():
            endpoints = services.dispatch(change)
            logger.info("event dispatched", event_id=change.id, event_type=change.type.value, endpoints=endpoints)
        case BudgetChange():
            services.watch_budget(change)
        case None:
            return
        case _ as never:
            assert_never(never)
