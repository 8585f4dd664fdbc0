"""Wiring of the way to the providers: which are configured, with whose credentials, through which transport."""

from functools import partial

import shared_names
from imagegate.aws import clients
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.secrets import SecretsManagerStore
from imagegate.aws.signing import AwsSigner
from imagegate.configured import EMBEDDED, ConfiguredProviders
from imagegate.credentials import Credentials
from imagegate.google import google_token
from imagegate.http import HttpTransport
from imagegate.wiring import deployment


def configured_providers(jobs: DynamoJobStore, signer: AwsSigner) -> ConfiguredProviders:
    """Return what an operator configured, and the demo model, which is always there."""
    embedded = signer.lambda_invoke_url(deployment.setting(shared_names.EMBEDDED_FUNCTION))
    configuration = DynamoConfigurationStore(client=jobs.client, table=jobs.table)
    return ConfiguredProviders(
        read_settings=configuration.read, own={EMBEDDED: embedded}, stand_ins=deployment.stand_ins()
    )


def secrets_of(session: clients.Session, prefix: str, emulator_url: str | None) -> SecretsManagerStore:
    """Return the providers' secrets."""
    return SecretsManagerStore(client=clients.secretsmanager(session, emulator_url), prefix=prefix)


def credentials(signer: AwsSigner, stored: SecretsManagerStore) -> Credentials:
    """Return what turns secrets into headers."""
    plain = HttpTransport()
    return Credentials(secrets=stored, sign=signer, send=plain.send, google_token=partial(google_token, plain.send))
