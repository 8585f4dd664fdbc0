"""The job function: each task that a state of the machine sends, and the typed result that the machine reads."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from imagegate.app.ports import JobWrite, KeptCallback
from imagegate.aws.callbacks import DynamoCallbacks
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.domain.ids import JobId
from imagegate.domain.job import Job, mark_sent
from tests.account import AUDIT_TABLE, TABLE
from tests.builders import PROJECT_ID, a_project, dollars
from tests.functions.conftest import LoadHandler
from tests.functions.events import CONTEXT
from tests.functions.gateway import SLOW, SLOW_MODEL, SlowVendor
from tests.loopback import Reply

OVER = {"next": "done", "seconds": 1}


def _accepted(slow: SlowVendor) -> str:
    generation_id: str = slow.create("/v1/generations", model=SLOW_MODEL, size="1024x1024").json["id"]
    return generation_id


def _submitted(slow: SlowVendor) -> str:
    generation_id = _accepted(slow)
    for step in ("plan", "submit"):
        slow.step(generation_id, step)
    return generation_id


def _store(slow: SlowVendor) -> DynamoJobStore:
    return DynamoJobStore(client=slow.account.dynamodb, table=TABLE, audit_table=AUDIT_TABLE)


def _read(slow: SlowVendor, generation_id: str) -> Job:
    job = _store(slow).read(JobId(generation_id))
    assert job is not None
    return job


@contextmanager
def _woken(function: Any) -> Iterator[list[str]]:
    """Note the tokens that the function wakes executions with; moto takes any."""
    woken: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        woken.append(params["taskToken"])

    events = function.run_job.runs.states.meta.events
    events.register("before-parameter-build.sfn.SendTaskSuccess", note)
    yield woken
    events.unregister("before-parameter-build.sfn.SendTaskSuccess", note)


def test_each_step_answers_with_the_next_until_the_job_is_over(slow: SlowVendor) -> None:
    slow.statuses[:] = ["Pending"]
    generation_id = _accepted(slow)

    told = [slow.step(generation_id, "plan"), slow.step(generation_id, "submit")]
    for _ in range(2):
        slow.clock.sleep(told[-1]["seconds"])
        told.append(slow.step(generation_id, "wait"))
    told += [slow.step(generation_id, step) for step in ("inspect", "publish")]

    assert [one["next"] for one in told] == ["submit", "wait", "wait", "inspect", "publish", "done"]
    assert slow.read(generation_id).json["status"] == "succeeded"


def test_a_result_is_two_fields_that_the_machine_can_read(slow: SlowVendor) -> None:
    told = slow.step(_accepted(slow), "plan")

    assert json.loads(json.dumps(told)) == told
    assert told.keys() == {"next", "seconds"}
    # Step Functions waits for whole seconds only.
    assert (type(told["next"]), type(told["seconds"])) == (str, int)


@pytest.mark.parametrize("step", ["submit", "wait", "inspect", "publish", "review", "done"])
def test_a_step_that_the_job_is_not_ready_for_changes_nothing_and_tells_which_is(slow: SlowVendor, step: str) -> None:
    generation_id = _accepted(slow)
    before = _read(slow, generation_id)

    told = slow.step(generation_id, step)

    assert told["next"] == "plan"
    assert _read(slow, generation_id) == before
    assert slow.paths() == []


def test_a_step_that_is_repeated_sends_nothing_again(slow: SlowVendor) -> None:
    generation_id = _submitted(slow)

    told = slow.step(generation_id, "submit")

    assert told["next"] == "wait"
    assert [one.split()[0] for one in slow.paths()] == ["POST"]


def test_a_job_that_is_not_there_is_over(slow: SlowVendor) -> None:
    for step in ("plan", "recover", "abandon"):
        assert slow.step(f"gen_{'f' * 32}", step) == OVER


def test_a_throttled_provider_is_tried_again_after_what_it_asked_for(slow: SlowVendor) -> None:
    generation_id = _accepted(slow)
    slow.step(generation_id, "plan")
    slow.vendor_answers(429, retry_after="30")

    planned = [slow.step(generation_id, step) for step in ("submit", "plan")]

    assert [one["next"] for one in planned] == ["plan", "wait"]
    assert 28 <= planned[-1]["seconds"] <= 30


def test_work_that_a_dead_function_may_have_sent_ends_as_unknown_with_what_it_may_cost(slow: SlowVendor) -> None:
    DynamoProjectStore(client=slow.account.dynamodb, table=TABLE).write_project(a_project(monthly_budget=dollars("1")))
    generation_id = _accepted(slow)
    slow.step(generation_id, "plan")
    job = _read(slow, generation_id)
    _store(slow).write(JobWrite(job=mark_sent(job, job.open_attempts, slow.clock())))

    told = [slow.step(generation_id, step) for step in ("recover", "publish")]

    read = slow.read(generation_id).json
    assert [one["next"] for one in told] == ["publish", "done"]
    assert (read["status"], read["error"]["code"]) == ("failed", "outcome_unknown")
    assert read["cost"]["is_estimate"]
    assert slow.account.item(f"BUDGET#{PROJECT_ID}")["spent"] == read["cost"]["amount"]
    assert slow.paths() == []


def test_recovering_what_was_never_sent_goes_on_with_sending_it(slow: SlowVendor) -> None:
    generation_id = _accepted(slow)
    slow.step(generation_id, "plan")

    assert slow.step(generation_id, "recover")["next"] == "submit"


def test_an_abandoned_job_is_failed_once(slow: SlowVendor) -> None:
    generation_id = _submitted(slow)

    assert [slow.step(generation_id, "abandon") for _ in range(2)] == [OVER, OVER]

    read = slow.read(generation_id).json
    assert (read["status"], read["error"]["code"]) == ("failed", "internal_error")
    assert [event["document"]["action"] for event in slow.account.items(AUDIT_TABLE)] == ["generation.failed"]


@pytest.fixture
def called_back(slow: SlowVendor, load: LoadHandler, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The job function, as it is where an operator has turned callbacks on."""
    DynamoConfigurationStore(client=slow.account.dynamodb, table=TABLE).write(SLOW, {"callbacks": "on"})
    for module in ("deployment", "generations", "job"):
        monkeypatch.setattr(f"imagegate.wiring.{module}.now", slow.clock)
    function = load("job", IMAGEGATE_PROVIDER_ENDPOINTS=json.dumps({SLOW: slow.vendor.url}))
    slow.job = function.handler
    yield function
    function.run_job.steps.plan.calls.transport._pool.clear()


