"""The one helper that makes every function alike: arm64, JSON logs that expire, tracing, an alarm, its own role."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.alarms import Alarms
from infra.findings import acknowledge

METRICS_NAMESPACE: Final = "Imagegate"
WHY_THIS_RUNTIME: Final = "The layers hold wheels for Python 3.13, the newest that all of them are tested on."
LOG_RETENTION: Final = logs.RetentionDays.ONE_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlan:
    """What tells one function from another; `layer` is a name in `Artifacts.layers`, errors count over five minutes.

    `library_settings` are environment variables that a library reads, not our code.
    """

    memory_mebibytes: int
    timeout_seconds: int
    layer: str
    description: str
    library_settings: Mapping[str, str] = field(default_factory=dict)


class GatewayFunction(Construct):
    """A Lambda function whose role may write its own log and traces and nothing else, until `allow` is called."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        resource_name: str,
        plan: FunctionPlan,
        code: lambda_.Code,
        layer: lambda_.ILayerVersion,
        environment: Mapping[str, str],
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = self._create_log_group(resource_name)
        self._role = self._create_role(log_group)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=resource_name,
            description=plan.description,
            code=code,
            handler=f"functions.{name}.handler.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            layers=[layer],
            memory_size=plan.memory_mebibytes,
            timeout=Duration.seconds(plan.timeout_seconds),
            environment={**_powertools_settings(name), **plan.library_settings, **environment},
            role=self._role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
        )
        acknowledge(self.function, {"AwsSolutions-L1": WHY_THIS_RUNTIME})
        self._raise_alarm_on_errors(resource_name, alarms)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Add to what this function, and only this function, may do."""
        for statement in statements:
            self._role.add_to_policy(statement)

    def _create_log_group(self, resource_name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{resource_name}",
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _create_role(self, log_group: logs.LogGroup) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        acknowledge(
            role,
            {"AwsSolutions-IAM5[Resource::*]": "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources."},
        )
        return role

    def _raise_alarm_on_errors(self, resource_name: str, alarms: Alarms) -> None:
        alarms.watch(
            self,
            "Errors",
            metric=self.function.metric_errors(period=Duration.minutes(5), statistic=cloudwatch.Stats.SUM),
            threshold=1,
            description=f"{resource_name} failed or timed out in the last five minutes; its log group says why.",
        )


def _powertools_settings(name: str) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": name,
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
    }
