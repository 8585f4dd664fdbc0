"""The REST API: which path reaches which function, who must show a key, and what is logged of each request.

The stage is named `live` because the paths themselves begin with `/v1`; the public base URL ends in `/live/v1`.
"""

import json
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.alarms import Alarms
from infra.configuration import Configuration
from infra.findings import acknowledge
from infra.function import LOG_RETENTION, GatewayFunction
from infra.functions import Functions
from infra.gateway_responses import add_refusals

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
# Anything else in the token is refused without waking the authorizer.
BEARER_TOKEN: Final = r"^[Bb]earer +[^ ]+ *$"


class Api(Construct):
    """The API with its `live` stage; every method asks the authorizer unless `PUBLIC` says why not."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        functions: Functions,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        self._configuration = configuration
        self.api = self._create_api()
        self._keep_execution_log_short()
        add_refusals(self.api)
        self._authorizer = apigateway.TokenAuthorizer(
            self,
            "Authorizer",
            handler=functions.authorize.function,
            identity_source=apigateway.IdentitySource.header("Authorization"),
            validation_regex=BEARER_TOKEN,
            # A revoked key must stop at once.
            results_cache_ttl=Duration.seconds(0),
        )
        self._add_routes(functions)
        self._raise_alarm_on_failures(alarms)
        self._acknowledge_findings()

    def _create_api(self) -> apigateway.RestApi:
        access_log = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/aws/apigateway/{self._configuration.name}/access",
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        return apigateway.RestApi(
            self,
            "Api",
            rest_api_name=self._configuration.name,
            description="Imagegate: one OpenAI-compatible API in front of many image providers",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # The role is the account's, not this API's: removing it would silence every other API's log.
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=(
                RemovalPolicy.RETAIN if self._configuration.keeps_data else RemovalPolicy.DESTROY
            ),
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

    def _keep_execution_log_short(self) -> None:
        """Make the log group that API Gateway would otherwise make itself, to be kept forever."""
        log_group = logs.LogGroup(
            self,
            "ExecutionLog",
            log_group_name=f"API-Gateway-Execution-Logs_{self.api.rest_api_id}/{STAGE_NAME}",
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.api.deployment_stage.node.add_dependency(log_group)

    def _add_routes(self, functions: Functions) -> None:
        v1 = self.api.root.add_resource("v1")
        self._add_method(v1.add_resource("{proxy+}"), "ANY", functions.route)
        self._add_method(v1.add_resource("moderations"), "ANY", functions.moderate)
        self._add_public_method(
            v1.add_resource("webhooks").add_resource("{provider}"),
            "ANY",
            functions.webhook,
            "Providers hold no API key; the function verifies their signature over the raw body.",
        )
        self._add_public_method(
            v1.add_resource("openapi.json"), "GET", functions.route, "The description of the API is public."
        )
        self._add_public_method(
            self.api.root.add_resource("health"), "ANY", functions.webhook, "Load balancers and monitors hold no key."
        )

    def _add_method(self, resource: apigateway.Resource, verb: str, function: GatewayFunction) -> None:
        resource.add_method(
            verb,
            _integration(function),
            authorizer=self._authorizer,
            authorization_type=apigateway.AuthorizationType.CUSTOM,
        )

    def _add_public_method(
        self, resource: apigateway.Resource, verb: str, function: GatewayFunction, reason: str
    ) -> None:
        method = resource.add_method(
            verb, _integration(function), authorization_type=apigateway.AuthorizationType.NONE
        )
        acknowledge(method, {"AwsSolutions-APIG4": reason})

    def _raise_alarm_on_failures(self, alarms: Alarms) -> None:
        alarms.watch(
            self,
            "ServerErrors",
            metric=self.api.metric_server_error(period=Duration.minutes(5), statistic=cloudwatch.Stats.SUM),
            threshold=5,
            description="Five requests in five minutes ended in a 5xx; the access log names them.",
        )

    def _acknowledge_findings(self) -> None:
        acknowledge(
            self,
            {
                "AwsSolutions-APIG2": "Bodies are checked in the functions, against the model card and with answers "
                "in OpenAI's envelope; a schema in API Gateway could only repeat part of that.",
                "AwsSolutions-APIG3": "A web ACL costs money each month and is an account's choice; it is attached "
                "from a stack of its own, and the stage is throttled without one.",
                "AwsSolutions-COG4": "Callers are programs with revocable API keys, not people with a user pool.",
                "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AmazonAPIGatewayPushToCloudWatchLogs]": "API Gateway accepts one log role for the whole account, and "
                "this managed policy is the one that AWS writes for it.",
            },
        )


def _integration(function: GatewayFunction) -> apigateway.LambdaIntegration:
    # One permission for the API instead of two for each method.
    return apigateway.LambdaIntegration(function.function, scope_permission_to_method=False)
