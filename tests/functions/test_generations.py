"""`/v1/generations` as whole events: begin, look, list, cancel, delete."""

import base64
from typing import Any

import pytest

from tests.account import AUDIT_TABLE
from tests.functions.events import Answer
from tests.functions.gateway import SLOW_MODEL, SlowVendor
from tests.pictures import picture

GENERATIONS = "/v1/generations"
UNKNOWN = f"gen_{'0' * 32}"


def _begin(slow: SlowVendor, **fields: Any) -> Answer:
    return slow.create(GENERATIONS, **{"model": SLOW_MODEL, "size": "1024x1024"} | fields)


def _list(slow: SlowVendor, project_id: str = "prj_one", **parameters: str) -> Answer:
    return slow("get_generation", path=GENERATIONS, queryStringParameters=parameters, project_id=project_id)


def _cancel(slow: SlowVendor, generation_id: str, **changes: Any) -> Answer:
    return slow("get_generation", path=f"{GENERATIONS}/{generation_id}/cancel", httpMethod="POST", **changes)


def _delete(slow: SlowVendor, generation_id: str, **changes: Any) -> Answer:
    return slow("get_generation", path=f"{GENERATIONS}/{generation_id}", httpMethod="DELETE", **changes)


def _ids(answer: Answer) -> list[str]:
    return [one["id"] for one in answer.json["data"]]


def test_a_generation_is_begun_and_its_picture_comes_later(slow: SlowVendor) -> None:
    begun = _begin(slow)
    generation_id = begun.json["id"]

    assert (begun.status, begun.json["status"]) == (202, "queued")
    assert begun.headers["location"] == f"{GENERATIONS}/{generation_id}"
    assert slow.paths() == []
    assert len(slow.account.executions()) == 1

    slow.drive(generation_id)

    told = slow.read(generation_id).json
    assert told["status"] == "succeeded"
    assert told["images"][0]["url"].startswith("https://")


def test_even_a_quick_model_is_not_waited_for(slow: SlowVendor) -> None:
    assert _begin(slow, model="embedded/scenes", size="512x512").status == 202


def test_whoever_prefers_to_wait_is_answered_with_the_end(slow: SlowVendor) -> None:
    slow.clock.meanwhile = lambda: _drive_all(slow)

    answer = _begin(slow, prefer="wait=10")

    assert (answer.status, answer.json["status"]) == (200, "succeeded")


def test_whoever_has_waited_long_enough_is_told_where_to_ask(slow: SlowVendor) -> None:
    answer = _begin(slow, prefer="wait=10")

    assert (answer.status, answer.json["status"]) == (202, "queued")


def _drive_all(slow: SlowVendor) -> None:
    for generation_id in _ids(_list(slow)):
        slow.drive(generation_id)


def test_pictures_are_edited_by_reference(slow: SlowVendor) -> None:
    address = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"

    begun = _begin(slow, prompt="a hat", images=[{"image_url": address}])
    slow.drive(begun.json["id"])

    assert slow.read(begun.json["id"]).json["status"] == "succeeded"
    document = slow.account.item(f"JOB#{begun.json['id']}")["document"]
    assert document["request"]["operation"] == "edit"
    assert len(document["request"]["input_images"]) == 1


def test_an_operation_that_the_model_lacks_is_refused(slow: SlowVendor) -> None:
    address = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"

    answer = _begin(slow, operation="remove_background", images=[{"image_url": address}])

    assert (answer.status, answer.code) == (400, "unsupported_feature")


def test_a_prompt_that_moderation_refuses_is_over_at_once(slow: SlowVendor) -> None:
    answer = _begin(slow, prompt="child porn")

    assert (answer.status, answer.json["status"], answer.json["error"]["code"]) == (
        200,
        "rejected",
        "moderation_blocked",
    )


@pytest.mark.parametrize("path", [GENERATIONS, "/v1/images/generations"])
def test_a_repeat_gets_the_running_generation_and_later_the_one_that_is_over(slow: SlowVendor, path: str) -> None:
    wish = {"model": SLOW_MODEL, "size": "1024x1024", "prompt": "a kite"}
    first = slow.create(GENERATIONS, key="once", **wish)

    running = slow.create(path, key="once", **wish)
    slow.drive(first.json["id"])
    over = slow.create(path, key="once", **wish)

    assert (running.status, running.json["id"]) == (202, first.json["id"])
    assert over.status == 200
    assert over.json.get("imagegate", over.json)["id"] == first.json["id"]
    assert sum(one.startswith("POST") for one in slow.paths()) == 1


