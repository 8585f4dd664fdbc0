"""Wiring: the only place that reads the environment and chooses implementations."""

import json
import os
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import shared_names
from imagegate import providers
from imagegate.app.accept import Accept
from imagegate.app.authenticate import Authenticate
from imagegate.app.collect import Collect
from imagegate.app.generate import Generate
from imagegate.app.manage_projects import ManageProjects
from imagegate.app.moderate import ModerateImages, ModeratePrompt
from imagegate.app.ports import Catalog, PromptModerator
from imagegate.app.publish import Publish
from imagegate.app.read_generation import ReadGeneration, ReadImages
from imagegate.app.read_model import ReadModel
from imagegate.app.submit import Submit
from imagegate.aws import clients, failures
from imagegate.aws.images import S3ImageStore
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.signing import AwsSigner
from imagegate.catalog import TomlCatalog
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.ids import ENTROPY_BYTES, new_id
from imagegate.domain.provider import Provider
from imagegate.http import HttpTransport
from imagegate.moderators.rules import load_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteServices:
    """What the `route` function needs."""

    generate: Generate
    read_generation: ReadGeneration
    read_images: ReadImages
    read_model: ReadModel
    catalog: Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredProviders:
    """`Providers` over the adapters' package and the configured addresses."""

    base_urls: dict[str, str]

    def adapter(self, provider_id: str) -> Provider:
        """Load the adapter."""
        return providers.load(provider_id)

    def base_url(self, provider_id: str) -> str:
        """Return the configured address."""
        return self.base_urls[provider_id]


def route_services() -> RouteServices:
    """Build what serves generations and models."""
    jobs = DynamoJobStore(
        client=clients.dynamodb(), table=_setting(shared_names.TABLE), audit_table=_setting(shared_names.AUDIT_TABLE)
    )
    images = S3ImageStore(client=clients.s3(), bucket=_setting(shared_names.IMAGES_BUCKET))
    signer = AwsSigner(session=clients.session(), endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    configured = ConfiguredProviders(base_urls=_base_urls(signer))
    catalog = TomlCatalog(tuple(configured.base_urls))
    submit = Submit(providers=configured, catalog=catalog, transport=HttpTransport(signer))
    accept = Accept(
        projects=DynamoProjectStore(client=jobs.client, table=jobs.table),
        catalog=catalog,
        moderate_prompt=moderate_prompt(),
        submit=submit,
        jobs=jobs,
        clock=_now,
        new_id=_new_id,
    )
    generate = Generate(
        accept=accept,
        submit=submit,
        collect=Collect(images=images),
        moderate_images=ModerateImages(moderators=()),
        publish=Publish(images=images, jobs=jobs, clock=_now, new_id=_new_id),
        catalog=catalog,
        jobs=jobs,
        clock=_now,
    )
    return RouteServices(
        generate=generate,
        read_generation=ReadGeneration(jobs=jobs),
        read_images=ReadImages(images=images),
        read_model=ReadModel(catalog=catalog),
        catalog=catalog,
    )


def authenticate() -> Authenticate:
    """Build what the authorizer needs."""
    return Authenticate(projects=DynamoProjectStore(client=clients.dynamodb(), table=_setting(shared_names.TABLE)))


def moderate_prompt() -> ModeratePrompt:
    """Build the prompt moderation with the shipped rule pack."""
    moderators: tuple[PromptModerator, ...] = (_rules(),)
    return ModeratePrompt(moderators=moderators)


def manage_projects(table: str, *, emulator_url: str | None = None) -> ManageProjects:
    """Build what the operator's commands need; without an emulator it works on AWS with the operator's credentials."""
    client = clients.dynamodb() if emulator_url is None else clients.emulator_dynamodb(emulator_url)
    projects = DynamoProjectStore(client=client, table=table)
    return ManageProjects(projects=projects, clock=_now, new_id=_new_id, entropy=secrets.token_bytes)


def aws_failures_explained() -> AbstractContextManager[None]:
    """Turn what AWS refuses inside the block into a `ConfigurationError` that a person can act on."""
    return failures.explained()


@cache
def _rules() -> PromptModerator:
    return load_rules()


def _base_urls(signer: AwsSigner) -> dict[str, str]:
    """Return the address of every configured provider; an override wins, so a mock can stand in for any of them."""
    embedded = signer.lambda_invoke_url(_setting(shared_names.EMBEDDED_FUNCTION))
    overrides: dict[str, str] = json.loads(os.environ.get(shared_names.PROVIDER_ENDPOINTS) or "{}")
    return {"embedded": embedded} | overrides


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
