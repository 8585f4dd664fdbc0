"""AWS clients with the time-outs and retries that a function with 29 seconds can afford.

Made by botocore itself: boto3 would add nothing that is used here, and a tenth of a second to every cold start.
"""

from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session as Session  # noqa: PLC0414 - wiring names the type without importing botocore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_stepfunctions import SFNClient

# Retries are safe here: every write of ours is conditional or writes the same bytes again.
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
# Signed addresses must carry the bucket's region and signature version 4, or KMS-encrypted objects cannot be read.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4"))
# What `make up` deploys with.
_EMULATOR_REGION = "us-east-1"
_EMULATOR_CREDENTIAL = "test"


def session() -> Session:
    """Return a session, which finds credentials and keeps them fresh; clients of one session share what it has read."""
    return Session()


def dynamodb(session: Session, emulator_url: str | None = None) -> "DynamoDBClient":
    """Return a DynamoDB client."""
    client: DynamoDBClient = _create(session, "dynamodb", config=_CONFIG, **_emulator(emulator_url))
    return client


def secretsmanager(session: Session, emulator_url: str | None = None) -> "SecretsManagerClient":
    """Return a Secrets Manager client."""
    client: SecretsManagerClient = _create(session, "secretsmanager", config=_CONFIG, **_emulator(emulator_url))
    return client


def stepfunctions(session: Session, emulator_url: str | None = None) -> "SFNClient":
    """Return a Step Functions client."""
    client: SFNClient = _create(session, "stepfunctions", config=_CONFIG, **_emulator(emulator_url))
    return client


def s3(session: Session) -> "S3Client":
    """Return an S3 client."""
    client: S3Client = _create(session, "s3", config=_S3_CONFIG)
    return client


def _emulator(url: str | None) -> dict[str, str]:
    # An emulator takes any credentials, so that no real ones are sent to it.
    if url is None:
        return {}
    return {
        "endpoint_url": url,
        "region_name": _EMULATOR_REGION,
        "aws_access_key_id": _EMULATOR_CREDENTIAL,
        "aws_secret_access_key": _EMULATOR_CREDENTIAL,
    }


def _create(session: Session, service: str, **settings: Any) -> Any:
    # botocore makes its clients' methods at run time, so only the stubs above know them.
    return session.create_client(service, **settings)
