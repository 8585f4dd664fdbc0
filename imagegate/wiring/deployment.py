"""What the stack tells its functions, and the parts of AWS that several of them work on."""

import json
import os
import secrets
from datetime import UTC, datetime

import shared_names
from imagegate.aws import clients
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.runs import StepFunctionsJobRuns
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.ids import ENTROPY_BYTES
from imagegate.domain.ids import new_id as id_at


def setting(name: str) -> str:
    """Return an environment variable.

    Raises:
        ConfigurationError: it is missing or empty.
    """
    value = os.environ.get(name)
    if not value:
        message = (
            f"The environment variable {name} is not set. `make up` and `make deploy` write its value; see README."
        )
        raise ConfigurationError(message)
    return value


def endpoint_url() -> str | None:
    """Return where the AWS SDK finds an emulator in the place of AWS."""
    return os.environ.get("AWS_ENDPOINT_URL")


def public_url() -> str | None:
    """Return where the outside reaches the API, without a slash at the end; None where it is not told.

    On an emulator the stack knows only the path, since the emulator's own address is not known before it runs.
    """
    url = os.environ.get(shared_names.PUBLIC_URL) or None
    return f"{endpoint_url() or ''}{url}" if url and url.startswith("/") else url


def secret_prefix() -> str:
    """Return what the names of all provider secrets begin with."""
    return os.environ.get(shared_names.PROVIDER_SECRETS) or shared_names.PROVIDER_SECRET_PREFIX


def stand_ins() -> dict[str, str]:
    """Return the addresses that win over everything, so that a mock can stand in for any provider.

    Raises:
        ConfigurationError: what is set cannot be read.
    """
    name = shared_names.PROVIDER_ENDPOINTS
    message = f"The environment variable {name} is not a JSON object of provider ids and their addresses."
    try:
        given = json.loads(os.environ.get(name) or "{}")
    except ValueError as error:
        raise ConfigurationError(message) from error
    if not isinstance(given, dict) or not all(isinstance(url, str) for url in given.values()):
        raise ConfigurationError(message)
    return given


def jobs(session: clients.Session) -> DynamoJobStore:
    """Return the job store."""
    return DynamoJobStore(
        client=clients.dynamodb(session),
        table=setting(shared_names.TABLE),
        audit_table=setting(shared_names.AUDIT_TABLE),
    )


def runs(session: clients.Session, jobs: DynamoJobStore) -> StepFunctionsJobRuns:
    """Return what starts and wakes the machine that drives jobs."""
    return StepFunctionsJobRuns(
        states=clients.stepfunctions(session),
        machine=setting(shared_names.GENERATION_MACHINE),
        client=jobs.client,
        table=jobs.table,
        clock=now,
    )


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Return a new id with this prefix."""
    return id_at(prefix, now(), secrets.token_bytes(ENTROPY_BYTES))
