"""What wakes `notify`: only changes that somebody must be told, none of which is lost, and a schedule."""

import json
from typing import Any

from shared_names import BUDGET_PREFIX, EVENTS_PREFIX, TASK_ANNOUNCE_DEPRECATIONS
from tests.infra.template import Template


def _mapping(template: Template) -> Any:
    return template.only("AWS::Lambda::EventSourceMapping")


def test_notify_reads_the_stream_of_the_table_from_its_beginning(aws: Template) -> None:
    mapping = _mapping(aws)

    assert aws.text(mapping["EventSourceArn"]) == "<imagegate>/stream"
    assert aws.text(mapping["FunctionName"]) == "<imagegate-notify>"
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


def test_notify_is_woken_by_events_and_budgets_alone(aws: Template) -> None:
    patterns = [json.loads(one["Pattern"]) for one in _mapping(aws)["FilterCriteria"]["Filters"]]

    woken = {one["dynamodb"]["Keys"]["pk"]["S"][0]["prefix"]: one["eventName"] for one in patterns}
    assert woken == {EVENTS_PREFIX: ["INSERT"], BUDGET_PREFIX: ["INSERT", "MODIFY"]}


def test_a_change_that_cannot_be_told_is_set_apart_and_raises_an_alarm(aws: Template) -> None:
    mapping = _mapping(aws)

    assert (mapping["BisectBatchOnFunctionError"], mapping["MaximumRetryAttempts"]) == (True, 20)
    assert mapping["MaximumRecordAgeInSeconds"] == 24 * 60 * 60
    assert aws.text(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == "<NoticesUntold>"
    (alarm,) = (
        alarm for alarm in aws.of_type("AWS::CloudWatch::Alarm").values() if alarm.get("Namespace") == "AWS/SQS"
    )
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 1)


def test_the_queue_is_encrypted_and_reached_over_tls_alone(aws: Template) -> None:
    queue = aws.only("AWS::SQS::Queue")

    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    (statement,) = aws.only("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_models_that_end_are_announced_every_day(aws: Template) -> None:
    rules = aws.of_type("AWS::Events::Rule").values()

    daily = [target for rule in rules if rule["ScheduleExpression"] == "rate(1 day)" for target in rule["Targets"]]
    assert [json.loads(target["Input"]) for target in daily] == [{"task": TASK_ANNOUNCE_DEPRECATIONS}]
