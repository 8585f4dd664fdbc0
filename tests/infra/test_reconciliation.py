"""The reconciler runs every minute, and somebody learns of what it had to give up."""

import pytest

from tests.infra.template import Template


@pytest.fixture(params=["aws", "local"])
def stack(request: pytest.FixtureRequest) -> Template:
    template: Template = request.getfixturevalue(request.param)
    return template


def test_the_reconciler_runs_every_minute_on_every_target(stack: Template) -> None:
    rules = [
        rule
        for rule in stack.of_type("AWS::Events::Rule").values()
        if stack.text(rule["Targets"][0]["Arn"]) == "<imagegate-reconcile>"
    ]

    assert [rule["ScheduleExpression"] for rule in rules] == ["rate(1 minute)"]
    assert rules[0]["Targets"][0]["RetryPolicy"] == {"MaximumRetryAttempts": 0}


def test_only_its_rule_may_invoke_the_reconciler(aws: Template) -> None:
    permissions = [
        permission
        for permission in aws.of_type("AWS::Lambda::Permission").values()
        if aws.text(permission["FunctionName"]) == "<imagegate-reconcile>"
    ]

    assert [permission["Principal"] for permission in permissions] == ["events.amazonaws.com"]
    assert "Reconciliation" in aws.text(permissions[0]["SourceArn"])


def test_a_generation_that_was_given_up_raises_an_alarm(aws: Template) -> None:
    (alarm,) = (
        alarm for alarm in aws.of_type("AWS::CloudWatch::Alarm").values() if alarm["MetricName"] == "AbandonedJobs"
    )

    assert (alarm["Namespace"], alarm["Statistic"], alarm["Threshold"]) == ("Imagegate", "Sum", 1)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "reconcile"}]
    assert [aws.text(action) for action in alarm["AlarmActions"]] == ["<AlarmsTopic>"]
