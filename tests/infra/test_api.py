"""Which path needs a key and which function answers it; how API Gateway's own refusals read; what is logged."""

import json
from typing import Any, Final

import pytest

from tests.infra.template import Properties, Template

ROUTES: Final = {
    ("ANY", "/v1/{proxy+}"): ("route", "CUSTOM"),
    ("ANY", "/v1/moderations"): ("moderate", "CUSTOM"),
    ("ANY", "/v1/webhooks/{provider}"): ("webhook", "NONE"),
    ("ANY", "/health"): ("webhook", "NONE"),
    ("GET", "/v1/openapi.json"): ("route", "NONE"),
}
REFUSALS: Final[dict[str, tuple[str | None, str, str]]] = {
    "UNAUTHORIZED": ("401", "authentication_error", "invalid_api_key"),
    "ACCESS_DENIED": ("401", "authentication_error", "invalid_api_key"),
    "WAF_FILTERED": ("403", "permission_error", "permission_denied"),
    "MISSING_AUTHENTICATION_TOKEN": ("404", "invalid_request_error", "unknown_url"),
    "RESOURCE_NOT_FOUND": ("404", "invalid_request_error", "unknown_url"),
    "BAD_REQUEST_BODY": ("400", "invalid_request_error", "invalid_request"),
    "BAD_REQUEST_PARAMETERS": ("400", "invalid_request_error", "invalid_request"),
    "REQUEST_TOO_LARGE": ("413", "invalid_request_error", "request_too_large"),
    "UNSUPPORTED_MEDIA_TYPE": ("415", "invalid_request_error", "unsupported_media_type"),
    "THROTTLED": ("429", "rate_limit_error", "rate_limit_exceeded"),
    "QUOTA_EXCEEDED": ("429", "rate_limit_error", "rate_limit_exceeded"),
    "INTEGRATION_TIMEOUT": ("504", "server_error", "gateway_timeout"),
    "INTEGRATION_FAILURE": ("502", "server_error", "internal_error"),
    "AUTHORIZER_FAILURE": ("500", "server_error", "internal_error"),
    "AUTHORIZER_CONFIGURATION_ERROR": ("500", "server_error", "internal_error"),
    "API_CONFIGURATION_ERROR": ("500", "server_error", "internal_error"),
    "DEFAULT_4XX": (None, "invalid_request_error", "invalid_request"),
    "DEFAULT_5XX": (None, "server_error", "internal_error"),
}


def _path(template: Template, resource_id: Any) -> str:
    if "Ref" not in resource_id:
        return ""
    resource = template.resources[resource_id["Ref"]]["Properties"]
    return f"{_path(template, resource['ParentId'])}/{resource['PathPart']}"


def _methods(template: Template) -> dict[tuple[str, str], Properties]:
    return {
        (method["HttpMethod"], _path(template, method["ResourceId"])): method
        for method in template.of_type("AWS::ApiGateway::Method").values()
    }


def _refusal(template: Template, response_type: str) -> Properties:
    (found,) = (
        response
        for response in template.of_type("AWS::ApiGateway::GatewayResponse").values()
        if response["ResponseType"] == response_type
    )
    return found


def test_the_api_serves_exactly_the_agreed_routes(aws: Template) -> None:
    assert _methods(aws).keys() == ROUTES.keys()


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_reaches_its_function_as_a_proxy(aws: Template, route: tuple[str, str]) -> None:
    integration = _methods(aws)[route]["Integration"]

    assert integration["Type"] == "AWS_PROXY"
    assert f"<imagegate-{ROUTES[route][0]}>/invocations" in aws.text(integration["Uri"])


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_but_the_three_public_ones_asks_for_a_key(aws: Template, route: tuple[str, str]) -> None:
    method = _methods(aws)[route]

    assert method["AuthorizationType"] == ROUTES[route][1]
    assert ("AuthorizerId" in method) == (ROUTES[route][1] == "CUSTOM")


