"""The one helper that makes every state machine alike: from its ASL file, traced, with an alarm, its errors logged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.alarms import Alarms
from infra.findings import acknowledge
from infra.function import LOG_RETENTION, GatewayFunction

FOLDER: Final = Path(__file__).parent / "workflows"
_WHY_ALL_RESOURCES: Final = "Log delivery and X-Ray know no resources; Step Functions itself asks for these."
_WHY_ERRORS_ONLY: Final = "Only errors are logged: every step of every job would cost more than the steps."


class Workflow(Construct):
    """A state machine that may invoke the functions named in its file as `${name}`, and nothing else until `allow`.

    `values` are what else the file names in that way; a number takes the place of the whole text that names it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        resource_name: str,
        functions: Mapping[str, GatewayFunction],
        alarms: Alarms,
        values: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        arns = {key: function.function.function_arn for key, function in functions.items()}
        self._role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=list(arns.values())))
        self.machine = self._create_machine(resource_name, _definition(name, {**arns, **(values or {})}))
        acknowledge(self._role, {"AwsSolutions-IAM5[Resource::*]": _WHY_ALL_RESOURCES})
        acknowledge(self.machine, {"AwsSolutions-SF1": _WHY_ERRORS_ONLY})
        alarms.watch(
            self,
            "Failures",
            metric=self.machine.metric_failed(period=Duration.minutes(5), statistic=cloudwatch.Stats.SUM),
            threshold=1,
            description=f"An execution of {resource_name} failed; its history says where, and the reconciler goes on.",
        )

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Add to what this machine, and only this machine, may do."""
        for statement in statements:
            self._role.add_to_policy(statement)

    def _create_machine(self, resource_name: str, definition: str) -> stepfunctions.StateMachine:
        return stepfunctions.StateMachine(
            self,
            "Machine",
            state_machine_name=resource_name,
            definition_body=stepfunctions.DefinitionBody.from_string(definition),
            role=self._role,
            tracing_enabled=True,
            # Errors only: what a step is given and returns is in the job's record.
            logs=stepfunctions.LogOptions(
                destination=self._create_log_group(resource_name),
                level=stepfunctions.LogLevel.ERROR,
                include_execution_data=False,
            ),
        )

    def _create_log_group(self, resource_name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{resource_name}",
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )


def _definition(name: str, values: Mapping[str, str | int]) -> str:
    text = (FOLDER / f"{name}.asl.json").read_text(encoding="utf-8")
    for key, value in {**values, "partition": Aws.PARTITION}.items():
        if isinstance(value, int):
            text = text.replace(f'"${{{key}}}"', str(value))
        else:
            text = text.replace(f"${{{key}}}", value)
    return text
