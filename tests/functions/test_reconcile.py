"""The reconciler's handler: invoked by its schedule, or by an operator as of a later moment."""

import json
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from imagegate.app.ports import JobWrite
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.job import LONGEST_SILENCE, Job
from tests.account import AUDIT_TABLE, TABLE, Account
from tests.builders import NOW, a_job
from tests.fixtures import fixture_json
from tests.functions.conftest import LoadHandler
from tests.functions.events import CONTEXT

NOTHING = {"ReconciledJobs": 0, "AbandonedJobs": 0, "ReleasedSlots": 0, "SweptObjects": 0}


@pytest.fixture
def function(account: Account, load: LoadHandler) -> ModuleType:
    return load("reconcile", POWERTOOLS_SERVICE_NAME="reconcile")


def _write(account: Account, **changes: Any) -> Job:
    jobs = DynamoJobStore(client=account.dynamodb, table=TABLE, audit_table=AUDIT_TABLE)
    return jobs.write(JobWrite(job=a_job(**changes)))


def _metrics(told: str) -> dict[str, Any]:
    metrics: dict[str, Any] = next(json.loads(line) for line in told.splitlines() if "_aws" in line)
    return metrics


def test_the_schedule_finds_what_is_overdue(
    function: ModuleType, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    now = function.reconcile.clock()
    job = _write(account, created_at=now, updated_at=now - LONGEST_SILENCE, deadline_at=now + timedelta(minutes=5))

    told = function.handler(fixture_json("events/schedule.json"), CONTEXT)

    assert told == NOTHING | {"ReconciledJobs": 1}
    assert account.executions() == [f"{job.id}-2"]
    metrics = _metrics(capsys.readouterr().out)
    assert (metrics["ReconciledJobs"], metrics["AbandonedJobs"], metrics["service"]) == ([1.0], [0.0], "reconcile")


def test_an_operator_may_ask_as_of_a_later_moment(function: ModuleType, account: Account) -> None:
    now = function.reconcile.clock()
    _write(account, updated_at=now, deadline_at=now + timedelta(minutes=5))

    assert function.handler({}, CONTEXT) == NOTHING
    later = (now + LONGEST_SILENCE + timedelta(minutes=1)).isoformat()
    assert function.handler({"as_of": later}, CONTEXT)["ReconciledJobs"] == 1


def test_what_is_beyond_help_is_given_up(function: ModuleType, account: Account) -> None:
    job = _write(account, updated_at=NOW - timedelta(days=2), deadline_at=NOW - timedelta(days=2))

    later = NOW + timedelta(days=3650)
    assert function.handler({"as_of": later.isoformat()}, CONTEXT)["AbandonedJobs"] == 1

    assert account.item(f"JOB#{job.id}")["document"]["status"] == "failed"


# Powertools warns where there is nothing to count.
@pytest.mark.filterwarnings("ignore:No application metrics")
@pytest.mark.parametrize("as_of", ["soon", "2026-11-22T12:00:00"])
def test_a_moment_that_is_none_or_in_no_zone_is_refused(function: ModuleType, as_of: str) -> None:
    with pytest.raises(ValidationError):
        function.handler({"as_of": as_of}, CONTEXT)


def test_what_could_not_be_settled_fails_the_run_so_that_its_alarm_tells(
    function: ModuleType, account: Account
) -> None:
    now = function.reconcile.clock()
    _write(account, updated_at=now - LONGEST_SILENCE, deadline_at=now + timedelta(minutes=5))
    object.__setattr__(function.reconcile.runs, "machine", "arn:aws:states:us-east-1:123456789012:stateMachine:gone")

    with pytest.raises(ExceptionGroup, match="could not be settled: gen_"):
        function.handler({}, CONTEXT)
