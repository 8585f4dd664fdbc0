"""Keys that check callbacks: from the secret, or published, asked for rarely, and never lost once they were read."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from imagegate.app.ports import AnswerLostError
from imagegate.callback_keys import CACHE_SECONDS, SHORTEST_PAUSE_SECONDS, FetchedCallbackKeys
from imagegate.domain.callback import Ed25519Signature, StandardWebhooks, Unproven
from imagegate.domain.wire import HttpRequest, HttpResponse

ONE, OTHER = b"1" * 32, b"2" * 32
URL = "https://vendor.example/.well-known/jwks.json"
PUBLISHED = Ed25519Signature(
    jwks_url=URL, id_header="x-id", user_header="x-user", timestamp_header="x-time", signature_header="x-signature"
)


def key_set(*keys: bytes) -> bytes:
    published = [
        {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(key).decode().rstrip("=")} for key in keys
    ]
    return json.dumps({"keys": published}).encode()


@dataclass
class World:
    """A secret, a vendor's published keys, and the time."""

    secret: dict[str, str] = field(default_factory=dict)
    answers: list[HttpResponse | Exception] = field(default_factory=list)
    now: float = 1000.0
    asked: list[HttpRequest] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = FetchedCallbackKeys(
            secrets=self, forget_secret=self.forgotten.append, send=self.send, monotonic=lambda: self.now
        )

    def read(self, provider_id: str) -> Mapping[str, str]:
        return self.secret

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def published(*keys: bytes) -> HttpResponse:
    return HttpResponse(status=200, headers={}, body=key_set(*keys))


def test_a_shared_key_is_a_field_of_the_providers_secret() -> None:
    world = World(secret={"webhook_secret": f"whsec_{base64.b64encode(ONE).decode()}"})

    assert world.keys("replicate", StandardWebhooks()) == (ONE,)
    assert world.forgotten == []


def test_a_fresh_shared_key_is_read_anew() -> None:
    world = World(secret={"webhook_secret": base64.b64encode(ONE).decode()})

    assert world.keys("replicate", StandardWebhooks(), fresh=True) == (ONE,)
    assert world.forgotten == ["replicate"]


def test_a_secret_without_the_field_has_no_key() -> None:
    assert World(secret={"api_key": "k"}).keys("replicate", StandardWebhooks()) == ()


def test_a_callback_that_nothing_proves_needs_no_key() -> None:
    assert World().keys("bfl", Unproven()) == ()


def test_published_keys_are_asked_for_once_a_day() -> None:
    world = World(answers=[published(ONE, OTHER), published(OTHER)])

    first = [world.keys("fal", PUBLISHED) for _ in range(2)]
    world.now += CACHE_SECONDS

    assert first == [(ONE, OTHER), (ONE, OTHER)]
    assert world.keys("fal", PUBLISHED) == (OTHER,)
    assert [(one.method, one.url, one.auth) for one in world.asked] == [("GET", URL, ())] * 2


def test_fresh_keys_are_asked_for_no_more_often_than_forged_callbacks_may_make_us() -> None:
    world = World(answers=[published(ONE), published(OTHER)])
    world.keys("fal", PUBLISHED)

    too_soon = world.keys("fal", PUBLISHED, fresh=True)
    world.now += SHORTEST_PAUSE_SECONDS

    assert too_soon == (ONE,)
    assert world.keys("fal", PUBLISHED, fresh=True) == (OTHER,)


@pytest.mark.parametrize(
    "answer",
    [
        AnswerLostError("cut"),
        HttpResponse(status=503, headers={}, body=key_set(OTHER)),
        HttpResponse(status=200, headers={}, body=b"<html>"),
    ],
)
def test_keys_that_were_read_outlast_an_answer_that_has_none(answer: HttpResponse | Exception) -> None:
    world = World(answers=[published(ONE), answer])
    world.keys("fal", PUBLISHED)
    world.now += CACHE_SECONDS

    assert world.keys("fal", PUBLISHED) == (ONE,)


def test_nothing_is_kept_of_a_first_answer_that_was_lost() -> None:
    world = World(answers=[AnswerLostError("cut"), published(ONE)])

    assert world.keys("fal", PUBLISHED) == ()
    assert world.keys("fal", PUBLISHED) == (ONE,)
