"""Wiring of what tells what things cost, before and after: estimates and usage."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import shared_names
from imagegate.app.estimate import CompareCosts
from imagegate.app.read_usage import ReadUsage
from imagegate.aws import clients
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.usage import DynamoUsage
from imagegate.catalog.machines import machine_prices
from imagegate.configured import EMBEDDED, ConfiguredProviders
from imagegate.wiring import deployment
from imagegate.wiring.deployment import now, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CostServices:
    """What serves `/v1/estimates` and `/v1/usage`."""

    compare: CompareCosts
    read_usage: ReadUsage


def cost_services() -> Callable[[], CostServices]:
    """Return what builds, at the first call, what tells costs: few requests ask for them.

    Raises:
        ConfigurationError: a setting is missing, which is told at once.
    """
    return cache(partial(_cost_services, setting(shared_names.TABLE)))


def _cost_services(table: str) -> CostServices:
    client = clients.dynamodb(clients.session())
    configuration = DynamoConfigurationStore(client=client, table=table)
    catalog = ConfiguredProviders(
        read_settings=configuration.read, own={EMBEDDED: EMBEDDED}, stand_ins=deployment.stand_ins()
    )
    projects = DynamoProjectStore(client=client, table=table)
    return CostServices(
        compare=CompareCosts(projects=projects, catalog=catalog, clock=now, machines=machine_prices()),
        read_usage=ReadUsage(usage=DynamoUsage(client=client, table=table), clock=now),
    )
