"""fal: what a callback says, what does not prove itself, and where the addresses come from that it leaves out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from imagegate.domain.callback import Ed25519Signature, ReceivedCallback
from imagegate.domain.errors import WebhookVerificationError
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import CallsBack, Completed, Findable, Pending, Refused
from imagegate.providers.fal import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.callbacks import MOMENT, NEW_KEY, OLD_KEY, check, sign_ed25519
from tests.imagegate.providers.support import a_call, an_answer

BASE_URL = "https://queue.fal.run"
ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"
REQUEST = f"{BASE_URL}/fal-ai/flux/requests/{ID}"
REF = {"stage": "status", "id": ID, "status": f"{REQUEST}/status", "result": REQUEST, "cancel": f"{REQUEST}/cancel"}
RESULT = {**REF, "stage": "result"}
CALL = a_call("fal/flux-dev")
PROOF = provider.proof(BASE_URL)
BODY = fixture_bytes("fal/called_back.json")
GOOD = sign_ed25519(PROOF, BODY, work_id=ID)
CALLBACK_URL = "https://gateway.example/v1/webhooks/fal?token=cbk_1&more=ä"


def _body(**changes: Any) -> bytes:
    return an_answer(fixture_json("fal/called_back.json") | changes).body


def test_it_calls_back_and_does_not_list_work_at_models_of_others() -> None:
    assert isinstance(provider, CallsBack)
    assert not isinstance(provider, Findable)


@pytest.mark.parametrize(
    ("base_url", "jwks_url"),
    [
        (BASE_URL, "https://rest.fal.ai/.well-known/jwks.json"),
        ("https://queue.falrun.com", "https://rest.fal.ai/.well-known/jwks.json"),
        ("https://falrun.com.example", "https://falrun.com.example/.well-known/jwks.json"),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010/.well-known/jwks.json"),
    ],
)
def test_the_keys_are_fals_own_or_those_of_what_stands_in_for_it(base_url: str, jwks_url: str) -> None:
    proof = provider.proof(base_url)

    assert isinstance(proof, Ed25519Signature)
    assert proof.jwks_url == jwks_url


def test_it_is_asked_to_call_in_the_query_and_nothing_else_changes() -> None:
    without, request = provider.submit(CALL), provider.submit(replace(CALL, callback_url=CALLBACK_URL))

    assert parse_qs(urlsplit(request.url).query) == {"fal_webhook": [CALLBACK_URL]}
    assert replace(request, url=request.url.partition("?")[0]) == without


@pytest.mark.parametrize("key", [OLD_KEY, NEW_KEY])
def test_a_good_callback_passes_with_either_published_key_and_a_repeat_has_the_same_id(key: Ed25519PrivateKey) -> None:
    again = sign_ed25519(PROOF, BODY, work_id=ID, key=key, at=MOMENT + timedelta(seconds=299))

    assert check(PROOF, again).event_id == check(PROOF, GOOD).event_id


@pytest.mark.parametrize(
    "received",
    [
        sign_ed25519(PROOF, BODY, work_id=ID, key=Ed25519PrivateKey.from_private_bytes(b"x" * 32)),
        sign_ed25519(PROOF, BODY, work_id=ID, at=MOMENT - timedelta(seconds=301)),
        sign_ed25519(PROOF, BODY, work_id=ID, at=MOMENT + timedelta(seconds=301)),
        replace(GOOD, body=BODY.replace(b"one.png", b"two.png")),
        ReceivedCallback(headers={"x-fal-webhook-request-id": ID}, body=BODY),
    ],
    ids=["forged", "old", "future", "changed", "bare"],
)
def test_a_callback_that_proves_nothing_is_refused(received: ReceivedCallback) -> None:
    with pytest.raises(WebhookVerificationError):
        check(PROOF, received)


def test_the_headers_are_fals() -> None:
    assert set(GOOD.headers) == {
        "x-fal-webhook-request-id",
        "x-fal-webhook-user-id",
        "x-fal-webhook-timestamp",
        "x-fal-webhook-signature",
    }


def test_a_callback_holds_the_result() -> None:
    submission = provider.read_callback(CALL, REF, BODY)

    assert isinstance(submission, Completed)
    assert submission.images == (RemoteImage(url="https://v3b.fal.media/files/b/one.png", seed=196619188014358660),)


def test_a_callback_whose_pictures_were_painted_black_is_a_refusal() -> None:
    payload = fixture_json("fal/called_back.json")["payload"] | {"has_nsfw_concepts": [True]}

    assert isinstance(provider.read_callback(CALL, REF, _body(payload=payload)), Refused)


@pytest.mark.parametrize(
    "body",
    [
        fixture_bytes("fal/called_back_error.json"),
        _body(status="ERROR", error="The generated image was blocked by the safety filter.", payload=None),
        _body(payload=None, payload_error="Payload is not JSON serializable"),
        _body(payload={}),
        _body(payload={"images": []}),
        _body(payload="text"),
        _body(payload={"images": "text"}),
    ],
)
def test_what_a_callback_leaves_out_or_went_wrong_is_told_by_the_result_at_once(body: bytes) -> None:
    assert provider.read_callback(CALL, REF, body) == Pending(ref=RESULT, poll_after_seconds=0)


def test_a_refusal_is_read_where_the_callback_of_an_error_leads() -> None:
    pending = provider.read_callback(CALL, REF, fixture_bytes("fal/called_back_error.json"))
    assert isinstance(pending, Pending)

    told = provider.read_polled(CALL, pending.ref, an_answer(fixture_bytes("fal/refused.json"), 422))

    assert isinstance(told, Refused)


@pytest.mark.parametrize("status", [None, "IN_PROGRESS", "DREAMING"])
def test_a_callback_with_another_word_only_makes_us_ask(status: str | None) -> None:
    assert provider.read_callback(CALL, REF, _body(status=status)) == Pending(ref=REF, poll_after_seconds=0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", _body(request_id="somebodyelses")])
def test_a_callback_about_nothing_or_other_work_only_makes_us_ask(body: bytes) -> None:
    assert provider.read_callback(CALL, REF, body) == Pending(ref=REF, poll_after_seconds=0)


def test_a_callback_after_the_result_was_asked_for_does_not_go_back() -> None:
    assert provider.read_callback(CALL, RESULT, fixture_bytes("fal/called_back_error.json")) == Pending(
        ref=RESULT, poll_after_seconds=0
    )


@pytest.mark.parametrize(
    ("model", "inputs", "app"),
    [
        ("flux-dev", 0, "fal-ai/flux"),
        ("flux-dev", 1, "fal-ai/flux"),
        ("flux-3", 1, "blackforestlabs/flux-3"),
        ("nano-banana-pro", 1, "fal-ai/nano-banana-pro"),
    ],
)
def test_the_addresses_of_lost_work_leave_the_models_path_out(model: str, inputs: int, app: str) -> None:
    ref = provider.find_ref(a_call(f"fal/{model}", inputs=inputs), BODY)

    address = f"{BASE_URL}/{app}/requests/{ID}"
    assert ref == {
        "stage": "status",
        "id": ID,
        "status": f"{address}/status",
        "result": address,
        "cancel": f"{address}/cancel",
    }


def test_an_id_cannot_lead_elsewhere() -> None:
    ref = provider.find_ref(CALL, _body(request_id="../../../x?y#z"))

    assert ref is not None
    assert ref["result"] == f"{BASE_URL}/fal-ai/flux/requests/..%2F..%2F..%2Fx%3Fy%23z"


def test_an_attempt_that_never_had_an_answer_reads_its_callback_all_the_same() -> None:
    assert isinstance(provider.read_callback(CALL, {}, BODY), Completed)
    assert provider.read_callback(CALL, {}, fixture_bytes("fal/called_back_error.json")) == Pending(
        ref=RESULT, poll_after_seconds=0
    )
