"""The state machine of batches: it starts a child of itself and a generation for each line of a file in the bucket."""

from typing import Final

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.alarms import Alarms
from infra.configuration import Configuration, Target
from infra.data import Data
from infra.findings import acknowledge
from infra.functions import Functions, machine_arn
from infra.workflow import Workflow
from shared_names import BATCH_MACHINE_NAME, BATCHES_PREFIX, GENERATION_MACHINE_NAME

# A function of each line runs at once, and on one's own machine each is a process.
LINES_AT_ONCE: Final = {Target.AWS: 40, Target.LOCAL: 4}
# Step Functions tells by this rule of its own that an execution which another waits for has ended.
# https://docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html (checked 2026-11-22)
_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
_MACHINES = (GENERATION_MACHINE_NAME, BATCH_MACHINE_NAME)
_WHY_EXECUTIONS = "Executions are named at run time; the machine before the name is this deployment's own."
_WHY_OBJECTS = "Each batch lists its lines in an object of its own, all under this one prefix."


class BatchWorkflow(Construct):
    """`machine`, which may read the lists of lines, and start and watch its own children and generations."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        functions: Functions,
        data: Data,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        generations = machine_arn(self, configuration, GENERATION_MACHINE_NAME)
        own = machine_arn(self, configuration, BATCH_MACHINE_NAME)
        workflow = Workflow(
            self,
            "Batch",
            name="batch",
            resource_name=configuration.named(BATCH_MACHINE_NAME),
            functions={"batch": functions.batch},
            values={
                "bucket": data.images.bucket_name,
                "generation_machine": generations,
                "lines_at_once": LINES_AT_ONCE[configuration.target],
            },
            alarms=alarms,
        )
        self.machine = workflow.machine
        executions = [self._executions(configuration.named(name)) for name in _MACHINES]
        workflow.allow(
            _allow(["states:StartExecution"], [generations, own]),
            _allow(["states:DescribeExecution", "states:StopExecution"], executions),
            _allow(["events:PutTargets", "events:PutRule", "events:DescribeRule"], [self._rule()]),
            _allow(["s3:GetObject"], [data.images.arn_for_objects(f"{BATCHES_PREFIX}*")]),
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[data.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"s3.{Aws.REGION}.amazonaws.com"}},
            ),
        )
        self._acknowledge_patterns(configuration, data)

    def _executions(self, machine: str) -> str:
        # The children of a map carry its label behind the machine's name.
        return Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{machine}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _rule(self) -> str:
        return Stack.of(self).format_arn(service="events", resource="rule", resource_name=_RULE)

    def _acknowledge_patterns(self, configuration: Configuration, data: Data) -> None:
        bucket = f"<{Stack.of(self).resolve(data.images.bucket_arn)['Fn::GetAtt'][0]}.Arn>"
        prefix = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
        patterns = {f"{prefix}{configuration.named(name)}*": _WHY_EXECUTIONS for name in _MACHINES}
        patterns[f"{bucket}/{BATCHES_PREFIX}*"] = _WHY_OBJECTS
        acknowledge(self, {f"AwsSolutions-IAM5[Resource::{pattern}]": why for pattern, why in patterns.items()})


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
