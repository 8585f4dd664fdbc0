"""Replicate: what a callback says, what does not prove itself, and how a prediction is found that nobody told us of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from imagegate.domain.callback import ReceivedCallback, StandardWebhooks
from imagegate.domain.errors import ProviderFailedError, WebhookVerificationError
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import CallsBack, Completed, Failed, Findable, Pending, ProviderCall, Refused
from imagegate.providers.replicate import provider
from imagegate.signatures import secret_key, sign_standard_webhook, verify
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.callbacks import MOMENT
from tests.imagegate.providers.support import a_call, an_answer, body_of

URL = "https://api.replicate.com/v1/predictions"
CALLBACK_URL = "https://gateway.example/v1/webhooks/replicate?token=cbk_1"
ID = "gm3qorzdhgbfurvjtvhg6dckhu"
REF = {"id": ID, "get": f"{URL}/{ID}", "cancel": f"{URL}/{ID}/cancel"}
CALL = a_call("replicate/flux-schnell", count=2)
OLD_SECRET, SECRET = "whsec_b2xkIHNlY3JldCwgMjQgYnl0ZXM=", "whsec_bmV3IHNlY3JldCwgMjQgYnl0ZXM="
BODY = fixture_bytes("replicate/succeeded.json")
# What the nonce makes of itself, in 31 bits.
SEED = 744924306


def _marked(model: str = "replicate/flux-schnell", **changes: Any) -> ProviderCall:
    return replace(a_call(model, **changes), nonce="job_1/1")


def _prediction(**changes: Any) -> bytes:
    return an_answer(fixture_json("replicate/succeeded.json") | changes).body


def _callback(secrets: tuple[str, ...] = (SECRET,), at: datetime = MOMENT, body: bytes = BODY) -> ReceivedCallback:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": sign_standard_webhook(secrets, "msg_1", at, body),
    }
    return ReceivedCallback(headers=headers, body=body)


def _check(received: ReceivedCallback) -> str:
    proof = provider.proof("https://api.replicate.com/v1")
    return verify(proof, received, keys=[secret_key(SECRET)], now=MOMENT).event_id


def test_it_calls_back_and_lists_its_work() -> None:
    assert isinstance(provider, CallsBack)
    assert isinstance(provider, Findable)
    assert provider.proof("https://api.replicate.com/v1") == StandardWebhooks(field="webhook_secret")


def test_it_is_asked_to_call_when_the_prediction_is_over_and_not_before() -> None:
    body = body_of(provider.submit(replace(CALL, callback_url=CALLBACK_URL)))

    assert body == body_of(provider.submit(CALL)) | {"webhook": CALLBACK_URL, "webhook_events_filter": ["completed"]}


def test_a_good_callback_passes_and_a_repeat_has_the_same_id() -> None:
    assert _check(_callback()) == _check(_callback(at=MOMENT + timedelta(seconds=120))) == "msg_1"


def test_while_the_secret_is_replaced_either_one_is_enough() -> None:
    assert _check(_callback((OLD_SECRET, SECRET))) == "msg_1"


@pytest.mark.parametrize(
    "received",
    [
        _callback((OLD_SECRET,)),
        _callback(at=MOMENT - timedelta(seconds=301)),
        _callback(at=MOMENT + timedelta(seconds=301)),
        replace(_callback(), body=BODY.replace(b"succeeded", b"failed")),
        ReceivedCallback(headers={}, body=BODY),
    ],
    ids=["forged", "old", "future", "changed", "bare"],
)
def test_a_callback_that_proves_nothing_is_refused(received: ReceivedCallback) -> None:
    with pytest.raises(WebhookVerificationError):
        _check(received)


def test_a_callback_holds_the_result() -> None:
    submission = provider.read_callback(CALL, REF, BODY)

    assert isinstance(submission, Completed)
    assert [image.url for image in submission.images if isinstance(image, RemoteImage)] == [
        "https://replicate.delivery/xezq/abc/out-0.png",
        "https://replicate.delivery/xezq/abc/out-1.png",
    ]


@pytest.mark.parametrize("status", ["starting", "processing", "dreaming"])
def test_a_callback_that_was_overtaken_or_is_new_to_us_is_no_end(status: str) -> None:
    submission = provider.read_callback(CALL, REF, _prediction(status=status, output=None))

    assert isinstance(submission, Pending)
    assert submission.ref == REF


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted"])
def test_a_callback_tells_every_other_end(status: str) -> None:
    submission = provider.read_callback(CALL, REF, _prediction(status=status, output=None, error="CUDA"))

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


def test_a_callback_tells_a_refusal() -> None:
    assert isinstance(provider.read_callback(CALL, REF, fixture_bytes("replicate/refused.json")), Refused)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", _prediction(id="somebodyelses")])
def test_a_callback_about_nothing_or_other_work_only_makes_us_ask(body: bytes) -> None:
    assert provider.read_callback(CALL, REF, body) == Pending(ref=REF, poll_after_seconds=0)


def test_a_callback_tells_an_attempt_that_never_had_an_answer_what_it_is() -> None:
    assert provider.find_ref(CALL, BODY) == REF
    assert provider.find_ref(CALL, _prediction(urls=None)) == REF
    assert isinstance(provider.read_callback(CALL, {}, BODY), Completed)


def test_a_call_without_a_seed_is_marked_by_one() -> None:
    assert body_of(provider.submit(_marked()))["input"]["seed"] == SEED
    assert body_of(provider.submit(_marked()))["input"].get("go_fast") is None
    assert body_of(provider.submit(_marked(seed=7)))["input"]["seed"] == 7
    assert provider.submit(replace(_marked(), nonce="job_1/2")) != provider.submit(_marked())


def test_a_seed_that_marks_a_call_is_told_where_it_brings_the_picture_back() -> None:
    one = _prediction(output="https://replicate.delivery/a.png")

    slow, fast = (
        provider.read_callback(_marked(f"replicate/{model}"), {}, one) for model in ("flux-2-pro", "flux-schnell")
    )

    assert isinstance(slow, Completed)
    assert isinstance(fast, Completed)
    assert [image.seed for image in (*slow.images, *fast.images)] == [SEED, None]


def test_lost_work_is_looked_for_around_the_moment_at_which_it_was_sent() -> None:
    since = datetime(2026, 11, 22, 13, 0, tzinfo=timezone(timedelta(hours=1)))

    request = provider.find(_marked(), since)

    assert request is not None
    assert (request.method, request.auth) == ("GET", provider.poll(CALL, REF).auth)
    assert request.url.partition("?")[0] == URL
    assert parse_qs(urlsplit(request.url).query) == {
        "created_after": ["2026-11-22T11:59:00Z"],
        "created_before": ["2026-11-22T12:03:00Z"],
    }


def test_work_with_a_seed_of_the_callers_own_or_without_any_cannot_be_told_from_other_work() -> None:
    seedless = replace(_marked(), card=replace(CALL.card, has_seed=False))

    assert provider.find(_marked(seed=7), datetime.now(UTC)) is None
    assert provider.find(CALL, datetime.now(UTC)) is None
    assert provider.find(seedless, datetime.now(UTC)) is None


def test_lost_work_is_found_by_its_seed_and_prompt_and_then_polled() -> None:
    listing = fixture_json("replicate/listed.json")
    mine = fixture_json("replicate/started.json") | {"input": {"prompt": CALL.request.prompt, "seed": SEED}}

    found = provider.read_found(_marked(), an_answer(listing | {"results": [*listing["results"], mine]}))

    assert found == Pending(ref=REF, poll_after_seconds=0)


@pytest.mark.parametrize("changes", [{"seed": 7}, {"prompt": "another"}, {"seed": None}])
def test_other_work_is_not_taken_for_it(changes: dict[str, Any]) -> None:
    other = {"id": "other", "input": {"prompt": CALL.request.prompt, "seed": SEED} | changes}

    assert provider.read_found(_marked(), an_answer({"results": [other, {"id": "removed", "input": None}]})) is None


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_list_that_was_not_given_says_nothing(status: int) -> None:
    mine = {"results": [{"id": ID, "input": {"prompt": CALL.request.prompt, "seed": SEED}}]}

    assert provider.read_found(_marked(), an_answer(mine, status)) is None
