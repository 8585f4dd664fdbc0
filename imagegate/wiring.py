"""Wiring: the only place that reads the environment and chooses implementations."""

import os
import secrets
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial

from pydantic import TypeAdapter, ValidationError

import shared_names
from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.authenticate import Authenticate
from imagegate.app.calls import Calls
from imagegate.app.check_catalog import CheckCatalog
from imagegate.app.collect import Collect
from imagegate.app.conclude import Conclude
from imagegate.app.generate import Generate
from imagegate.app.list_models import ListModels
from imagegate.app.manage_projects import ManageProjects
from imagegate.app.manage_providers import ManageProviders
from imagegate.app.moderate import ModerateImages, ModeratePrompt
from imagegate.app.observe import Observe
from imagegate.app.ports import PromptModerator
from imagegate.app.publish import Publish
from imagegate.app.read_generation import ReadGeneration, ReadImages
from imagegate.app.receive_images import ReceiveImages
from imagegate.app.submit import Submit
from imagegate.aws import clients, failures
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.images import S3ImageStore
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.secrets import SecretsManagerStore
from imagegate.aws.signing import AwsSigner
from imagegate.catalog import provider_cards
from imagegate.catalog.signals import SOURCES
from imagegate.configured import EMBEDDED, ConfiguredProviders
from imagegate.credentials import Credentials
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.ids import ENTROPY_BYTES, new_id
from imagegate.fetching import GuardedFetch
from imagegate.google import google_token
from imagegate.http import HttpTransport
from imagegate.moderators.rules import load_rules

# The `route` function has 29 seconds; the rest is for writing down what became of the attempt.
LONGEST_READ_SECONDS = 26.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteServices:
    """What the `route` function needs."""

    generate: Generate
    read_generation: ReadGeneration
    read_images: ReadImages
    list_models: ListModels
    receive_images: ReceiveImages


