"""Wiring of the operator's commands, which work on AWS with the operator's credentials, or on an emulator."""

import secrets
from contextlib import AbstractContextManager

from imagegate.app.check_catalog import CheckCatalog
from imagegate.app.manage_projects import ManageProjects
from imagegate.app.manage_providers import ManageProviders
from imagegate.app.negotiate_prices import NegotiatePrices
from imagegate.aws import clients, failures
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.signing import AwsSigner
from imagegate.catalog import TomlCatalog, all_provider_ids, provider_cards
from imagegate.catalog.signals import SOURCES
from imagegate.configured import EMBEDDED, ConfiguredProviders
from imagegate.http import HttpTransport
from imagegate.wiring import deployment, vendors


def manage_projects(table: str, *, emulator_url: str | None = None) -> ManageProjects:
    """Build what manages projects and their keys."""
    projects = DynamoProjectStore(client=clients.dynamodb(clients.session(), emulator_url), table=table)
    return ManageProjects(
        projects=projects, clock=deployment.now, new_id=deployment.new_id, entropy=secrets.token_bytes
    )


def negotiate_prices(table: str, *, emulator_url: str | None = None) -> NegotiatePrices:
    """Build what keeps the prices that projects have negotiated."""
    projects = DynamoProjectStore(client=clients.dynamodb(clients.session(), emulator_url), table=table)
    return NegotiatePrices(projects=projects, cards=TomlCatalog(all_provider_ids()).cards, clock=deployment.now)


def manage_providers(table: str, secret_prefix: str, *, emulator_url: str | None = None) -> ManageProviders:
    """Build what configures providers."""
    session = clients.session()
    return ManageProviders(
        cards=provider_cards(),
        own=frozenset({EMBEDDED}),
        secrets=vendors.secrets_of(session, secret_prefix, emulator_url),
        configuration=_configuration_of(session, table, emulator_url),
    )


def check_catalog(table: str, secret_prefix: str, *, emulator_url: str | None = None) -> CheckCatalog:
    """Build what compares the catalog with the configured providers; it asks them from where it runs."""
    session = clients.session()
    configured = ConfiguredProviders(
        read_settings=_configuration_of(session, table, emulator_url).read, own={}, stand_ins=deployment.stand_ins()
    )
    stored = vendors.secrets_of(session, secret_prefix, emulator_url)
    return CheckCatalog(
        catalog=configured,
        providers=configured,
        sources=SOURCES,
        transport=HttpTransport(vendors.credentials(AwsSigner(session=session), stored)),
        today=lambda: deployment.now().date(),
    )


def aws_failures_explained() -> AbstractContextManager[None]:
    """Turn what AWS refuses inside the block into a `ConfigurationError` that a person can act on."""
    return failures.explained()


def _configuration_of(session: clients.Session, table: str, emulator_url: str | None) -> DynamoConfigurationStore:
    return DynamoConfigurationStore(client=clients.dynamodb(session, emulator_url), table=table)
