"""`POST /v1/generations`, and the `Prefer` header where callers usually wait: who waits, how long, and for what."""

import pytest

from tests.account import AUDIT_TABLE
from tests.functions.events import Answer
from tests.functions.gateway import SLOW_MODEL, SlowVendor

GENERATIONS = "/v1/generations"
NEVER_READY = ["Pending"] * 200


def _create(slow: SlowVendor, path: str = GENERATIONS, **wishes: str) -> Answer:
    return slow.create(path, model=SLOW_MODEL, size="1024x1024", **wishes)


def _is_accepted(answer: Answer) -> bool:
    """Tell whether an answer is 202 with where and when to ask again."""
    where = f"{GENERATIONS}/{answer.json['id']}"
    return (answer.status, answer.headers["location"], answer.headers["retry-after"]) == (202, where, "5")


def test_a_generation_is_accepted_before_anything_is_sent(slow: SlowVendor) -> None:
    answer = _create(slow)

    assert _is_accepted(answer)
    assert (answer.json["status"], answer.json["attempts"], answer.json["images"]) == ("queued", 0, [])
    assert slow.account.executions() == [f"{answer.json['id']}-1"]
    assert slow.paths() == []


def test_a_generation_that_was_accepted_is_made_by_the_machine(slow: SlowVendor) -> None:
    generation_id = _create(slow).json["id"]

    slow.drive(generation_id)

    read = slow.read(generation_id).json
    assert (read["status"], read["attempts"]) == ("succeeded", 1)
    assert read["images"][0]["url"].startswith("https://")
    assert [event["document"]["action"] for event in slow.account.items(AUDIT_TABLE)] == ["generation.succeeded"]


def test_a_repeat_gets_the_same_generation_and_starts_nothing(slow: SlowVendor) -> None:
    first = _create(slow, key="once")

    repeat = _create(slow, key="once")

    assert repeat.text == first.text
    assert len(slow.account.executions()) == 1


def test_a_repeat_after_the_end_is_told_with_the_pictures(slow: SlowVendor) -> None:
    generation_id = _create(slow, key="once").json["id"]
    slow.drive(generation_id)

    repeat = _create(slow, key="once")

    assert (repeat.status, repeat.json["id"], repeat.json["status"]) == (200, generation_id, "succeeded")
    assert repeat.json["images"][0]["url"].startswith("https://")


def test_the_same_key_with_another_request_is_a_conflict(slow: SlowVendor) -> None:
    _create(slow, key="once")

    other = slow.create(GENERATIONS, key="once", prompt="a blue star")

    assert (other.status, other.code) == (409, "idempotency_key_reused")


def test_a_prompt_that_is_refused_is_told_as_a_generation_that_is_over(slow: SlowVendor) -> None:
    answer = slow.create(GENERATIONS, prompt="a severed head")

    assert (answer.status, answer.json["status"]) == (200, "rejected")
    assert answer.json["error"]["code"] == "moderation_blocked"
    assert slow.account.executions() == []


def test_a_request_that_cannot_be_done_is_refused_at_once(slow: SlowVendor) -> None:
    answer = slow.create(GENERATIONS, model="embedded/scenes", background="transparent")

    assert (answer.status, answer.code) == (400, "unsupported_feature")
    assert slow.account.executions() == []


@pytest.mark.parametrize("path", ["/v1/images/generations", GENERATIONS])
@pytest.mark.parametrize("prefer", ["respond-async", "Respond-Async, handling=lenient", "wait=0"])
def test_a_caller_who_would_rather_not_wait_is_answered_at_once(slow: SlowVendor, path: str, prefer: str) -> None:
    answer = _create(slow, path, prefer=prefer)

    assert _is_accepted(answer)
    assert slow.paths() == []
    assert slow.clock.slept.total_seconds() == 0


def test_a_caller_who_cannot_wait_as_long_as_it_usually_takes_is_answered_at_once(slow: SlowVendor) -> None:
    answer = _create(slow, "/v1/images/generations", prefer="wait=5")

    assert _is_accepted(answer)
    assert slow.paths() == []


@pytest.mark.parametrize("prefer", ["wait=20", "wait=99999", "return=minimal", "wait=soon", ""])
def test_a_caller_who_can_wait_or_says_nothing_of_it_gets_the_picture(slow: SlowVendor, prefer: str) -> None:
    answer = _create(slow, "/v1/images/generations", prefer=prefer)

    assert (answer.status, answer.json["imagegate"]["status"]) == (200, "succeeded")
    assert slow.account.executions() == []


@pytest.mark.parametrize(("prefer", "most"), [("wait=12", 12), ("wait=99999", 24)])
def test_nobody_waits_longer_than_they_said_or_than_the_gateway_can(slow: SlowVendor, prefer: str, most: int) -> None:
    slow.statuses[:] = NEVER_READY

    answer = _create(slow, "/v1/images/generations", prefer=prefer)

    assert _is_accepted(answer)
    # The provider is asked twice a second, and each question takes a moment of its own.
    assert most - 4 <= slow.clock.slept.total_seconds() <= most


def test_a_caller_may_wait_a_moment_for_what_the_machine_makes(slow: SlowVendor) -> None:
    def finish() -> None:
        slow.clock.meanwhile = lambda: None
        (execution,) = slow.account.executions()
        slow.drive(execution.rpartition("-")[0])

    slow.clock.meanwhile = finish
    answer = _create(slow, "/v1/images/generations", prefer="respond-async, wait=10")

    assert answer.status == 200
    assert answer.json["imagegate"]["status"] == "succeeded"
    assert answer.json["data"][0]["b64_json"]


def test_a_caller_who_waited_for_the_machine_in_vain_is_told_where_to_ask(slow: SlowVendor) -> None:
    answer = _create(slow, prefer="wait=10")

    assert _is_accepted(answer)
    assert 9 <= slow.clock.slept.total_seconds() <= 11
