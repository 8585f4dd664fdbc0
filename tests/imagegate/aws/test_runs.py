"""Executions and tokens: one execution for each version of a job, and a token that wakes only what still waits."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from imagegate.app.ports import RunNotStartedError
from imagegate.aws.runs import StepFunctionsJobRuns
from imagegate.domain.ids import JobId
from tests.account import MACHINE, TABLE, Account
from tests.builders import NOW, a_job

JOB = a_job(version=1)


@pytest.fixture
def runs(account: Account) -> StepFunctionsJobRuns:
    return StepFunctionsJobRuns(
        states=account.states, machine=MACHINE, client=account.dynamodb, table=TABLE, clock=lambda: NOW
    )


@pytest.fixture
def stepfunctions(account: Account) -> Iterator[Stubber]:
    """Step Functions with answers that moto does not give: it takes every token."""
    with Stubber(account.states) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_an_execution_is_named_after_the_job_and_its_version_and_knows_nothing_but_the_job(
    runs: StepFunctionsJobRuns, account: Account
) -> None:
    runs.start(JOB)

    (execution,) = account.states.list_executions(stateMachineArn=MACHINE)["executions"]
    told = account.states.describe_execution(executionArn=execution["executionArn"])
    assert told["name"] == f"{JOB.id}-1"
    assert json.loads(told["input"]) == {"job_id": JOB.id}


def test_two_who_see_the_same_job_start_one_execution(runs: StepFunctionsJobRuns, account: Account) -> None:
    runs.start(JOB)
    runs.start(JOB)

    assert account.executions() == [f"{JOB.id}-1"]


def test_a_name_that_was_used_is_no_failure(runs: StepFunctionsJobRuns, stepfunctions: Stubber) -> None:
    stepfunctions.add_client_error("start_execution", "ExecutionAlreadyExists")

    runs.start(JOB)


def test_a_machine_that_is_not_there_takes_no_job(runs: StepFunctionsJobRuns) -> None:
    elsewhere = replace(runs, machine=f"{MACHINE}-elsewhere")

    with pytest.raises(RunNotStartedError) as refused:
        elsewhere.start(JOB)

    assert "StateMachineDoesNotExist" in str(refused.value.__cause__)


def test_a_job_that_was_moved_on_can_be_started_again(runs: StepFunctionsJobRuns, account: Account) -> None:
    runs.start(JOB)
    runs.start(replace(JOB, version=4))

    assert sorted(account.executions()) == [f"{JOB.id}-1", f"{JOB.id}-4"]


def test_the_longest_name_fits(runs: StepFunctionsJobRuns, account: Account) -> None:
    runs.start(replace(JOB, version=10**6))

    (name,) = account.executions()
    assert len(name) <= 80


def test_a_token_wakes_the_execution_that_gave_it(runs: StepFunctionsJobRuns, stepfunctions: Stubber) -> None:
    runs.keep_token(JOB.id, "token-one")
    stepfunctions.add_response("send_task_success", {}, {"taskToken": "token-one", "output": "{}"})

    runs.wake(JOB.id)


def test_only_the_newest_token_is_used(runs: StepFunctionsJobRuns, stepfunctions: Stubber) -> None:
    runs.keep_token(JOB.id, "token-one")
    runs.keep_token(JOB.id, "token-two")
    stepfunctions.add_response("send_task_success", {}, {"taskToken": "token-two", "output": "{}"})

    runs.wake(JOB.id)


def test_a_job_that_nothing_waits_for_is_not_woken(runs: StepFunctionsJobRuns, stepfunctions: Stubber) -> None:
    runs.keep_token(JobId(f"gen_{'0' * 31}2"), "token-one")

    runs.wake(JOB.id)


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_an_execution_that_has_gone_on_by_itself_is_left_alone(
    runs: StepFunctionsJobRuns, stepfunctions: Stubber, code: str
) -> None:
    runs.keep_token(JOB.id, "token-one")
    stepfunctions.add_client_error("send_task_success", code)

    runs.wake(JOB.id)


def test_a_wake_that_is_not_allowed_is_a_failure(runs: StepFunctionsJobRuns, stepfunctions: Stubber) -> None:
    runs.keep_token(JOB.id, "token-one")
    stepfunctions.add_client_error("send_task_success", "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        runs.wake(JOB.id)


def test_a_token_is_forgotten_once_its_job_is_long_over(runs: StepFunctionsJobRuns, account: Account) -> None:
    runs.keep_token(JOB.id, "token-one")

    item = account.item(f"JOB#{JOB.id}")
    assert (item["sk"], item["token"]) == ("WAITER", "token-one")
    assert int(item["expires_at"]) == int((NOW + timedelta(days=2)).timestamp())


def test_a_start_that_is_refused_is_told_as_such(runs: StepFunctionsJobRuns, stepfunctions: Stubber) -> None:
    stepfunctions.add_client_error("start_execution", "ExecutionLimitExceeded")

    with pytest.raises(RunNotStartedError):
        runs.start(JOB)
