"""Vendors in memory that keep a ledger: what they were sent, what they made of it, and what that costs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.callback import Proof, StandardWebhooks
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ProviderFailedError, ProviderThrottledError, ProviderUnavailableError
from imagegate.domain.image import InlineImage
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, ProviderRef, Refused, Submission
from imagegate.domain.slot import MAX_IN_FLIGHT_SETTING
from imagegate.domain.wire import HttpRequest, HttpResponse
from tests.builders import a_card, a_price
from tests.pictures import picture

SECRET: Final = "whsec_c2VjcmV0IG9mIHRoZSBoZXJhbGQ="


class Mood(StrEnum):
    """How a vendor treats a request for pictures."""

    OBLIGE = "oblige"
    THROTTLE = "throttle"
    TURN_AWAY = "turn away"
    FAIL = "fail"
    REFUSE = "refuse"
    EMPTY = "empty"
    UNREACHABLE = "unreachable"
    CUT_BEFORE = "cut before accepting"
    CUT_AFTER = "cut after accepting"


class State(StrEnum):
    """How a piece of work stands at its vendor."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    EMPTY = "empty"


@dataclass
class Work:
    """What a vendor accepted; it is paid for unless it failed or was refused."""

    id: str
    provider: str
    nonce: str
    count: int
    callback_url: str | None
    state: State
    # It never ends by itself.
    is_stuck: bool = False

    @property
    def price(self) -> Decimal:
        """What the vendor charges for it, at the end or already."""
        is_billed = self.state in {State.RUNNING, State.DONE}
        return PRICES[self.provider] * self.count if is_billed else Decimal(0)

    def told(self) -> bytes:
        """Return how the vendor tells of it."""
        return json.dumps({"id": self.id, "state": self.state.value, "count": self.count}).encode()


PRICES: Final[Mapping[str, Decimal]] = {
    "painter": Decimal("0.04"),
    "sculptor": Decimal("0.03"),
    "herald": Decimal("0.05"),
    "clerk": Decimal("0.02"),
}


def cards() -> tuple[ModelCard, ...]:
    """Return one model of each vendor; the second is too slow for anybody to wait for."""
    seconds = {"painter": 5.0, "sculptor": 60.0, "herald": 10.0, "clerk": 10.0}
    return tuple(
        a_card(
            provider=provider,
            name="oils",
            images_per_call=2,
            typical_seconds=seconds[provider],
            prices=(a_price(str(price)),),
        )
        for provider, price in PRICES.items()
    )


@dataclass
class Vendors:
    """`Transport` to all of them; how they treat what comes is for `mood` and `look` to say."""

    mood: Callable[[str], Mood]
    look: Callable[[Work], None]
    works: list[Work] = field(default_factory=list)
    # Each request for pictures, whether it arrived or not.
    sent: list[str] = field(default_factory=list)

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        if request.method == "POST":
            return self._submit(provider_id, json.loads(request.body))
        kind, _, name = request.url.rpartition("/")
        key = "nonce" if kind.endswith("/recent") else "id"
        wanted = name.replace("~", "/")
        found = next((one for one in self.works if getattr(one, key) == wanted), None)
        if found is None:
            return HttpResponse(status=200, headers={}, body=b'{"state": "absent"}')
        if request.method == "DELETE":
            return self._stop(found)
        self.look(found)
        return HttpResponse(status=200, headers={}, body=found.told())

    def _submit(self, provider: str, asked: dict[str, Any]) -> HttpResponse:
        mood = self.mood(provider)
        self.sent.append(asked["nonce"])
        match mood:
            case Mood.UNREACHABLE:
                raise NotSentError(provider)
            case Mood.CUT_BEFORE:
                raise AnswerLostError(provider)
            case Mood.THROTTLE:
                return HttpResponse(status=429, headers={}, body=b"{}")
            case Mood.TURN_AWAY:
                return HttpResponse(status=503, headers={}, body=b"{}")
            case _:
                return self._accept(provider, asked, mood)

    def _stop(self, work: Work) -> HttpResponse:
        if work.state is not State.RUNNING:
            return HttpResponse(status=409, headers={}, body=b"{}")
        work.state = State.FAILED
        return HttpResponse(status=200, headers={}, body=work.told())

    def _accept(self, provider: str, asked: dict[str, Any], mood: Mood) -> HttpResponse:
        accepted = State.DONE if provider == "painter" else State.RUNNING
        ends = {Mood.FAIL: State.FAILED, Mood.REFUSE: State.REFUSED, Mood.EMPTY: State.EMPTY}
        work = Work(
            id=f"work-{len(self.works) + 1}",
            provider=provider,
            nonce=asked["nonce"],
            count=asked["count"],
            callback_url=asked["callback_url"],
            state=ends.get(mood, accepted),
        )
        self.works.append(work)
        if mood is Mood.CUT_AFTER:
            raise AnswerLostError(provider)
        return HttpResponse(status=200, headers={}, body=work.told())


