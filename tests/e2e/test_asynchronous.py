"""Generations that nobody waits for, through the deployed gateway: begun, listed, canceled, deleted."""

import secrets
import time
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest

from dev.gateway import Keys
from shared_names import PUBLISHED_PREFIX, QUARANTINE_PREFIX
from tests.e2e import records
from tests.e2e.asking import MODEL, PROMPT, SMALL, download, error_of, opened_client, opened_picture, read_json
from tests.e2e.support import DeployedGateway
from tests.e2e.vendor_parts import PICTURE_SIZE, Mood
from tests.e2e.vendors import FAKES, Vendors

_GENERATIONS: Final = "/generations"
_SLOW: Final = FAKES["replicate"].model_id
_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.1

Json = dict[str, Any]


def _post(client: openai.OpenAI, path: str, body: Json | None = None, **headers: str) -> Json:
    options: Any = {"headers": {name.replace("_", "-"): value for name, value in headers.items()}}
    answer: Any = client.post(path, cast_to=object, body=body, options=options)
    return dict(answer)


def _begin(client: openai.OpenAI, *, key: str | None = None, **wishes: Any) -> Json:
    headers = {"prefer": "respond-async", **({"idempotency_key": key} if key else {})}
    return _post(client, _GENERATIONS, {"model": MODEL, "prompt": PROMPT, "size": SMALL} | wishes, **headers)


def _read(client: openai.OpenAI, generation_id: str) -> Json:
    return read_json(client, f"{_GENERATIONS}/{generation_id}")


def _until(look: Callable[[], Any]) -> Any:
    """Return what is seen as soon as there is something to see."""
    deadline = time.monotonic() + _SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(_LOOK_SECONDS)
    return seen


def _ended(client: openai.OpenAI, generation_id: str) -> Json:
    def look() -> Json | None:
        told = _read(client, generation_id)
        return told if told["completed_at"] else None

    ended: Json = _until(look)
    return ended


def _working(gateway: DeployedGateway, client: openai.OpenAI, prompt: str) -> str:
    """Begin a generation that never ends by itself, and wait until its vendor works on it."""
    begun = _begin(client, model=_SLOW, prompt=prompt, size=None)
    _until(lambda: [one for one in records.job(gateway, begun["id"])["attempts"] if one["provider_ref"]])
    generation_id: str = begun["id"]
    return generation_id


@pytest.mark.parametrize("model", [MODEL, _SLOW])
def test_a_picture_is_made_while_nobody_waits(client: openai.OpenAI, vendors: Vendors, model: str) -> None:
    begun = _begin(client, model=model, size=SMALL if model == MODEL else None)

    ended = _ended(client, begun["id"])

    assert (begun["object"], begun["status"], begun["images"]) == ("generation", "queued", [])
    assert (ended["status"], ended["model"], ended["attempts"]) == ("succeeded", model, 1)
    size = opened_picture(download(ended["images"][0]["url"])).size
    assert size == ((128, 128) if model == MODEL else PICTURE_SIZE)


def test_whoever_prefers_to_wait_gets_the_end(client: openai.OpenAI) -> None:
    body = {"model": MODEL, "prompt": PROMPT, "size": SMALL}

    told = _post(client, _GENERATIONS, body, prefer="wait=24")

    assert told["status"] == "succeeded"


def test_a_repeat_is_the_same_generation_while_it_runs_and_when_it_is_over(
    client: openai.OpenAI, vendors: Vendors
) -> None:
    prompt, key = "a kite that is asked for again and again", secrets.token_hex(8)
    wishes: Json = {"model": _SLOW, "prompt": prompt, "size": None, "key": key}

    first, second = _begin(client, **wishes), _begin(client, **wishes)
    _ended(client, first["id"])
    third = _begin(client, **wishes)

    assert first["id"] == second["id"] == third["id"]
    assert third["status"] == "succeeded"
    assert len(vendors.submits(prompt)) == 1


def test_generations_are_listed_with_filters_page_by_page(gateway: DeployedGateway, stranger: Keys) -> None:
    with opened_client(gateway.base_url, stranger.api_key) as client:
        ids = [_begin(client, safety_identifier=user)["id"] for user in ("ann", "ben", "ann")]
        for generation_id in ids:
            _ended(client, generation_id)

        def listed(query: str) -> list[str]:
            return [one["id"] for one in read_json(client, f"{_GENERATIONS}?{query}")["data"]]

        first = read_json(client, f"{_GENERATIONS}?limit=2")
        assert [one["id"] for one in first["data"]] == ids[:0:-1]
        assert (first["object"], first["has_more"], first["last_id"]) == ("list", True, ids[1])
        assert listed(f"limit=2&after={first['last_id']}")[0] == ids[0]
        assert _until(lambda: listed("status=succeeded&order=asc&limit=3")) == ids
        assert listed("end_user=ann") == [ids[2], ids[0]]
        assert listed("status=failed") == []
        assert listed(f"created_before={first['data'][0]['created_at'] + 1}&limit=1") == [ids[2]]


def test_a_canceled_generation_is_stopped_at_its_vendor(
    gateway: DeployedGateway, client: openai.OpenAI, vendors: Vendors
) -> None:
    generation_id = _working(gateway, client, f"a kite that nobody wants any more [{Mood.LINGER}]")

    canceled = _post(client, f"{_GENERATIONS}/{generation_id}/cancel")

    (attempt,) = records.job(gateway, generation_id)["attempts"]
    assert (canceled["status"], canceled["error"]["code"]) == ("canceled", "generation_canceled")
    assert (attempt["outcome"], canceled["cost"]) == ("canceled", None)
    stopped = [one.path for one in vendors.received("replicate") if one.path.endswith("/cancel")]
    assert f"/replicate/predictions/{attempt['provider_ref']['id']}/cancel" in stopped
    assert records.audit_event(gateway, generation_id)["action"] == "generation.canceled"
    assert _post(client, f"{_GENERATIONS}/{generation_id}/cancel") == canceled


def test_what_is_over_cannot_be_canceled_and_what_is_not_over_cannot_be_deleted(
    gateway: DeployedGateway, client: openai.OpenAI, vendors: Vendors
) -> None:
    over = _begin(client)["id"]
    _ended(client, over)
    under_way = _working(gateway, client, f"a kite that is to be kept [{Mood.LINGER}]")

    with pytest.raises(openai.ConflictError) as not_canceled:
        _post(client, f"{_GENERATIONS}/{over}/cancel")
    with pytest.raises(openai.ConflictError) as not_deleted:
        client.delete(f"{_GENERATIONS}/{under_way}", cast_to=object)

    assert error_of(not_canceled.value)[1] == "generation_over"
    assert error_of(not_deleted.value)[1] == "generation_not_over"
    _post(client, f"{_GENERATIONS}/{under_way}/cancel")


def test_a_deleted_generation_leaves_no_picture_and_an_audit_event(
    gateway: DeployedGateway, client: openai.OpenAI
) -> None:
    generation_id = _begin(client)["id"]
    _ended(client, generation_id)
    assert records.stored_pictures(gateway, PUBLISHED_PREFIX, generation_id)

    deleted: Any = client.delete(f"{_GENERATIONS}/{generation_id}", cast_to=object)

    assert deleted == {"id": generation_id, "object": "generation.deleted", "deleted": True}
    for prefix in (PUBLISHED_PREFIX, QUARANTINE_PREFIX):
        assert records.stored_pictures(gateway, prefix, generation_id) == []
    with pytest.raises(openai.NotFoundError):
        _read(client, generation_id)
    assert len(records.audit_items(gateway, generation_id)) == 2
