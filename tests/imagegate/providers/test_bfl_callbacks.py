"""Black Forest Labs: a callback proves nothing, so none is believed, and a task without an address is found."""

from dataclasses import replace

import pytest

from imagegate.domain.callback import ReceivedCallback, Unproven
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.provider import CallsBack, Completed, Findable, Pending, ProviderRef
from imagegate.providers.bfl import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.callbacks import check
from tests.imagegate.providers.support import a_call, an_answer, body_of, error_of

ID = "0f1e2d3c-0000-4000-8000-000000000001"
CALLBACK_URL = "https://gateway.example/v1/webhooks/bfl?token=cbk_1"
CALL = a_call("bfl/flux-2-pro")
READY = fixture_bytes("bfl/ready.json")
GIVEN = {"id": ID, "polling_url": f"https://api.us1.bfl.ai/v1/get_result?id={ID}"}
BUILT = {"id": ID, "polling_url": f"https://api.bfl.ai/v1/get_result?id={ID}", "is_built": "yes"}
PROOF = provider.proof("https://api.bfl.ai")


def test_it_calls_back_without_a_proof_and_lists_no_work() -> None:
    assert isinstance(provider, CallsBack)
    assert not isinstance(provider, Findable)
    assert isinstance(PROOF, Unproven)


def test_it_is_asked_to_call_and_given_no_secret_that_nobody_could_check() -> None:
    body = body_of(provider.submit(replace(CALL, callback_url=CALLBACK_URL)))

    assert body == body_of(provider.submit(CALL)) | {"webhook_url": CALLBACK_URL}


def test_a_task_that_is_to_call_back_is_asked_for_where_it_was_submitted() -> None:
    call = replace(CALL, base_url="https://api.eu.bfl.ai", callback_url=CALLBACK_URL)
    answer = {"id": ID, "status": "Pending", "webhook_url": CALLBACK_URL, "cost": 4.5}

    submission = provider.read_submitted(call, an_answer(answer))

    assert isinstance(submission, Pending)
    assert submission.ref == {**BUILT, "polling_url": f"https://api.eu.bfl.ai/v1/get_result?id={ID}", "cost": "4.5"}
    assert provider.poll(call, submission.ref).url == submission.ref["polling_url"]


@pytest.mark.parametrize(
    "body", [READY, fixture_bytes("bfl/moderated.json"), fixture_bytes("bfl/pending.json"), b"", b"<html>", b"{}"]
)
@pytest.mark.parametrize("ref", [GIVEN, BUILT])
def test_a_hint_is_never_believed_and_makes_us_ask(ref: ProviderRef, body: bytes) -> None:
    assert provider.read_callback(CALL, ref, body) == Pending(ref=ref, poll_after_seconds=0)


def test_a_hint_passes_whatever_it_carries_and_a_repeat_has_the_same_id() -> None:
    bare = ReceivedCallback(headers={}, body=READY)
    signed = ReceivedCallback(headers={"x-bfl-signature": "sha256=00"}, body=READY)

    assert check(PROOF, bare, keys=()) == check(PROOF, signed, keys=())
    assert check(PROOF, bare).event_id != check(PROOF, replace(bare, body=b"{}")).event_id


def test_a_hint_names_the_task_of_an_attempt_that_never_had_an_answer() -> None:
    assert provider.find_ref(CALL, READY) == BUILT
    assert provider.find_ref(CALL, b"<html>") is None


def test_an_id_cannot_lead_elsewhere() -> None:
    ref = provider.find_ref(CALL, b'{"id": "one&other=1#x"}')

    assert ref is not None
    assert ref["polling_url"] == "https://api.bfl.ai/v1/get_result?id=one%26other%3D1%23x"


@pytest.mark.parametrize(
    ("body", "status"), [(fixture_json("bfl/pending.json") | {"status": "Task not found"}, 200), ({}, 404)]
)
def test_only_the_cluster_that_gave_the_address_is_believed_not_to_know_the_task(body: object, status: int) -> None:
    elsewhere = provider.read_polled(CALL, BUILT, an_answer(body, status))
    given = provider.read_polled(CALL, GIVEN, an_answer(body, status))

    assert isinstance(elsewhere, Pending)
    assert elsewhere.ref == BUILT
    assert type(error_of(given)) is ProviderFailedError


def test_a_task_at_a_built_address_ends_like_any_other() -> None:
    assert isinstance(provider.read_polled(CALL, BUILT, an_answer(READY)), Completed)
    failed = fixture_json("bfl/pending.json") | {"status": "Error"}
    assert type(error_of(provider.read_polled(CALL, BUILT, an_answer(failed)))) is ProviderFailedError
