"""Wires the constructs of one deployment together and defines nothing itself."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra import permissions
from infra.alarms import Alarms
from infra.api import Api
from infra.artifacts import Artifacts
from infra.batch_workflow import BatchWorkflow
from infra.configuration import Configuration
from infra.data import Data
from infra.functions import Functions
from infra.logged_api import LoggedApi
from infra.notices import Notices
from infra.reconciliation import Reconciliation
from infra.workflows import Workflows
from shared_names import (
    OUTPUT_API_ID,
    OUTPUT_API_URL,
    OUTPUT_AUDIT_TABLE,
    OUTPUT_IMAGES_BUCKET,
    OUTPUT_STAGE,
    OUTPUT_TABLE,
)


class ImagegateStack(Stack):
    """The whole gateway: data, functions and API."""

    def __init__(
        self, scope: Construct, construct_id: str, *, configuration: Configuration, stack_name: str | None = None
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name,
            description="Imagegate, a serverless image-generation gateway",
            termination_protection=configuration.keeps_data,
        )
        alarms = Alarms(self, "Alarms", email=configuration.alarm_email)
        data = Data(self, "Data", configuration=configuration)
        artifacts = Artifacts(self, "Artifacts", configuration=configuration)
        logged = LoggedApi(self, "Logged", configuration=configuration)
        functions = Functions(
            self,
            "Functions",
            configuration=configuration,
            artifacts=artifacts,
            data=data,
            alarms=alarms,
            public_url=logged.public_url,
        )
        permissions.grant(functions, data, configuration)
        Workflows(self, "Workflows", configuration=configuration, functions=functions, alarms=alarms)
        BatchWorkflow(self, "BatchWorkflow", configuration=configuration, functions=functions, data=data, alarms=alarms)
        Notices(self, "Notices", configuration=configuration, data=data, functions=functions, alarms=alarms)
        Reconciliation(self, "Reconciliation", functions=functions, alarms=alarms)
        api = logged.rest_api
        Api(self, "Api", rest_api=api, functions=functions, alarms=alarms)
        self._publish(
            {
                OUTPUT_API_ID: api.rest_api_id,
                OUTPUT_API_URL: api.url_for_path("/v1"),
                OUTPUT_STAGE: api.deployment_stage.stage_name,
                OUTPUT_TABLE: data.table.table_name,
                OUTPUT_AUDIT_TABLE: data.audit_table.table_name,
                OUTPUT_IMAGES_BUCKET: data.images.bucket_name,
            }
        )

    def _publish(self, outputs: dict[str, str]) -> None:
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