def test_the_authorizer_is_asked_on_each_request_so_that_a_revoked_key_stops_at_once(aws: Template) -> None:
    authorizer = aws.only("AWS::ApiGateway::Authorizer")

    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    assert authorizer["Type"] == "TOKEN"
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert "<imagegate-authorize>" in aws.text(authorizer["AuthorizerUri"])


def test_every_refusal_of_api_gateway_is_ours(aws: Template) -> None:
    found = {response["ResponseType"] for response in aws.of_type("AWS::ApiGateway::GatewayResponse").values()}

    assert found == REFUSALS.keys()


@pytest.mark.parametrize("response_type", REFUSALS)
def test_a_refusal_has_its_status_and_reads_as_an_openai_error(aws: Template, response_type: str) -> None:
    response = _refusal(aws, response_type)

    status, error_type, code = REFUSALS[response_type]
    body = json.loads(response["ResponseTemplates"]["application/json"])
    assert response.get("StatusCode") == status
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert (body["error"]["type"], body["error"]["code"], body["error"]["param"]) == (error_type, code, None)
    assert body["request_id"] == "$context.requestId"
    assert response["ResponseParameters"]["gatewayresponse.header.x-request-id"] == "context.requestId"


@pytest.mark.parametrize("response_type", REFUSALS)
def test_a_refusal_ends_with_what_to_do_and_repeats_nothing_from_the_request(aws: Template, response_type: str) -> None:
    message = json.loads(_refusal(aws, response_type)["ResponseTemplates"]["application/json"])["error"]["message"]

    assert "$" not in message
    assert message.endswith(".")


def test_a_missing_key_is_answered_with_the_header_to_send(aws: Template) -> None:
    body = _refusal(aws, "UNAUTHORIZED")["ResponseTemplates"]["application/json"]

    assert "Authorization: Bearer <key>" in json.loads(body)["error"]["message"]


def test_a_throttled_caller_is_told_when_to_come_back(aws: Template) -> None:
    assert _refusal(aws, "THROTTLED")["ResponseParameters"]["gatewayresponse.header.retry-after"] == "'1'"


def test_the_api_is_regional_and_its_stage_is_throttled_measured_and_traced(aws: Template) -> None:
    stage = aws.only("AWS::ApiGateway::Stage")

    (settings,) = stage["MethodSettings"]
    assert aws.only("AWS::ApiGateway::RestApi")["EndpointConfiguration"]["Types"] == ["REGIONAL"]
    assert stage["StageName"] == "live"
    assert stage["TracingEnabled"] is True
    assert settings["MetricsEnabled"] is True
    assert settings["ThrottlingRateLimit"] > 0
    assert settings["ThrottlingBurstLimit"] > 0


def test_no_log_keeps_a_body_or_a_credential(aws: Template) -> None:
    stage = aws.only("AWS::ApiGateway::Stage")

    fields = set(json.loads(stage["AccessLogSetting"]["Format"]).values())
    assert stage["MethodSettings"][0]["DataTraceEnabled"] is False
    assert "$context.requestId" in fields
    assert not [field for field in fields if not field.startswith("$context.")]


def test_the_execution_log_is_made_before_api_gateway_would_make_one_that_never_expires(aws: Template) -> None:
    (logical_id,) = (
        logical_id
        for logical_id, properties in aws.of_type("AWS::Logs::LogGroup").items()
        if aws.text(properties["LogGroupName"]) == "API-Gateway-Execution-Logs_<LoggedApi>/live"
    )

    (stage,) = (resource for resource in aws.resources.values() if resource["Type"] == "AWS::ApiGateway::Stage")
    assert logical_id in stage["DependsOn"]


def test_server_errors_raise_an_alarm(aws: Template) -> None:
    (alarm,) = (
        alarm for alarm in aws.of_type("AWS::CloudWatch::Alarm").values() if alarm["Namespace"] == "AWS/ApiGateway"
    )

    assert (alarm["MetricName"], alarm["Threshold"]) == ("5XXError", 5)
    assert [aws.text(action) for action in alarm["AlarmActions"]] == ["<AlarmsTopic>"]
