"""Who may do what, as whole tables: an action that is added or lost anywhere fails here."""

import pytest

from shared_names import FUNCTION_ENVIRONMENT
from tests.infra.template import Template, as_list

KEY = "<DataKey>"
IMAGES = "<DataImages>"
SECRETS = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:imagegate/providers/*"
MACHINE = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:imagegate-generation-job"
BATCH_MACHINE = MACHINE.replace("generation-job", "batch")
DELIVERIES = MACHINE.replace("generation-job", "webhook-delivery")
STREAM = "<imagegate>/stream"
READ_KEY = {("kms:Decrypt", KEY), ("kms:DescribeKey", KEY)}
WRITE_KEY = {
    ("kms:Encrypt", KEY),
    ("kms:GenerateDataKey", KEY),
    ("kms:GenerateDataKeyWithoutPlaintext", KEY),
    ("kms:ReEncryptFrom", KEY),
    ("kms:ReEncryptTo", KEY),
}

# What the steps of a generation need, whoever takes them.
STEPS = {
    ("dynamodb:ConditionCheckItem", "<imagegate>"),
    ("dynamodb:GetItem", "<imagegate>"),
    ("dynamodb:PutItem", "<imagegate>"),
    ("dynamodb:Query", "<imagegate>"),
    ("dynamodb:UpdateItem", "<imagegate>"),
    ("dynamodb:PutItem", "<imagegate-audit>"),
    *(
        (f"s3:{verb}", f"{IMAGES}/{prefix}/*")
        for verb in ("GetObject", "PutObject")
        for prefix in ("quarantine", "published", "inputs", "uploads")
    ),
    ("s3:ListBucket", IMAGES),
    ("lambda:InvokeFunction", "<imagegate-embedded>"),
    ("secretsmanager:GetSecretValue", SECRETS),
    ("states:SendTaskSuccess", MACHINE),
    ("states:StartExecution", MACHINE),
    *READ_KEY,
    *WRITE_KEY,
}
PERMISSIONS: dict[str, set[tuple[str, str]]] = {
    "authorize": {("dynamodb:GetItem", "<imagegate>"), *READ_KEY},
    "route": {
        *STEPS,
        ("dynamodb:BatchGetItem", "<imagegate>"),
        ("dynamodb:DeleteItem", "<imagegate>"),
        ("dynamodb:Query", "<imagegate>/index/by_project"),
        ("s3:DeleteObject", f"{IMAGES}/quarantine/*"),
        ("s3:DeleteObject", f"{IMAGES}/published/*"),
        *((f"s3:{verb}", f"{IMAGES}/files/*") for verb in ("DeleteObject", "GetObject", "PutObject")),
        ("states:StartExecution", BATCH_MACHINE),
        ("states:StartExecution", DELIVERIES),
    },
    "job": STEPS,
    "batch": {
        *(one for one in STEPS if one[0].startswith("dynamodb:")),
        *(
            (f"s3:{verb}", f"{IMAGES}/{prefix}/*")
            for verb in ("GetObject", "PutObject")
            for prefix in ("quarantine", "published", "inputs", "uploads", "files", "batches")
        ),
        *(("s3:AbortMultipartUpload", f"{IMAGES}/{prefix}/*") for prefix in ("files", "batches")),
        ("secretsmanager:GetSecretValue", SECRETS),
        *READ_KEY,
        *WRITE_KEY,
    },
    "moderate": set(),
    "webhook": {
        ("dynamodb:GetItem", "<imagegate>"),
        ("dynamodb:PutItem", "<imagegate>"),
        ("secretsmanager:GetSecretValue", SECRETS),
        ("states:SendTaskSuccess", MACHINE),
        *READ_KEY,
        *WRITE_KEY,
    },
    "notify": {
        ("dynamodb:GetItem", "<imagegate>"),
        ("dynamodb:PutItem", "<imagegate>"),
        ("dynamodb:Query", "<imagegate>"),
        ("dynamodb:UpdateItem", "<imagegate>"),
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
    "reconcile": {
        ("dynamodb:GetItem", "<imagegate>"),
        ("dynamodb:PutItem", "<imagegate>"),
        ("dynamodb:UpdateItem", "<imagegate>"),
        ("dynamodb:Query", "<imagegate>/index/due"),
        ("dynamodb:PutItem", "<imagegate-audit>"),
        ("s3:DeleteObject", f"{IMAGES}/quarantine/*"),
        ("s3:ListBucket", IMAGES),
        ("states:StartExecution", MACHINE),
        *READ_KEY,
        *WRITE_KEY,
    },
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
        ("job", ["dynamodb", "s3"]),
        ("webhook", ["dynamodb"]),
        ("reconcile", ["dynamodb"]),
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


@pytest.mark.parametrize(
    ("function", "prefixes"),
    [("route", {"quarantine/*", "published/*"}), ("job", {"quarantine/*"}), ("reconcile", {"quarantine/*"})],
)
def test_objects_are_listed_only_where_pictures_of_jobs_lie(aws: Template, function: str, prefixes: set[str]) -> None:
    statements = [item for item in aws.statements(function) if item["Action"] == "s3:ListBucket"]

    assert {item["Condition"]["StringLike"]["s3:prefix"] for item in statements} == prefixes


def test_a_function_may_delete_nothing_but_what_a_caller_may(aws: Template) -> None:
    (statement,) = (
        statement
        for function in aws.functions()
        for statement in aws.statements(function)
        if "dynamodb:DeleteItem" in as_list(statement["Action"])
    )

    keys = ["JOB#*", "PROJECT#*", "ENDPOINTS"]
    assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}


def test_schedules_may_invoke_notify_and_the_reconciler_alone(aws: Template) -> None:
    invoke = aws.of_type("AWS::Lambda::Permission").values()
    invoked = {aws.text(one["FunctionName"]) for one in invoke if one["Principal"] == "events.amazonaws.com"}

    assert invoked == {"<imagegate-notify>", "<imagegate-reconcile>"}


def test_only_api_gateway_may_invoke_functions_and_only_for_this_api(aws: Template) -> None:
    invoke = aws.of_type("AWS::Lambda::Permission").values()
    permissions = [one for one in invoke if one["Principal"] != "events.amazonaws.com"]

    assert {permission["Principal"] for permission in permissions} == {"apigateway.amazonaws.com"}
    assert all("<LoggedApi>" in aws.text(permission["SourceArn"]) for permission in permissions)
    invoked = {aws.text(permission["FunctionName"]) for permission in permissions}
    assert invoked == {f"<imagegate-{name}>" for name in ("authorize", "route", "moderate", "webhook")}
