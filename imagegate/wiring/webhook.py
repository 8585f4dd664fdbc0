"""Wiring of the `webhook` function, which receives the callbacks of providers."""

from imagegate.app.receive_callback import ReceiveCallback
from imagegate.aws import clients
from imagegate.aws.callbacks import DynamoCallbacks
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.callback_keys import FetchedCallbackKeys
from imagegate.configured import ConfiguredProviders
from imagegate.http import HttpTransport
from imagegate.wiring import deployment, vendors
from imagegate.wiring.deployment import now


def receive_callback() -> ReceiveCallback:
    """Build what takes callbacks; it asks no provider for anything but published keys."""
    session = clients.session()
    jobs = deployment.jobs(session)
    configuration = DynamoConfigurationStore(client=jobs.client, table=jobs.table)
    providers = ConfiguredProviders(read_settings=configuration.read, own={}, stand_ins=deployment.stand_ins())
    secrets = vendors.secrets_of(session, deployment.secret_prefix(), None)
    return ReceiveCallback(
        providers=providers,
        keys=FetchedCallbackKeys(secrets=secrets, forget_secret=secrets.forget, send=HttpTransport().send),
        jobs=jobs,
        callbacks=DynamoCallbacks(client=jobs.client, table=jobs.table),
        runs=deployment.runs(session, jobs),
        clock=now,
    )
