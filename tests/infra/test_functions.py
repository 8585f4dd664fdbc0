"""Every function is made alike, and gets exactly the settings that the shared names promise it."""

from typing import Final

import pytest

from shared_names import (
    AUDIT_TABLE,
    BATCH_MACHINE,
    DELIVERY_MACHINE,
    EMBEDDED_FUNCTION,
    FUNCTION_ENVIRONMENT,
    GENERATION_MACHINE,
    IMAGES_BUCKET,
    PROVIDER_ENDPOINTS,
    PROVIDER_SECRETS,
    PUBLIC_URL,
    TABLE,
)
from tests.infra.template import Template

API_GATEWAY_PATIENCE_SECONDS: Final = 29
LONGEST_SECONDS: Final = 900
MACHINES: Final = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine"
VALUES: Final = {
    TABLE: "<imagegate>",
    AUDIT_TABLE: "<imagegate-audit>",
    IMAGES_BUCKET: "<DataImages>",
    EMBEDDED_FUNCTION: "<imagegate-embedded>",
    PROVIDER_SECRETS: "imagegate/providers/",
    PROVIDER_ENDPOINTS: "{}",
    PUBLIC_URL: "https://<LoggedApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/live",
    GENERATION_MACHINE: "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:"
    "stateMachine:imagegate-generation-job",
    BATCH_MACHINE: "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:imagegate-batch",
    DELIVERY_MACHINE: f"{MACHINES}:imagegate-webhook-delivery",
}
# Started by a state machine, which has all the time that Lambda gives.
PATIENT: Final = {"batch", "job"}
# Started by a schedule, every minute.
LONGEST_SECONDS_OF_A_SCHEDULED_RUN: Final = 120
SCHEDULED: Final = {"reconcile"}
# Read by a library, before any code of ours: numpy's threads fight each other on the single CPU of the function.
LIBRARY_SETTINGS: Final = {"embedded": {"OPENBLAS_NUM_THREADS": "1"}}
every_function = pytest.mark.parametrize("function", FUNCTION_ENVIRONMENT)


def test_there_are_exactly_the_functions_that_the_shared_names_list(aws: Template) -> None:
    assert aws.functions().keys() == FUNCTION_ENVIRONMENT.keys()


@every_function
def test_a_function_gets_the_settings_it_reads_and_no_others(aws: Template, function: str) -> None:
    environment = aws.functions()[function]["Environment"]["Variables"]

    ours = {name: aws.text(value) for name, value in environment.items() if not name.startswith("POWERTOOLS_")}
    settings = {name: VALUES[name] for name in FUNCTION_ENVIRONMENT[function]}
    assert ours == {**settings, **LIBRARY_SETTINGS.get(function, {})}


@every_function
def test_a_function_logs_and_measures_under_its_own_name(aws: Template, function: str) -> None:
    environment = aws.functions()[function]["Environment"]["Variables"]

    assert environment["POWERTOOLS_SERVICE_NAME"] == function
    assert environment["POWERTOOLS_METRICS_NAMESPACE"] == "Imagegate"
    assert environment["POWERTOOLS_LOG_LEVEL"] == "INFO"


@every_function
def test_a_function_runs_python_3_13_on_arm64_from_its_own_handler(aws: Template, function: str) -> None:
    properties = aws.functions()[function]

    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["Handler"] == f"functions.{function}.handler.handler"


@every_function
def test_a_function_is_traced_and_writes_json_logs_that_expire(aws: Template, function: str) -> None:
    properties = aws.functions()[function]

    log_group = aws.resources[properties["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert properties["LoggingConfig"]["LogFormat"] == "JSON"
    assert log_group["LogGroupName"] == f"/aws/lambda/imagegate-{function}"
    assert log_group["RetentionInDays"] == 30


def test_every_log_group_of_the_stack_expires(aws: Template) -> None:
    assert {properties["RetentionInDays"] for properties in aws.of_type("AWS::Logs::LogGroup").values()} == {30}


@every_function
def test_an_error_of_a_function_raises_an_alarm_that_reaches_somebody(aws: Template, function: str) -> None:
    (alarm,) = (
        alarm
        for alarm in aws.of_type("AWS::CloudWatch::Alarm").values()
        if [aws.text(dimension["Value"]) for dimension in alarm["Dimensions"]] == [f"<imagegate-{function}>"]
    )

    assert (alarm["MetricName"], alarm["Statistic"], alarm["Period"]) == ("Errors", "Sum", 300)
    assert alarm["Threshold"] == 1
    assert alarm["TreatMissingData"] == "notBreaching"
    assert [aws.text(action) for action in alarm["AlarmActions"]] == ["<AlarmsTopic>"]


def test_alarms_may_publish_to_the_topic_and_only_over_tls(aws: Template) -> None:
    statements = aws.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]

    rules = {statement["Effect"]: (statement["Principal"], statement["Condition"]) for statement in statements}
    assert rules["Allow"] == (
        {"Service": "cloudwatch.amazonaws.com"},
        {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    )
    assert rules["Deny"] == ("*", {"Bool": {"aws:SecureTransport": "false"}})


def test_an_emulator_is_told_the_path_alone_since_its_address_is_not_known_before_it_runs(local: Template) -> None:
    for function in ("route", "job"):
        variables = local.functions()[function]["Environment"]["Variables"]

        assert local.text(variables[PUBLIC_URL]) == "/_aws/execute-api/<LoggedApi>/live"


@every_function
def test_a_function_ends_before_whoever_waits_for_it_gives_up(aws: Template, function: str) -> None:
    patience = LONGEST_SECONDS if function in PATIENT else API_GATEWAY_PATIENCE_SECONDS
    if function in SCHEDULED:
        patience = LONGEST_SECONDS_OF_A_SCHEDULED_RUN

    assert aws.functions()[function]["Timeout"] <= patience


def test_the_step_that_holds_the_line_to_a_provider_may_take_as_long_as_lambda_lets_it(aws: Template) -> None:
    assert aws.functions()["job"]["Timeout"] == LONGEST_SECONDS


def test_the_embedded_model_ends_before_the_route_that_waits_for_it(aws: Template) -> None:
    assert aws.functions()["embedded"]["Timeout"] < aws.functions()["route"]["Timeout"]


@pytest.mark.parametrize(
    ("function", "layer"),
    [(function, "Models" if function == "embedded" else "Base") for function in FUNCTION_ENVIRONMENT],
)
def test_a_function_carries_only_the_layer_it_needs(aws: Template, function: str, layer: str) -> None:
    layers = [aws.text(reference) for reference in aws.functions()[function]["Layers"]]

    assert layers == [f"<Artifacts{layer}>"]


def test_all_functions_share_one_code_asset(aws: Template) -> None:
    assert len({str(properties["Code"]) for properties in aws.functions().values()}) == 1
