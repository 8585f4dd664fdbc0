"""What runs the reconciler every minute, and the alarm for what it had to give up."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.alarms import Alarms
from infra.function import METRICS_NAMESPACE
from infra.functions import Functions

ABANDONED_METRIC: Final = "AbandonedJobs"


class Reconciliation(Construct):
    """The rule and the alarm; an operator may invoke the function too, and IAM says who."""

    def __init__(self, scope: Construct, construct_id: str, *, functions: Functions, alarms: Alarms) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "EveryMinute",
            description="Looks for generations that nobody drives any more",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            # A run that failed is made good by the next.
            targets=[targets.LambdaFunction(functions.reconcile.function, retry_attempts=0)],
        )
        alarms.watch(
            self,
            "Abandoned",
            metric=cloudwatch.Metric(
                namespace=METRICS_NAMESPACE,
                metric_name=ABANDONED_METRIC,
                dimensions_map={"service": "reconcile"},
                period=Duration.minutes(5),
                statistic=cloudwatch.Stats.SUM,
            ),
            threshold=1,
            description="Generations were given up an hour after their deadline; the log of reconcile names them.",
        )
