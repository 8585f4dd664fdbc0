"""What drives jobs while nobody waits: executions of the state machine, and the tokens that wake them."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from imagegate.app.ports import Clock, RunNotStartedError
from imagegate.aws.items import Item, key, number
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job
from shared_names import EXPIRES_AT

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_stepfunctions import SFNClient

TOKEN_RETENTION = timedelta(days=2)
_TOKEN = "token"  # noqa: S105 - the name of an attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFunctionsJobRuns:
    """`JobRuns` on Step Functions, with the tokens in DynamoDB."""

    states: "SFNClient"
    machine: str
    client: "DynamoDBClient"
    table: str
    clock: Clock

    def start(self, job: Job) -> None:
        """Start an execution named after the job and its version, so that two who see the same job start one."""
        try:
            self.states.start_execution(
                stateMachineArn=self.machine, name=f"{job.id}-{job.version}", input=json.dumps({"job_id": job.id})
            )
        except self.states.exceptions.ExecutionAlreadyExists:
            return
        except (BotoCoreError, ClientError) as error:
            raise RunNotStartedError(job.id) from error

    def keep_token(self, job_id: JobId, token: str) -> None:
        """Keep a token; a job waits in one place at a time, so the newest takes the place of any other."""
        expires_at = number(int((self.clock() + TOKEN_RETENTION).timestamp()))
        item: Item = {**_token_key(job_id), _TOKEN: {"S": token}, EXPIRES_AT: expires_at}
        self.client.put_item(TableName=self.table, Item=item)

    def wake(self, job_id: JobId) -> None:
        """Wake the execution that waits; one that has gone on by itself is left alone."""
        answer = self.client.get_item(TableName=self.table, Key=_token_key(job_id), ConsistentRead=True)
        if "Item" not in answer:
            return
        errors = self.states.exceptions
        try:
            self.states.send_task_success(taskToken=answer["Item"][_TOKEN]["S"], output="{}")
        except (errors.TaskDoesNotExist, errors.TaskTimedOut, errors.InvalidToken):
            return


def _token_key(job_id: JobId) -> Item:
    return key(f"JOB#{job_id}", "WAITER")
