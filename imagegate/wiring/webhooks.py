"""Wiring of the endpoints' own API, and of what it shares with the functions that tell endpoints."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from urllib.parse import urlsplit

import shared_names
from imagegate.app.manage_webhooks import ManageWebhooks
from imagegate.app.replay import Replay
from imagegate.app.webhook_ports import CheckAddress
from imagegate.aws import clients
from imagegate.aws.deliveries import DynamoDeliveryStore, StepFunctionsFlows
from imagegate.aws.events import DynamoEventStore
from imagegate.aws.webhooks import DynamoEndpointStore
from imagegate.fetching import GuardedPost
from imagegate.wiring import deployment
from imagegate.wiring.deployment import new_id, now, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookServices:
    """What serves `/v1/webhook_endpoints`."""

    manage: ManageWebhooks
    replay: Replay


def webhook_services() -> Callable[[], WebhookServices]:
    """Return what builds, at the first call, what manages endpoints and replays deliveries: few requests are theirs.

    Raises:
        ConfigurationError: a setting is missing, which is told at once.
    """
    table, machine = setting(shared_names.TABLE), setting(shared_names.DELIVERY_MACHINE)
    return cache(partial(_webhook_services, table, machine, guarded_post().check))


def guarded_post() -> GuardedPost:
    """Return what sends to endpoints; nothing but a provider's stand-in may lie on this machine."""
    parts = [urlsplit(url) for url in deployment.stand_ins().values()]
    return GuardedPost(trusted_origins=frozenset(f"{one.scheme}://{one.netloc}" for one in parts))


def _webhook_services(table: str, machine: str, check_address: CheckAddress) -> WebhookServices:
    session = clients.session()
    client = clients.dynamodb(session)
    manage = ManageWebhooks(
        endpoints=DynamoEndpointStore(client=client, table=table),
        events=DynamoEventStore(client=client, table=table),
        check_address=check_address,
        clock=now,
        new_id=new_id,
        entropy=secrets.token_bytes,
    )
    replay = Replay(
        webhooks=manage,
        deliveries=DynamoDeliveryStore(client=client, table=table),
        flows=StepFunctionsFlows(client=clients.stepfunctions(session), state_machine=machine),
        new_id=new_id,
    )
    return WebhookServices(manage=manage, replay=replay)
