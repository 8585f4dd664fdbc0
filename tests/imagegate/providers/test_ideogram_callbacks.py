"""Ideogram: what a callback says, and what does not prove itself."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from imagegate.domain.callback import Ed25519Signature, ReceivedCallback
from imagegate.domain.errors import WebhookVerificationError
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import CallsBack, Completed, Failed, Findable, Pending, Refused
from imagegate.providers.ideogram import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.callbacks import MOMENT, NEW_KEY, OLD_KEY, check, sign_ed25519
from tests.imagegate.providers.support import a_call, an_answer, body_of

BASE_URL = "https://api.ideogram.ai"
ID = "xtdZiqPwRxqY1Y7NExFmzB"
REF = {"generation_id": ID}
CALL = a_call("ideogram/ideogram-4-6")
PROOF = provider.proof(BASE_URL)
BODY = fixture_bytes("ideogram/called_back.json")
GOOD = sign_ed25519(PROOF, BODY, work_id=ID)
CALLBACK_URL = "https://gateway.example/v1/webhooks/ideogram?token=cbk_1"


def _body(fixture: str = "ideogram/called_back.json", **changes: Any) -> bytes:
    return json.dumps(fixture_json(fixture) | changes).encode()


def test_it_calls_back_with_keys_that_its_own_api_publishes_and_lists_no_work() -> None:
    assert isinstance(provider, CallsBack)
    assert not isinstance(provider, Findable)
    assert isinstance(PROOF, Ed25519Signature)
    assert PROOF.jwks_url == f"{BASE_URL}/v1/.well-known/jwks.json"


def test_it_is_asked_to_call_in_json_and_in_a_form() -> None:
    request = provider.submit(replace(CALL, callback_url=CALLBACK_URL))
    edit = a_call("ideogram/ideogram-4-6", inputs=1)
    form = provider.submit(replace(edit, callback_url=CALLBACK_URL))

    assert body_of(request) == body_of(provider.submit(CALL)) | {"webhook_url": CALLBACK_URL}
    assert f'name="webhook_url"\r\n\r\n{CALLBACK_URL}\r\n'.encode() in form.body


@pytest.mark.parametrize("key", [OLD_KEY, NEW_KEY])
def test_a_good_callback_passes_with_either_published_key_and_a_repeat_has_the_same_id(key: Ed25519PrivateKey) -> None:
    again = sign_ed25519(PROOF, BODY, work_id=ID, key=key, at=MOMENT - timedelta(seconds=299))

    assert check(PROOF, again).event_id == check(PROOF, GOOD).event_id


@pytest.mark.parametrize(
    "received",
    [
        sign_ed25519(PROOF, BODY, work_id=ID, key=Ed25519PrivateKey.from_private_bytes(b"x" * 32)),
        sign_ed25519(PROOF, BODY, work_id=ID, at=MOMENT - timedelta(seconds=301)),
        sign_ed25519(PROOF, BODY, work_id=ID, at=MOMENT + timedelta(seconds=301)),
        replace(GOOD, body=BODY.replace(b"one.png", b"two.png")),
        ReceivedCallback(headers={"x-ideogram-webhook-key-id": "1"}, body=BODY),
    ],
    ids=["forged", "old", "future", "changed", "bare"],
)
def test_a_callback_that_proves_nothing_is_refused(received: ReceivedCallback) -> None:
    with pytest.raises(WebhookVerificationError):
        check(PROOF, received)


def test_the_headers_are_ideograms() -> None:
    assert set(GOOD.headers) == {
        "x-ideogram-webhook-generation-id",
        "x-ideogram-webhook-user-id",
        "x-ideogram-webhook-timestamp",
        "x-ideogram-webhook-signature",
    }


@pytest.mark.parametrize("ref", [REF, {}])
@pytest.mark.parametrize("body", [BODY, _body(status="completed")])
def test_a_callback_holds_the_pictures_with_a_status_or_without(ref: dict[str, str], body: bytes) -> None:
    submission = provider.read_callback(CALL, ref, body)

    assert isinstance(submission, Completed)
    assert submission.images == (
        RemoteImage(url="https://ideogram.ai/api/images/ephemeral/one.png?exp=1795437015&sig=redacted", seed=12345),
    )


def test_a_picture_that_was_withheld_is_a_refusal() -> None:
    assert isinstance(provider.read_callback(CALL, REF, _body(data=[{"url": "", "is_image_safe": False}])), Refused)


def test_a_failure_is_told() -> None:
    refused = provider.read_callback(CALL, REF, fixture_bytes("ideogram/failed.json"))
    failed = provider.read_callback(CALL, REF, _body("ideogram/failed.json", failure_reason="internal"))

    assert isinstance(refused, Refused)
    assert isinstance(failed, Failed)


@pytest.mark.parametrize("status", ["pending", "dreaming"])
def test_a_callback_that_was_overtaken_or_is_new_to_us_is_no_end(status: str) -> None:
    submission = provider.read_callback(CALL, REF, _body(status=status))

    assert isinstance(submission, Pending)
    assert (submission.ref, submission.metadata) == (REF, {"status": status})


@pytest.mark.parametrize("changes", [{"data": None}, {"data": []}])
def test_a_callback_without_a_status_and_pictures_is_no_end(changes: dict[str, Any]) -> None:
    submission = provider.read_callback(CALL, REF, _body(**changes))

    assert isinstance(submission, Pending)
    assert submission.ref == REF


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", _body(generation_id="somebodyelses")])
def test_a_callback_about_nothing_or_other_work_only_makes_us_ask(body: bytes) -> None:
    assert provider.read_callback(CALL, REF, body) == Pending(ref=REF, poll_after_seconds=0)


def test_a_callback_tells_an_attempt_that_never_had_an_answer_what_it_is() -> None:
    ref = provider.find_ref(CALL, BODY)

    assert ref == REF
    assert provider.poll(CALL, ref).url == f"{BASE_URL}/v2/generations/{ID}"
    assert provider.find_ref(CALL, an_answer({"created": "2026-11-22"}).body) is None