def test_a_provider_that_is_asked_to_call_is_waited_for(slow: SlowVendor, called_back: Any) -> None:
    generation_id = _accepted(slow)

    told = [slow.step(generation_id, step) for step in ("plan", "submit")]

    attempt = _read(slow, generation_id).attempts[0]
    sent = json.loads(slow.vendor.received[0].body)
    assert [one["next"] for one in told] == ["submit", "await_callback"]
    assert sent["webhook_url"].startswith("https://gateway.example/live/v1/webhooks/bfl?")
    assert f"job={generation_id}&attempt=1&token={attempt.callback_token}" in sent["webhook_url"]


def test_a_machine_that_waits_leaves_its_token_and_is_woken_by_nobody_yet(slow: SlowVendor, called_back: Any) -> None:
    generation_id = _submitted(slow)

    with _woken(called_back) as woken:
        told = slow.step(generation_id, "await", task_token="token-one")

    (waiter,) = (item for item in slow.account.items() if item["sk"] == "WAITER")
    assert told == {}
    assert (waiter["pk"], waiter["token"]) == (f"JOB#{generation_id}", "token-one")
    assert woken == []


def test_a_callback_that_came_before_the_machine_waits_wakes_it_at_once(slow: SlowVendor, called_back: Any) -> None:
    generation_id = _submitted(slow)
    callbacks = DynamoCallbacks(client=slow.account.dynamodb, table=TABLE)
    callbacks.add(JobId(generation_id), 1, "evt_one", KeptCallback(body=b"{}", received_at=slow.clock()))

    with _woken(called_back) as woken:
        slow.step(generation_id, "await", task_token="token-one")

    assert woken == ["token-one"]


def test_a_machine_that_waits_for_a_job_that_is_over_is_woken_at_once(slow: SlowVendor, called_back: Any) -> None:
    generation_id = _submitted(slow)
    slow.step(generation_id, "abandon")

    with _woken(called_back) as woken:
        slow.step(generation_id, "await", task_token="token-one")

    assert woken == ["token-one"]


@pytest.mark.parametrize(
    "task",
    [
        {},
        {"job_id": "gen_one"},
        {"step": "plan"},
        {"job_id": "gen_one", "step": "paint"},
        {"job_id": 1, "step": "plan"},
    ],
)
def test_a_task_that_no_machine_of_ours_sends_is_refused(slow: SlowVendor, task: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        slow.job(task, CONTEXT)


def test_what_fails_is_raised_so_that_the_machine_tries_again(slow: SlowVendor) -> None:
    generation_id = _accepted(slow)
    slow.account.dynamodb.delete_table(TableName=TABLE)

    with pytest.raises(ClientError, match="ResourceNotFound"):
        slow.step(generation_id, "plan")


def test_an_answer_that_was_cut_off_may_have_cost_money_and_is_not_asked_for_again(slow: SlowVendor) -> None:
    generation_id = _accepted(slow)
    slow.vendor.respond = lambda request: Reply(body=b"{", claimed_length=100)

    told = [slow.step(generation_id, step) for step in ("plan", "submit", "publish")]

    assert [one["next"] for one in told] == ["submit", "publish", "done"]
    assert slow.read(generation_id).json["error"]["code"] == "outcome_unknown"
    assert len(slow.paths()) == 1
