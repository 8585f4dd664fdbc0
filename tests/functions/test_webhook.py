"""`GET /health` and `POST /v1/webhooks/{provider}` as whole events: what is kept, what is refused, what is counted."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from imagegate.app.ports import JobWrite
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.job import Job, Outcome
from imagegate.domain.route import Target
from tests.account import AUDIT_TABLE, TABLE, Account
from tests.builders import a_job, an_attempt
from tests.functions.conftest import LoadHandler
from tests.functions.events import Answer, Handler, ask, event

# A provider that proves nothing by a signature: the token in the address is all there is to check.
PROVIDER = "bfl"
TOKEN = "cbk_one"
JOB = a_job()
QUERY = {"job": JOB.id, "attempt": "1", "token": TOKEN}


@pytest.fixture
def webhook(load: LoadHandler) -> Handler:
    handler: Handler = load("webhook").handler
    return handler


def _write(account: Account, **changes: Any) -> Job:
    target = Target(provider=PROVIDER, model="bfl/flux-2-pro", model_version="flux-2-pro")
    attempt = an_attempt(target=target, callback_token=TOKEN, sent_at=JOB.created_at, **changes)
    store = DynamoJobStore(client=account.dynamodb, table=TABLE, audit_table=AUDIT_TABLE)
    return store.write(JobWrite(job=replace(JOB, attempts=(attempt,))))


def _call(webhook: Handler, query: Mapping[str, str] = QUERY, *, provider: str = PROVIDER, body: str = "{}") -> Answer:
    path = f"/v1/webhooks/{provider}"
    return ask(webhook, event("receive_callback", path=path, body=body, queryStringParameters=dict(query)))


def _callbacks(account: Account) -> list[dict[str, Any]]:
    return [item for item in account.items() if item["pk"].startswith("CALLBACK#")]


def _counted(printed: str) -> list[str]:
    metrics = (json.loads(line) for line in printed.splitlines() if '"_aws"' in line)
    return [one["Name"] for metric in metrics for one in metric["_aws"]["CloudWatchMetrics"][0]["Metrics"]]


def test_the_api_tells_that_it_answers(webhook: Handler) -> None:
    answer = ask(webhook, event("get_health"))

    assert (answer.status, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(("name", "method"), [("get_health", "POST"), ("receive_callback", "GET")])
def test_another_method_is_refused(webhook: Handler, name: str, method: str) -> None:
    answer = ask(webhook, event(name, httpMethod=method))

    assert (answer.status, answer.code) == (405, "method_not_allowed")


def test_a_callback_of_an_attempt_is_kept_and_counted(
    webhook: Handler, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _write(account)

    answer = _call(webhook, body='{"id": "t1", "status": "Ready"}')

    assert (answer.status, answer.json) == (200, {"status": "kept"})
    assert len(_callbacks(account)) == 1
    assert account.item(f"JOB#{JOB.id}")["version"] == str(before.version)
    assert _counted(capsys.readouterr().out) == ["CallbacksKept"]


def test_a_callback_that_comes_again_is_acknowledged_and_kept_once(webhook: Handler, account: Account) -> None:
    _write(account)
    _call(webhook)

    answer = _call(webhook)

    assert (answer.status, answer.json) == (200, {"status": "repeated"})
    assert len(_callbacks(account)) == 1


def test_a_callback_after_the_end_is_acknowledged_and_forgotten(webhook: Handler, account: Account) -> None:
    _write(account, outcome=Outcome.FAILED)

    answer = _call(webhook)

    assert (answer.status, answer.json) == (200, {"status": "late"})
    assert _callbacks(account) == []


@pytest.mark.parametrize(
    ("query", "provider"),
    [
        ({}, PROVIDER),
        (QUERY | {"token": "cbk_two"}, PROVIDER),
        (QUERY | {"token": ""}, PROVIDER),
        (QUERY | {"attempt": "2"}, PROVIDER),
        (QUERY | {"job": f"gen_{'f' * 32}"}, PROVIDER),
        (QUERY, "replicate"),
        (QUERY, "embedded"),
        (QUERY, "nobody"),
    ],
)
def test_a_callback_about_nothing_we_asked_for_is_refused_without_a_reason_and_counted(
    webhook: Handler,
    account: Account,
    capsys: pytest.CaptureFixture[str],
    query: dict[str, str],
    provider: str,
) -> None:
    _write(account)

    answer = _call(webhook, query, provider=provider)

    assert (answer.status, answer.code, answer.headers["x-should-retry"]) == (400, "webhook_not_verified", "false")
    assert _callbacks(account) == []
    assert _counted(capsys.readouterr().out) == ["CallbacksRefused"]


def test_a_callback_that_is_too_large_is_refused(webhook: Handler, account: Account) -> None:
    _write(account)

    answer = _call(webhook, body="x" * (256 * 1024 + 1))

    assert (answer.status, answer.code) == (413, "request_too_large")
    assert _callbacks(account) == []
