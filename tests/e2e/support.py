"""What the end-to-end tests hold of a deployed gateway: addresses, keys, and AWS clients that look behind it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3

from dev.emulator import CREDENTIALS, REGION
from dev.gateway import Gateway, cli_environment
from dev.paths import ROOT, executable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_stepfunctions import SFNClient

ServiceName = Literal["dynamodb", "lambda", "s3", "secretsmanager", "stepfunctions"]


class AwsClients:
    """Makes boto3 clients for the emulator, one per service, so that all can be closed at the end."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        self._clients: dict[str, Any] = {}

    @overload
    def __call__(self, service: Literal["dynamodb"]) -> "DynamoDBClient": ...
    @overload
    def __call__(self, service: Literal["lambda"]) -> "LambdaClient": ...
    @overload
    def __call__(self, service: Literal["s3"]) -> "S3Client": ...
    @overload
    def __call__(self, service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
    @overload
    def __call__(self, service: Literal["stepfunctions"]) -> "SFNClient": ...
    def __call__(self, service: ServiceName) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint_url)
        return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedGateway:
    """A gateway to test; `aws("dynamodb")` and its likes are clients of the account behind it."""

    base_url: str
    api_key: str
    admin_key: str
    project_id: str
    aws_endpoint_url: str
    emulator_pid: int
    outputs: dict[str, str]
    aws: AwsClients


@contextmanager
def opened(gateway: Gateway) -> Iterator[DeployedGateway]:
    """Show a gateway to tests, and close the clients they made."""
    clients = AwsClients(gateway.emulator.endpoint_url)
    try:
        yield DeployedGateway(
            base_url=gateway.base_url,
            api_key=gateway.keys.api_key,
            admin_key=gateway.keys.admin_key,
            project_id=gateway.keys.project_id,
            aws_endpoint_url=gateway.emulator.endpoint_url,
            emulator_pid=gateway.emulator.pid,
            outputs=gateway.outputs,
            aws=clients,
        )
    finally:
        clients.close()


def operate(gateway: DeployedGateway, *arguments: str) -> dict[str, str]:
    """Run the operator's command on the gateway and return what it tells."""
    told = subprocess.run(
        [str(executable("dev", "imagegate")), *arguments, "--json"],
        cwd=ROOT,
        env=cli_environment(gateway.aws_endpoint_url, gateway.outputs),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, str] = json.loads(told.stdout)
    return answer
