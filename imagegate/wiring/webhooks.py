"""Wiring of what tells clients' endpoints: the functions `notify` and `deliver`, and the endpoints' own API."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from random import SystemRandom
from typing import Any
from urllib.parse import urlsplit

import shared_names
from imagegate.app.announce_deprecations import AnnounceDeprecations
from imagegate.app.deliver import Deliver
from imagegate.app.dispatch import Dispatch
from imagegate.app.manage_webhooks import ManageWebhooks
from imagegate.app.replay import Replay
from imagegate.app.watch_budget import BudgetChange, WatchBudget
from imagegate.app.webhook_ports import CheckAddress
from imagegate.aws import clients, stream
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.deliveries import DynamoDeliveryStore, StepFunctionsFlows
from imagegate.aws.events import DynamoEventStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.webhooks import DynamoEndpointStore
from imagegate.catalog import TomlCatalog
from imagegate.configured import EMBEDDED
from imagegate.domain.card import ModelCard
from imagegate.domain.event import Event
from imagegate.fetching import GuardedPost
from imagegate.wiring import deployment
from imagegate.wiring.deployment import new_id, now, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyServices:
    """What the `notify` function needs."""

    read_change: Callable[[Mapping[str, Any]], Event | BudgetChange | None]
    dispatch: Dispatch
    watch_budget: WatchBudget
    announce_deprecations: AnnounceDeprecations


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookServices:
    """What serves `/v1/webhook_endpoints`."""

    manage: ManageWebhooks
    replay: Replay


def notify_services() -> NotifyServices:
    """Build what turns changes of the table into deliveries."""
    session = clients.session()
    client, table = clients.dynamodb(session), setting(shared_names.TABLE)
    endpoints = DynamoEndpointStore(client=client, table=table)
    events = DynamoEventStore(client=client, table=table)
    projects = DynamoProjectStore(client=client, table=table)
    settings = DynamoConfigurationStore(client=client, table=table)
    return NotifyServices(
        read_change=stream.read_change,
        dispatch=Dispatch(
            endpoints=endpoints,
            deliveries=DynamoDeliveryStore(client=client, table=table),
            flows=_flows(session, setting(shared_names.DELIVERY_MACHINE)),
        ),
        watch_budget=WatchBudget(projects=projects, events=events, clock=now, new_id=new_id),
        announce_deprecations=AnnounceDeprecations(
            endpoints=endpoints, events=events, cards=partial(_cards, settings), clock=now, new_id=new_id
        ),
    )


def deliver() -> Deliver:
    """Build what sends an event once."""
    client, table = clients.dynamodb(clients.session()), setting(shared_names.TABLE)
    return Deliver(
        endpoints=DynamoEndpointStore(client=client, table=table),
        deliveries=DynamoDeliveryStore(client=client, table=table),
        post=_guarded_post(),
        clock=now,
        draw=SystemRandom().random,
    )


def webhook_services() -> Callable[[], WebhookServices]:
    """Return what builds, at the first call, what manages endpoints and replays deliveries: few requests are theirs.

    Raises:
        ConfigurationError: a setting is missing, which is told at once.
    """
    table, machine = setting(shared_names.TABLE), setting(shared_names.DELIVERY_MACHINE)
    return cache(partial(_webhook_services, table, machine, _guarded_post().check))


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
    deliveries = DynamoDeliveryStore(client=client, table=table)
    return WebhookServices(
        manage=manage,
        replay=Replay(webhooks=manage, deliveries=deliveries, flows=_flows(session, machine), new_id=new_id),
    )


def _flows(session: clients.Session, machine: str) -> StepFunctionsFlows:
    return StepFunctionsFlows(client=clients.stepfunctions(session), state_machine=machine)


def _guarded_post() -> GuardedPost:
    # A stand-in may lie on this machine, so that a test can receive what is sent; nothing else may.
    parts = [urlsplit(url) for url in deployment.stand_ins().values()]
    return GuardedPost(trusted_origins=frozenset(f"{one.scheme}://{one.netloc}" for one in parts))


def _cards(settings: DynamoConfigurationStore) -> tuple[ModelCard, ...]:
    return TomlCatalog((*settings.read(), EMBEDDED)).cards()
