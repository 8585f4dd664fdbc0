"""Vendors call the deployed gateway back: a true callback ends the wait at once, and anything else changes nothing."""

import json
import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import openai
import pytest

from tests.e2e import records
from tests.e2e.asking import read_json
from tests.e2e.calling import address_of, post
from tests.e2e.support import DeployedGateway
from tests.e2e.vendor_parts import Call, Mood
from tests.e2e.vendors import FAKES, Vendors

CALLING: Final = ("bfl", "fal", "ideogram", "replicate")
PROVEN: Final = ("fal", "ideogram", "replicate")
# Half of one poll interval, as long as a callback may come.
SOON_SECONDS: Final = 15.0
_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 0.1

Json = dict[str, Any]


def _begin(client: openai.OpenAI, provider: str, *wishes: str) -> tuple[str, str]:
    """Begin a generation that nobody waits for; return its id and its prompt."""
    prompt = f"a lantern {secrets.token_hex(6)} {' '.join(wishes)}"
    body = {"model": FAKES[provider].model_id, "prompt": prompt}
    answer: Any = client.post("/generations", cast_to=object, body=body)
    return answer["id"], prompt


def _ended(client: openai.OpenAI, generation_id: str) -> Json:
    deadline = time.monotonic() + _SECONDS
    while not (told := read_json(client, f"/generations/{generation_id}"))["completed_at"]:
        assert time.monotonic() < deadline, told
        time.sleep(_LOOK_SECONDS)
    return told


def _address(gateway: DeployedGateway, vendors: Vendors, provider: str, prompt: str, generation_id: str) -> str:
    """Wait until a vendor works on a generation, and return where it was asked to call back."""
    deadline = time.monotonic() + _SECONDS
    while not [one for one in records.job(gateway, generation_id)["attempts"] if one["provider_ref"]]:
        assert time.monotonic() < deadline, "no vendor has taken the work"
        time.sleep(_LOOK_SECONDS)
    (submit,) = vendors.submits(prompt, provider)
    address = address_of(submit)
    assert address is not None
    return address


@pytest.mark.parametrize("provider", PROVEN)
def test_a_callback_ends_the_wait_before_the_vendor_is_asked_again(
    client: openai.OpenAI, vendors: Vendors, provider: str
) -> None:
    begun = time.monotonic()
    generation_id, prompt = _begin(client, provider, f"[{Mood.LINGER}]", f"[call {Call.SOON}]")

    told = _ended(client, generation_id)

    assert (told["status"], told["attempts"]) == ("succeeded", 1)
    assert time.monotonic() - begun < SOON_SECONDS
    assert len(vendors.submits(prompt)) == 1


def test_a_callback_without_a_proof_is_a_hint_to_ask_at_once(client: openai.OpenAI, vendors: Vendors) -> None:
    begun = time.monotonic()
    generation_id, _ = _begin(client, "bfl", "[poll 50]", f"[call {Call.SOON}]")

    assert _ended(client, generation_id)["status"] == "succeeded"
    assert time.monotonic() - begun < SOON_SECONDS


@pytest.mark.parametrize("provider", CALLING)
@pytest.mark.parametrize("call", [Call.EARLY, Call.TWICE])
def test_a_callback_may_come_early_or_twice(client: openai.OpenAI, vendors: Vendors, provider: str, call: Call) -> None:
    generation_id, prompt = _begin(client, provider, f"[call {call}]")

    told = _ended(client, generation_id)

    assert (told["status"], told["attempts"], len(told["images"])) == ("succeeded", 1, 1)
    assert len(vendors.submits(prompt)) == 1


def test_a_callback_that_never_comes_costs_one_poll_interval(client: openai.OpenAI, vendors: Vendors) -> None:
    generation_id, prompt = _begin(client, "replicate", f"[call {Call.NEVER}]")

    assert _ended(client, generation_id)["status"] == "succeeded"
    assert len(vendors.submits(prompt)) == 1


@pytest.mark.parametrize("provider", PROVEN)
def test_an_answer_that_was_lost_is_found_again_through_the_callback_with_one_bill(
    client: openai.OpenAI, vendors: Vendors, provider: str
) -> None:
    generation_id, prompt = _begin(client, provider, f"[{Mood.CUT}]", f"[call {Call.SOON}]")

    told = _ended(client, generation_id)

    assert (told["status"], told["attempts"]) == ("succeeded", 1)
    assert len(vendors.submits(prompt)) == 1


@pytest.mark.parametrize("provider", PROVEN)
def test_a_forged_stale_or_misdirected_callback_is_refused_and_changes_nothing(
    gateway: DeployedGateway, client: openai.OpenAI, vendors: Vendors, provider: str
) -> None:
    generation_id, prompt = _begin(client, provider, f"[{Mood.LINGER}]")
    address = _address(gateway, vendors, provider, prompt, generation_id)
    (attempt,) = records.job(gateway, generation_id)["attempts"]
    task = next(value for value in attempt["provider_ref"].values() if value.startswith("task-"))
    body = json.dumps({"id": task, "request_id": task, "generation_id": task, "status": "OK"}).encode()
    sign = vendors.callers.headers

    unsigned = post(address, {}, body)
    forged = post(address, sign(provider, task, b"something else"), body)
    stale = post(address, sign(provider, task, body, age_seconds=3600), body)
    from_the_future = post(address, sign(provider, task, body, age_seconds=-3600), body)
    guessed = post(_with(address, token="cbk_guessed"), sign(provider, task, body), body)
    unknown = post(_with(address, job=f"gen_{'0' * 32}"), sign(provider, task, body), body)
    elsewhere = post(address.replace(f"/{provider}?", "/bfl?"), sign(provider, task, body), body)
    oversized = post(address, sign(provider, task, body), b" " * (300 * 1024))

    assert [unsigned, forged, stale, from_the_future, guessed, unknown, elsewhere] == [400] * 7
    assert oversized == 413
    assert _kept(gateway, generation_id) == 0
    assert records.job(gateway, generation_id)["status"] == "running"
    client.post(f"/generations/{generation_id}/cancel", cast_to=object)


def _with(address: str, **changes: str) -> str:
    parts = urlsplit(address)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&")) | changes
    return parts._replace(query=urlencode(query)).geturl()


def _kept(gateway: DeployedGateway, generation_id: str) -> int:
    """Count the callbacks that were kept for a generation."""
    return len(records.callbacks(gateway, generation_id, attempt=1))