def test_generations_are_listed_in_openais_shape(slow: SlowVendor) -> None:
    ids = [_begin(slow, prompt=f"kite {number}").json["id"] for number in range(3)]
    slow.drive(ids[0])

    first = _list(slow, limit="2")
    second = _list(slow, limit="2", after=first.json["last_id"])

    assert (first.status, first.json["object"], first.json["has_more"]) == (200, "list", True)
    assert sorted(_ids(first) + _ids(second)) == sorted(ids)
    assert (first.json["first_id"], first.json["last_id"]) == (_ids(first)[0], _ids(first)[-1])
    assert second.json["has_more"] is False
    (done,) = _list(slow, status="succeeded").json["data"]
    assert (done["id"], done["images"][0]["url"][:8]) == (ids[0], "https://")


def test_a_list_is_filtered_by_the_apps_own_user_and_by_time(slow: SlowVendor) -> None:
    wanted = _begin(slow, safety_identifier="ann").json
    _begin(slow, safety_identifier="ben")
    created = wanted["created_at"]

    assert _ids(_list(slow, end_user="ann")) == [wanted["id"]]
    assert len(_ids(_list(slow, created_after=str(created), order="asc"))) == 2
    assert _ids(_list(slow, created_before=str(created))) == []


def test_a_list_is_of_the_callers_project_only(slow: SlowVendor) -> None:
    _begin(slow)

    answer = _list(slow, project_id="prj_two")

    assert answer.json == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_a_parameter_that_cannot_be_read_is_told(slow: SlowVendor) -> None:
    assert (_list(slow, limit="0").code, _list(slow, staus="failed").code) == ("invalid_value", "unknown_parameter")


def test_a_generation_under_way_is_canceled_and_stays_so(slow: SlowVendor) -> None:
    slow.statuses[:] = ["Pending"] * 9
    generation_id = _begin(slow).json["id"]
    slow.step(generation_id, "plan")
    slow.step(generation_id, "submit")

    first = _cancel(slow, generation_id)

    assert (first.status, first.json["status"], first.json["error"]["code"]) == (200, "canceled", "generation_canceled")
    assert _cancel(slow, generation_id).json == first.json
    assert slow.drive(generation_id) == "done"
    assert slow.read(generation_id).json["status"] == "canceled"


def test_a_caller_who_waits_is_told_that_somebody_else_canceled(slow: SlowVendor) -> None:
    slow.statuses[:] = ["Pending"] * 99
    slow.clock.meanwhile = lambda: _cancel_all(slow)

    answer = slow.create(model=SLOW_MODEL, size="1024x1024", prefer="wait=24")

    assert (answer.status, answer.code, answer.headers["x-should-retry"]) == (409, "generation_canceled", "false")


def _cancel_all(slow: SlowVendor) -> None:
    for generation_id in _ids(_list(slow)):
        _cancel(slow, generation_id)


def test_what_is_over_cannot_be_canceled(slow: SlowVendor) -> None:
    generation_id = _begin(slow).json["id"]
    slow.drive(generation_id)

    answer = _cancel(slow, generation_id)

    assert (answer.status, answer.code) == (409, "generation_over")
    assert answer.json["imagegate"]["generation_id"] == generation_id


def test_a_deleted_generation_is_gone_with_its_pictures_and_the_audit_says_so(slow: SlowVendor) -> None:
    generation_id = _begin(slow).json["id"]
    slow.drive(generation_id)
    assert len(slow.account.object_keys()) == 2

    deleted = _delete(slow, generation_id)

    assert deleted.json == {"id": generation_id, "object": "generation.deleted", "deleted": True}
    assert slow.account.object_keys() == []
    assert (slow.read(generation_id).status, _delete(slow, generation_id).code) == (404, "generation_not_found")
    actions = [item["document"]["action"] for item in slow.account.items(AUDIT_TABLE)]
    assert sorted(actions) == ["generation.deleted", "generation.succeeded"]


def test_what_is_not_over_cannot_be_deleted(slow: SlowVendor) -> None:
    answer = _delete(slow, _begin(slow).json["id"])

    assert (answer.status, answer.code) == (409, "generation_not_over")


@pytest.mark.parametrize("ask", [_cancel, _delete])
def test_a_generation_that_is_anothers_or_none_is_not_found(slow: SlowVendor, ask: Any) -> None:
    generation_id = _begin(slow).json["id"]

    assert (ask(slow, UNKNOWN).code, ask(slow, "x").code) == ("generation_not_found",) * 2
    assert ask(slow, generation_id, project_id="prj_two").code == "generation_not_found"


@pytest.mark.parametrize(("method", "path"), [("PUT", GENERATIONS), ("GET", f"{GENERATIONS}/{UNKNOWN}/cancel")])
def test_other_methods_are_refused(slow: SlowVendor, method: str, path: str) -> None:
    answer = slow("get_generation", path=path, httpMethod=method)

    assert (answer.status, answer.code) == (405, "method_not_allowed")
