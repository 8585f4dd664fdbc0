"""What wakes `notify`: the table's stream, filtered to what somebody must be told, and a daily schedule."""

import json
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import Alarms
from infra.configuration import Configuration
from infra.data import Data
from infra.findings import acknowledge
from infra.functions import Functions
from shared_names import BUDGET_PREFIX, EVENTS_PREFIX, PARTITION_KEY, TASK_ANNOUNCE_DEPRECATIONS

# A broken record is set apart by halving its batch, and then must not hold up the others for the stream's whole day.
RETRIES: Final = 20
UNTOLD_QUEUE_NAME: Final = "imagegate-untold"


class Notices(Construct):
    """The mapping, the queue of what could not be told, and the schedule."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        data: Data,
        functions: Functions,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        self._functions = functions
        self._untold = self._create_queue(configuration, alarms)
        self._map(data)
        events.Rule(
            self,
            "Daily",
            description="Announces models that will be shut down",
            schedule=events.Schedule.rate(Duration.days(1)),
            targets=[
                targets.LambdaFunction(
                    functions.notify.function,
                    event=events.RuleTargetInput.from_object({"task": TASK_ANNOUNCE_DEPRECATIONS}),
                )
            ],
        )

    def _create_queue(self, configuration: Configuration, alarms: Alarms) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "Untold",
            queue_name=configuration.named(UNTOLD_QUEUE_NAME),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(queue, {"AwsSolutions-SQS3": "It is the dead-letter queue of the stream's mapping."})
        alarms.watch(
            self,
            "UntoldDepth",
            metric=queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic=cloudwatch.Stats.MAXIMUM
            ),
            threshold=1,
            description=f"Changes could not be told to endpoints; {queue.node.id} holds their place in the stream.",
        )
        return queue

    def _map(self, data: Data) -> None:
        arn = data.table.table_stream_arn
        assert arn is not None  # noqa: S101 - the table has a stream
        self._functions.notify.allow(
            iam.PolicyStatement(
                actions=["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                resources=[arn],
            ),
            iam.PolicyStatement(actions=["dynamodb:ListStreams"], resources=["*"]),
        )
        lambda_.EventSourceMapping(
            self,
            "Stream",
            target=self._functions.notify.function,
            event_source_arn=arn,
            # Nothing that was written before somebody listened is lost.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            bisect_batch_on_error=True,
            retry_attempts=RETRIES,
            max_record_age=Duration.days(1),
            on_failure=event_sources.SqsDlq(self._untold),
            filters=[_filter(EVENTS_PREFIX, "INSERT"), _filter(BUDGET_PREFIX, "INSERT", "MODIFY")],
        ).node.add_dependency(self._functions.notify)


def _filter(prefix: str, *changes: str) -> dict[str, str]:
    key = {PARTITION_KEY: {"S": [{"prefix": prefix}]}}
    return {"pattern": json.dumps({"eventName": list(changes), "dynamodb": {"Keys": key}})}
