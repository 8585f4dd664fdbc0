"""Who may do what, as whole tables: an action that is added or lost anywhere fails here."""

import pytest

from shared_names import FUNCTION_ENVIRONMENT
from tests.infra.template import Properties, Template, as_list

KEY = "<DataKey>"
IMAGES = "<DataImages>"
SECRETS = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:imagegate/providers/*"
DELIVERIES = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:imagegate-webhook-delivery"
STREAM = "<imagegate>/stream"
READ_KEY = {("kms:Decrypt", KEY), ("kms:DescribeKey", KEY)}
WRITE_KEY = {
    ("kms:Encrypt", KEY),
    ("kms:GenerateDataKey", KEY),
    ("kms:GenerateDataKeyWithoutPlaintext", KEY),
    ("kms:ReEncryptFrom", KEY),
    ("kms:ReEncryptTo", KEY),
}

PERMISSIONS: dict[str, set[tuple[str, str]]] = {
    "authorize": {("dynamodb:GetItem", "<imagegate>"), *READ_KEY},
    "route": {
        ("dynamodb:ConditionCheckItem", "<imagegate>"),
        ("dynamodb:GetItem", "<imagegate>"),
        ("dynamodb:PutItem", "<imagegate>"),
        ("dynamodb:Query", "<imagegate>"),
        ("dynamodb:UpdateItem", "<imagegate>"),
        ("dynamodb:DeleteItem", "<imagegate>"),
        ("dynamodb:PutItem", "<imagegate-audit>"),
        *(
            (f"s3:{verb}", f"{IMAGES}/{prefix}/*")
            for verb in ("GetObject", "PutObject")
            for prefix in ("quarantine", "published", "inputs", "uploads")
        ),
        ("lambda:InvokeFunction", "<imagegate-embedded>"),
        ("secretsmanager:GetSecretValue", SECRETS),
        ("states:StartExecution", DELIVERIES),
        *READ_KEY,
        *WRITE_KEY,
    },
    "moderate": set(),
    "webhook": set(),
    "notify": {
        ("dynamodb:GetItem", "<imagegate>"),
        ("dynamodb:PutItem", "<imagegate>"),
        ("dynamodb:Query", "<imagegate>"),
        ("dynamodb:DescribeStream", STREAM),
        ("dynamodb:GetRecords", STREAM),
        ("dynamodb:GetShardIterator", STREAM),
        ("dynamodb:ListStreams", "*"),
        *((f"sqs:{verb}", "<NoticesUntold>") for verb in ("GetQueueAttributes", "GetQueueUrl", "SendMessage")),
        ("states:StartExecution", DELIVERIES),
        *READ_KEY,
        *WRITE_KEY,
    },
    "deliver": {
        ("dynamodb:GetItem", "<imagegate>"),
        ("dynamodb:PutItem", "<imagegate>"),
        *READ_KEY,
        *WRITE_KEY,
    },
    "embedded": set(),
}


def _allowed_to_all(function: str) -> set[tuple[str, str]]:
    log = f"</aws/lambda/imagegate-{function}>"
    return {
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
        ("xray:PutTelemetryRecords", "*"),
        ("xray:PutTraceSegments", "*"),
    }


@pytest.mark.parametrize("function", FUNCTION_ENVIRONMENT)
def test_a_function_may_do_exactly_what_its_use_cases_need(aws: Template, function: str) -> None:
    assert aws.permissions(function) == PERMISSIONS[function] | _allowed_to_all(function)


@pytest.mark.parametrize("function", FUNCTION_ENVIRONMENT)
def test_the_emulator_target_grants_the_same_permissions(aws: Template, local: Template, function: str) -> None:
    assert local.permissions(function) == aws.permissions(function)


def test_audit_events_cannot_be_changed_by_any_function(aws: Template) -> None:
    allowed = {
        action
        for function in aws.functions()
        for action, resource in aws.permissions(function)
        if resource in {"<imagegate-audit>", "*"} and not action.startswith(("xray:", "dynamodb:ListStreams"))
    }

    assert allowed == {"dynamodb:PutItem"}


def test_every_function_has_a_role_of_its_own(aws: Template) -> None:
    roles = [properties["Role"]["Fn::GetAtt"][0] for properties in aws.functions().values()]

    assert len(set(roles)) == len(FUNCTION_ENVIRONMENT)


def test_no_function_role_carries_a_managed_policy(aws: Template) -> None:
    roles = aws.of_type("AWS::IAM::Role")

    for properties in aws.functions().values():
        assert "ManagedPolicyArns" not in roles[properties["Role"]["Fn::GetAtt"][0]]


def test_no_action_is_a_wildcard(aws: Template) -> None:
    actions = {
        action
        for policy in aws.of_type("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    }

    assert not [action for action in actions if "*" in action]


@pytest.mark.parametrize(
    ("function", "services"),
    [
        ("authorize", ["dynamodb"]),
        ("route", ["dynamodb", "s3"]),
        ("notify", ["dynamodb"]),
        ("deliver", ["dynamodb"]),
    ],
)
def test_the_key_works_only_through_the_services_that_store_data(
    aws: Template, function: str, services: list[str]
) -> None:
    (statement,) = (item for item in aws.statements(function) if aws.text(item["Resource"]) == KEY)

    via = [aws.text(value) for value in statement["Condition"]["StringEquals"]["kms:ViaService"]]
    assert via == [f"{service}.<AWS::Region>.amazonaws.com" for service in services]


def test_a_function_may_delete_nothing_but_webhook_endpoints(aws: Template) -> None:
    (statement,) = (
        statement
        for function in aws.functions()
        for statement in aws.statements(function)
        if "dynamodb:DeleteItem" in as_list(statement["Action"])
    )

    assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PROJECT#*", "ENDPOINTS"]}}


def _permissions(template: Template, service: str) -> list[Properties]:
    found = template.of_type("AWS::Lambda::Permission").values()
    return [one for one in found if one["Principal"] == f"{service}.amazonaws.com"]


def test_the_schedule_may_invoke_notify_alone(aws: Template) -> None:
    (permission,) = _permissions(aws, "events")

    assert aws.text(permission["FunctionName"]) == "<imagegate-notify>"
    assert aws.text(permission["SourceArn"]) == "<NoticesDaily>"


def test_only_api_gateway_and_the_schedule_may_invoke_functions_and_only_for_this_api(aws: Template) -> None:
    permissions = _permissions(aws, "apigateway")

    assert len(permissions) + 1 == len(aws.of_type("AWS::Lambda::Permission"))
    assert all("<ApiLoggedApi>" in aws.text(permission["SourceArn"]) for permission in permissions)
    invoked = {aws.text(permission["FunctionName"]) for permission in permissions}
    assert invoked == {f"<imagegate-{name}>" for name in ("authorize", "route", "moderate", "webhook")}
