"""Sends one event to one endpoint once and tells the state machine what follows, as data and never as an error."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from imagegate.domain.ids import EventId
from imagegate.domain.webhook import EndpointId
from imagegate.wiring import deliver as wiring

deliver = wiring.deliver()
logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, str], context: LambdaContext) -> dict[str, str | int]:
    """Answer one step of the delivery's flow."""
    verdict = deliver(EndpointId(event["endpoint_id"]), EventId(event["event_id"]), event["run"])
    logger.info("delivery tried", run=event["run"], verdict=verdict.kind.value, seconds=verdict.seconds)
    return {"verdict": verdict.kind.value, "seconds": verdict.seconds}
