"""Callbacks in the table: each is kept once, under the attempt it is about."""

from datetime import timedelta

import pytest

from imagegate.app.ports import KeptCallback
from imagegate.aws.callbacks import DynamoCallbacks
from imagegate.domain.ids import JobId
from tests.account import TABLE, Account
from tests.builders import NOW

JOB_ID = JobId(f"gen_{'0' * 31}1")


@pytest.fixture
def callbacks(account: Account) -> DynamoCallbacks:
    return DynamoCallbacks(client=account.dynamodb, table=TABLE)


def _a_callback(body: bytes = b'{"status": "succeeded"}', seconds: float = 0) -> KeptCallback:
    return KeptCallback(body=body, received_at=NOW + timedelta(seconds=seconds))


def test_a_callback_is_read_back_byte_by_byte(callbacks: DynamoCallbacks) -> None:
    kept = _a_callback('{"prompt": "ein r\u00f6tlicher Kreis \U0001f534"}\r\n'.encode())

    assert callbacks.add(JOB_ID, 1, "evt_one", kept)

    assert callbacks.read(JOB_ID, 1) == (kept,)


def test_callbacks_are_read_in_the_order_in_which_they_came(callbacks: DynamoCallbacks) -> None:
    later, first = _a_callback(b"later", seconds=2), _a_callback(b"first", seconds=1)
    callbacks.add(JOB_ID, 1, "evt_a", later)
    callbacks.add(JOB_ID, 1, "evt_b", first)

    assert callbacks.read(JOB_ID, 1) == (first, later)


def test_a_callback_that_comes_again_is_kept_once(callbacks: DynamoCallbacks) -> None:
    callbacks.add(JOB_ID, 1, "evt_one", _a_callback(b"first"))

    assert not callbacks.add(JOB_ID, 1, "evt_one", _a_callback(b"again", seconds=5))

    assert [one.body for one in callbacks.read(JOB_ID, 1)] == [b"first"]


def test_an_attempt_has_callbacks_of_its_own(callbacks: DynamoCallbacks) -> None:
    callbacks.add(JOB_ID, 1, "evt_one", _a_callback())

    assert callbacks.add(JOB_ID, 2, "evt_one", _a_callback())
    assert callbacks.read(JOB_ID, 3) == ()
    assert callbacks.read(JobId(f"gen_{'0' * 31}2"), 1) == ()


def test_a_callback_is_forgotten_once_its_job_is_long_over(callbacks: DynamoCallbacks, account: Account) -> None:
    callbacks.add(JOB_ID, 1, "evt_one", _a_callback())

    item = account.item(f"CALLBACK#{JOB_ID}#1")
    assert item["sk"] == "evt_one"
    assert int(item["expires_at"]) == int((NOW + timedelta(days=2)).timestamp())


def test_the_callbacks_of_one_attempt_can_be_erased(callbacks: DynamoCallbacks) -> None:
    callbacks.add(JOB_ID, 1, "evt_one", _a_callback())
    callbacks.add(JOB_ID, 1, "evt_two", _a_callback(b"two"))
    callbacks.add(JOB_ID, 2, "evt_one", _a_callback())

    callbacks.erase(JOB_ID, 1)

    assert callbacks.read(JOB_ID, 1) == ()
    assert len(callbacks.read(JOB_ID, 2)) == 1
