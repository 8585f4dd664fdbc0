"""Wiring of the `deliver` function."""

from random import SystemRandom

import shared_names
from imagegate.app.deliver import Deliver
from imagegate.aws import clients
from imagegate.aws.deliveries import DynamoDeliveryStore
from imagegate.aws.webhooks import DynamoEndpointStore
from imagegate.wiring.deployment import now, setting
from imagegate.wiring.webhooks import guarded_post


def deliver() -> Deliver:
    """Build what sends an event once."""
    client, table = clients.dynamodb(clients.session()), setting(shared_names.TABLE)
    return Deliver(
        endpoints=DynamoEndpointStore(client=client, table=table),
        deliveries=DynamoDeliveryStore(client=client, table=table),
        post=guarded_post(),
        clock=now,
        draw=SystemRandom().random,
    )