def route_services() -> RouteServices:
    """Build what serves generations and models."""
    session = clients.session()
    jobs = DynamoJobStore(
        client=clients.dynamodb(session),
        table=_setting(shared_names.TABLE),
        audit_table=_setting(shared_names.AUDIT_TABLE),
    )
    images = S3ImageStore(client=clients.s3(session), bucket=_setting(shared_names.IMAGES_BUCKET))
    signer = AwsSigner(session=session, endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    configured = _configured_providers(jobs, signer)
    prefix = os.environ.get(shared_names.PROVIDER_SECRETS) or shared_names.PROVIDER_SECRET_PREFIX
    credentials = _credentials(signer, _secrets_of(session, prefix, None))
    transport = HttpTransport(credentials, longest_read_seconds=LONGEST_READ_SECONDS)
    calls = Calls(providers=configured, catalog=configured, transport=transport, images=images)
    accept = Accept(
        projects=DynamoProjectStore(client=jobs.client, table=jobs.table),
        catalog=configured,
        moderate_prompt=moderate_prompt(),
        calls=calls,
        jobs=jobs,
        clock=_now,
        new_id=_new_id,
    )
    return RouteServices(
        generate=_generate(accept, calls, images, configured.trusted_origins()),
        read_generation=ReadGeneration(jobs=jobs),
        read_images=ReadImages(images=images),
        list_models=ListModels(catalog=configured),
        receive_images=ReceiveImages(images=images, fetch=GuardedFetch(), new_id=_new_id),
    )


def _generate(accept: Accept, calls: Calls, images: S3ImageStore, trusted_origins: frozenset[str]) -> Generate:
    advance = Advance(
        submit=Submit(calls=calls),
        observe=Observe(calls=calls),
        collect=Collect(images=images, calls=calls, fetch=GuardedFetch(trusted_origins=trusted_origins)),
        jobs=accept.jobs,
        clock=_now,
    )
    conclude = Conclude(
        moderate_images=ModerateImages(moderators=()),
        publish=Publish(images=images, jobs=accept.jobs, clock=_now, new_id=_new_id),
        calls=calls,
        catalog=accept.catalog,
        images=images,
        jobs=accept.jobs,
        clock=_now,
    )
    return Generate(accept=accept, advance=advance, conclude=conclude, jobs=accept.jobs, clock=_now, sleep=time.sleep)


def authenticate() -> Authenticate:
    """Build what the authorizer needs."""
    client = clients.dynamodb(clients.session())
    return Authenticate(projects=DynamoProjectStore(client=client, table=_setting(shared_names.TABLE)))


def moderate_prompt() -> ModeratePrompt:
    """Build the prompt moderation with the shipped rule pack."""
    moderators: tuple[PromptModerator, ...] = (_rules(),)
    return ModeratePrompt(moderators=moderators)


def manage_projects(table: str, *, emulator_url: str | None = None) -> ManageProjects:
    """Build what the operator's commands need; without an emulator it works on AWS with the operator's credentials."""
    projects = DynamoProjectStore(client=clients.dynamodb(clients.session(), emulator_url), table=table)
    return ManageProjects(projects=projects, clock=_now, new_id=_new_id, entropy=secrets.token_bytes)


def manage_providers(table: str, secret_prefix: str, *, emulator_url: str | None = None) -> ManageProviders:
    """Build what configures providers, on AWS with the operator's credentials or on an emulator."""
    session = clients.session()
    return ManageProviders(
        cards=provider_cards(),
        own=frozenset({EMBEDDED}),
        secrets=_secrets_of(session, secret_prefix, emulator_url),
        configuration=_configuration_of(session, table, emulator_url),
    )


def check_catalog(table: str, secret_prefix: str, *, emulator_url: str | None = None) -> CheckCatalog:
    """Build what compares the catalog with the configured providers; it asks them from where it runs."""
    session = clients.session()
    configured = ConfiguredProviders(
        read_settings=_configuration_of(session, table, emulator_url).read, own={}, stand_ins=_stand_ins()
    )
    signer = AwsSigner(session=session)
    transport = HttpTransport(_credentials(signer, _secrets_of(session, secret_prefix, emulator_url)))
    return CheckCatalog(
        catalog=configured,
        providers=configured,
        sources=SOURCES,
        transport=transport,
        today=lambda: _now().date(),
    )


def aws_failures_explained() -> AbstractContextManager[None]:
    """Turn what AWS refuses inside the block into a `ConfigurationError` that a person can act on."""
    return failures.explained()


def _secrets_of(session: clients.Session, prefix: str, emulator_url: str | None) -> SecretsManagerStore:
    return SecretsManagerStore(client=clients.secretsmanager(session, emulator_url), prefix=prefix)


def _configuration_of(session: clients.Session, table: str, emulator_url: str | None) -> DynamoConfigurationStore:
    return DynamoConfigurationStore(client=clients.dynamodb(session, emulator_url), table=table)


@cache
def _rules() -> PromptModerator:
    return load_rules()


def _configured_providers(jobs: DynamoJobStore, signer: AwsSigner) -> ConfiguredProviders:
    embedded = signer.lambda_invoke_url(_setting(shared_names.EMBEDDED_FUNCTION))
    configuration = DynamoConfigurationStore(client=jobs.client, table=jobs.table)
    return ConfiguredProviders(read_settings=configuration.read, own={EMBEDDED: embedded}, stand_ins=_stand_ins())


def _stand_ins() -> dict[str, str]:
    """Return the addresses that win over everything, so that a mock can stand in for any provider."""
    name = shared_names.PROVIDER_ENDPOINTS
    try:
        return TypeAdapter(dict[str, str]).validate_json(os.environ.get(name) or "{}")
    except ValidationError as error:
        message = f"The environment variable {name} is not a JSON object of provider ids and their addresses."
        raise ConfigurationError(message) from error


def _credentials(signer: AwsSigner, stored: SecretsManagerStore) -> Credentials:
    plain = HttpTransport()
    return Credentials(
        secrets=stored,
        sign=signer,
        send=plain.send,
        google_token=partial(google_token, plain.send),
    )


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        message = (
            f"The environment variable {name} is not set. `make up` and `make deploy` write its value; see README."
        )
        raise ConfigurationError(message)
    return value


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(prefix: str) -> str:
    return new_id(prefix, _now(), secrets.token_bytes(ENTROPY_BYTES))
