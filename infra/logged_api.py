"""The REST API before it has routes: its one stage, the throttle, and logs that name callers and never keep bodies."""

import json
from typing import Final

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.configuration import Configuration, Target
from infra.findings import acknowledge
from infra.function import LOG_RETENTION
from infra.gateway_responses import add_refusals

# Not `v1`: the paths themselves begin with /v1, so the public base URL ends in /live/v1.
STAGE_NAME: Final = "live"
REQUESTS_PER_SECOND: Final = 50
BURST_REQUESTS: Final = 100
# What the access log keeps: never a body, never a header but the user agent.
ACCESS_LOG_FIELDS: Final = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.authorizer.principalId",
    "source_ip": "$context.identity.sourceIp",
    "user_agent": "$context.identity.userAgent",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "error": "$context.error.responseType",
    "latency_ms": "$context.responseLatency",
    "function_latency_ms": "$context.integrationLatency",
    "response_bytes": "$context.responseLength",
}
PUSH_TO_LOGS: Final = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


# Where the emulator serves an API; its own address is known only to what runs on it.
EMULATOR_PATH: Final = "/_aws/execute-api"


class LoggedApi(Construct):
    """`rest_api`, regional, with a `live` stage and our answers to the errors that API Gateway meets itself."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, construct_id)
        access_log = self._create_log_group("AccessLog", f"/aws/apigateway/{configuration.name}/access")
        self.rest_api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=configuration.name,
            description="Imagegate: one OpenAI-compatible API in front of many image providers",
            # Forms with pictures reach the function as bytes.
            binary_media_types=["multipart/form-data"],
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # The role is the account's, not this API's: removing it would silence every other API's log.
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN if configuration.keeps_data else RemovalPolicy.DESTROY,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE_NAME,
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG_FIELDS)),
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                metrics_enabled=True,
                tracing_enabled=True,
                throttling_rate_limit=REQUESTS_PER_SECOND,
                throttling_burst_limit=BURST_REQUESTS,
            ),
        )
        self.public_url = self._public_url(configuration)
        # The stack's own output leads to /v1, where clients must point.
        self.rest_api.node.try_remove_child("Endpoint")
        # API Gateway would make this log group itself, and keep it forever.
        execution_log = f"API-Gateway-Execution-Logs_{self.rest_api.rest_api_id}/{STAGE_NAME}"
        self.rest_api.deployment_stage.node.add_dependency(self._create_log_group("ExecutionLog", execution_log))
        add_refusals(self.rest_api)
        self._acknowledge_findings()

    def _create_log_group(self, construct_id: str, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            construct_id,
            log_group_name=name,
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _public_url(self, configuration: Configuration) -> str:
        # Put together here, since the stage's own attribute waits for all functions behind it.
        path = f"{self.rest_api.rest_api_id}/{STAGE_NAME}"
        if configuration.target is Target.LOCAL:
            return f"{EMULATOR_PATH}/{path}"
        return f"https://{self.rest_api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}/{STAGE_NAME}"

    def _acknowledge_findings(self) -> None:
        acknowledge(
            self.rest_api,
            {
                "AwsSolutions-APIG2": "Bodies are checked in the functions, against the model card and with answers "
                "in OpenAI's envelope; a schema in API Gateway could only repeat part of that.",
                "AwsSolutions-APIG3": "A web ACL costs money each month and is an account's choice; it is attached "
                "from a stack of its own, and the stage is throttled without one.",
                "AwsSolutions-COG4": "Callers are programs with revocable API keys, not people with a user pool.",
                f"AwsSolutions-IAM4[Policy::{PUSH_TO_LOGS}]": "API Gateway accepts one log role for the whole account, "
                "and this managed policy is the one that AWS writes for it.",
            },
        )