class Instant:
    """One that answers with the pictures."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        asked = {"nonce": call.nonce, "count": call.request.count, "callback_url": call.callback_url}
        return HttpRequest(method="POST", url=f"{call.base_url}/works", body=json.dumps(asked).encode())

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        if response.status == 429:
            return Failed(error=ProviderThrottledError("Too many requests.", retry_after_seconds=20))
        if response.status == 503:
            return Failed(error=ProviderUnavailableError("Too busy."))
        return _read(json.loads(response.body))


class Later(Instant):
    """One that is asked how far it is."""

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        return HttpRequest(method="GET", url=f"{call.base_url}/works/{ref['id']}")

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        return _read(json.loads(response.body))


class Calling(Later):
    """One that calls back."""

    def proof(self, base_url: str) -> Proof:
        return StandardWebhooks()

    def find_ref(self, call: ProviderCall, body: bytes) -> ProviderRef | None:
        return {"id": json.loads(body)["id"]}

    def read_callback(self, call: ProviderCall, ref: ProviderRef, body: bytes) -> Submission:
        told = json.loads(body)
        return _read(told) if told["id"] == ref.get("id") else Pending(ref=ref)


class Listing(Later):
    """One that lists its recent work, and stops it."""

    def cancel(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        return HttpRequest(method="DELETE", url=f"{call.base_url}/works/{ref['id']}")

    def read_canceled(self, response: HttpResponse) -> bool:
        return response.status == 200

    def find(self, call: ProviderCall, since: datetime) -> HttpRequest | None:
        return HttpRequest(method="GET", url=f"{call.base_url}/recent/{call.nonce.replace('/', '~')}")

    def read_found(self, call: ProviderCall, response: HttpResponse) -> Submission | None:
        told = json.loads(response.body)
        return None if told["state"] == "absent" else _read(told)


ADAPTERS: Final = {"painter": Instant(), "sculptor": Later(), "herald": Calling(), "clerk": Listing()}


class VendorAdapters:
    """`Providers` of all of them."""

    def adapter(self, provider_id: str) -> Instant:
        return ADAPTERS[provider_id]

    def base_url(self, provider_id: str) -> str:
        return f"https://{provider_id}.example"

    def settings(self, provider_id: str) -> Mapping[str, str]:
        return {"callbacks": "on", **({MAX_IN_FLIGHT_SETTING: "2"} if provider_id == "clerk" else {})}


def _read(told: dict[str, Any]) -> Submission:
    match State(told["state"]):
        case State.RUNNING:
            return Pending(ref={"id": told["id"]})
        case State.DONE:
            return Completed(images=tuple(InlineImage(data=picture()) for _ in range(told["count"])))
        case State.EMPTY:
            return Completed(images=())
        case State.REFUSED:
            return Refused(message="No.")
        case State.FAILED:
            return Failed(error=ProviderFailedError("It broke."))
