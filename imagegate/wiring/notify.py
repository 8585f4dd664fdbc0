"""Wiring of the `notify` function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import shared_names
from imagegate.app.announce_deprecations import AnnounceDeprecations
from imagegate.app.count_usage import CountUsage
from imagegate.app.dispatch import Dispatch
from imagegate.app.watch_budget import BudgetChange, WatchBudget
from imagegate.aws import clients, stream
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.deliveries import DynamoDeliveryStore, StepFunctionsFlows
from imagegate.aws.events import DynamoEventStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.usage import DynamoUsage
from imagegate.aws.webhooks import DynamoEndpointStore
from imagegate.catalog import TomlCatalog
from imagegate.configured import EMBEDDED
from imagegate.domain.card import ModelCard
from imagegate.domain.event import Event
from imagegate.wiring.deployment import new_id, now, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyServices:
    """What the `notify` function needs."""

    read_change: Callable[[Mapping[str, Any]], Event | BudgetChange | None]
    dispatch: Dispatch
    watch_budget: WatchBudget
    announce_deprecations: AnnounceDeprecations
    count_usage: CountUsage


def notify_services() -> NotifyServices:
    """Build what turns changes of the table into deliveries."""
    session = clients.session()
    client, table = clients.dynamodb(session), setting(shared_names.TABLE)
    endpoints = DynamoEndpointStore(client=client, table=table)
    events = DynamoEventStore(client=client, table=table)
    projects = DynamoProjectStore(client=client, table=table)
    cards = partial(_cards, DynamoConfigurationStore(client=client, table=table))
    machine = setting(shared_names.DELIVERY_MACHINE)
    return NotifyServices(
        read_change=stream.read_change,
        dispatch=Dispatch(
            endpoints=endpoints,
            deliveries=DynamoDeliveryStore(client=client, table=table),
            flows=StepFunctionsFlows(client=clients.stepfunctions(session), state_machine=machine),
        ),
        watch_budget=WatchBudget(projects=projects, events=events, clock=now, new_id=new_id),
        announce_deprecations=AnnounceDeprecations(
            endpoints=endpoints, events=events, cards=cards, clock=now, new_id=new_id
        ),
        count_usage=CountUsage(counters=DynamoUsage(client=client, table=table)),
    )


def _cards(settings: DynamoConfigurationStore) -> tuple[ModelCard, ...]:
    return TomlCatalog((*settings.read(), EMBEDDED)).cards()
