"""boto3 clients with the time-outs and retries that a function with 29 seconds can afford."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient

# Retries are safe here: every write of ours is conditional or writes the same bytes again.
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
# Signed addresses must carry the bucket's region and signature version 4, or KMS-encrypted objects cannot be read.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4"))
# What `make up` deploys with.
_EMULATOR_REGION = "us-east-1"
_EMULATOR_CREDENTIAL = "test"


def dynamodb() -> "DynamoDBClient":
    """Return a DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


def emulator_dynamodb(url: str) -> "DynamoDBClient":
    """Return a DynamoDB client of an emulator, which takes any credentials: no real ones are used."""
    return boto3.client(
        "dynamodb",
        config=_CONFIG,
        endpoint_url=url,
        region_name=_EMULATOR_REGION,
        aws_access_key_id=_EMULATOR_CREDENTIAL,
        aws_secret_access_key=_EMULATOR_CREDENTIAL,
    )


def secretsmanager() -> "SecretsManagerClient":
    """Return a Secrets Manager client."""
    return boto3.client("secretsmanager", config=_CONFIG)


def emulator_secretsmanager(url: str) -> "SecretsManagerClient":
    """Return a Secrets Manager client of an emulator, which takes any credentials: no real ones are used."""
    return boto3.client(
        "secretsmanager",
        config=_CONFIG,
        endpoint_url=url,
        region_name=_EMULATOR_REGION,
        aws_access_key_id=_EMULATOR_CREDENTIAL,
        aws_secret_access_key=_EMULATOR_CREDENTIAL,
    )


def s3() -> "S3Client":
    """Return an S3 client."""
    return boto3.client("s3", config=_S3_CONFIG)


def session() -> boto3.Session:
    """Return a session, which finds credentials and keeps them fresh."""
    return boto3.Session()
