"""Which path reaches which function, and who must show a key; the unauthenticated ones each say why."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.alarms import Alarms
from infra.findings import acknowledge
from infra.function import GatewayFunction
from infra.functions import Functions

# Any other header is refused without waking the authorizer.
CREDENTIAL_PATTERN: Final = r"^[Bb]earer +[^ ]+ *$"
SERVER_ERRORS_BEFORE_ALARM: Final = 5


class Api(Construct):
    """The routes of the API; `/v1/{proxy+}` takes what no other path claims."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rest_api: apigateway.RestApi,
        functions: Functions,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        self.rest_api = rest_api
        self._authorizer = apigateway.TokenAuthorizer(
            self,
            "Authorizer",
            handler=functions.authorize.function,
            identity_source=apigateway.IdentitySource.header("Authorization"),
            validation_regex=CREDENTIAL_PATTERN,
            # A revoked key must stop at once.
            results_cache_ttl=Duration.seconds(0),
        )
        self._add_routes(functions)
        alarms.watch(
            self,
            "ServerErrors",
            metric=self.rest_api.metric_server_error(period=Duration.minutes(5), statistic=cloudwatch.Stats.SUM),
            threshold=SERVER_ERRORS_BEFORE_ALARM,
            description="Requests ended in a 5xx; the access log names them.",
        )

    def _add_routes(self, functions: Functions) -> None:
        v1 = self.rest_api.root.add_resource("v1")
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
            self.rest_api.root.add_resource("health"),
            "ANY",
            functions.webhook,
            "Load balancers and monitors hold no key.",
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
        method = resource.add_method(verb, _integration(function), authorization_type=apigateway.AuthorizationType.NONE)
        acknowledge(method, {"AwsSolutions-APIG4": reason})


def _integration(function: GatewayFunction) -> apigateway.LambdaIntegration:
    # One permission for the API instead of two for each method.
    return apigateway.LambdaIntegration(function.function, scope_permission_to_method=False)
