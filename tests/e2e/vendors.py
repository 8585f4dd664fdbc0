"""Fake vendors on one loopback server: each below a path of its own, and Google's token server beside them.

Adobe Firefly is left out: the address of its token server is fixed, so no stand-in can take its place.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from dev.emulator import free_port
from imagegate.app.manage_providers import ManageProviders
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.secrets import SecretsManagerStore
from imagegate.catalog import provider_cards
from shared_names import OUTPUT_TABLE, PROVIDER_SECRET_PREFIX
from tests.e2e.calling import KEYS_PATH, Callers, address_of
from tests.e2e.hooks import HOOKS, Hooks
from tests.e2e.support import DeployedGateway
from tests.e2e.vendor_parts import Asked, Fake, Mood, Task, call_of, mood_of, picture_of, task_of, told
from tests.e2e.vendors_at_once import AT_ONCE, GOOGLE_TOKEN
from tests.e2e.vendors_later import LATER, PICTURES
from tests.loopback import Loopback, Received, Reply, served

FAKES: Final = {fake.provider: fake for fake in (*AT_ONCE, *LATER)}
# With the same address the stack need not be synthesized anew.
_PREFERRED_PORT: Final = 4599
_GOOGLE: Final = "google"
_LONGEST_HANG_SECONDS: Final = 120.0
_decode: Callable[..., dict[str, Any]] = jwt.decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """The running fakes and what they were asked."""

    server: Loopback
    google_key: rsa.RSAPrivateKey
    # Set when a vendor begins to hang.
    hangs: threading.Event
    hooks: Hooks
    callers: Callers

    def endpoints(self) -> dict[str, str]:
        """Return the address of each provider's fake."""
        return {provider: f"{self.server.url}/{provider}" for provider in FAKES}

    def received(self, provider: str, words: str = "") -> list[Received]:
        """Return what a vendor was asked by requests with these words in them."""
        return [
            one for one in self.server.received if one.path.startswith(f"/{provider}/") and words.encode() in one.body
        ]

    def submits(self, words: str, *providers: str) -> list[Received]:
        """Return the requests with these words that begin work and cost money, at the named vendors or at all."""
        return [
            one
            for provider in providers or FAKES
            for one in self.received(provider, words)
            if re.fullmatch(FAKES[provider].submits, _asked_what(one))
        ]

    def configure(self, gateway: DeployedGateway) -> None:
        """Give a gateway the fake secrets and what settings the providers need."""
        manage = ManageProviders(
            cards=provider_cards(),
            own=frozenset(),
            secrets=SecretsManagerStore(client=gateway.aws("secretsmanager"), prefix=PROVIDER_SECRET_PREFIX),
            configuration=DynamoConfigurationStore(client=gateway.aws("dynamodb"), table=gateway.outputs[OUTPUT_TABLE]),
        )
        account = {"credentials_json": self._service_account()}
        for fake in (replace(one, secret=account) if one.provider == "vertex" else one for one in FAKES.values()):
            if fake.secret:
                manage.set_secret(fake.provider, fake.secret)
            if fake.settings:
                manage.set_settings(fake.provider, fake.settings)

    def _service_account(self) -> str:
        key = self.google_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "client_email": "gateway@fake-project.iam.gserviceaccount.com",
            "private_key_id": "fake",
            "private_key": key.decode(),
            "token_uri": f"{self.server.url}/{_GOOGLE}/token",
        }
        return json.dumps(account)


@contextmanager
def opened_vendors() -> Iterator[Vendors]:
    """Run the fakes for the length of a block."""
    hangs, forever = threading.Event(), threading.Event()
    google_key, public_key = _google_keys()
    hooks, callers = Hooks(), Callers()

    def respond(received: Received) -> Reply:
        provider, path = _split(received)
        if provider == _GOOGLE:
            return _token(received, public_key)
        if provider == HOOKS:
            return hooks.respond(received)
        if path.endswith(KEYS_PATH):
            return told(callers.published())
        name, pattern = FAKES[provider].credential
        if path.startswith(PICTURES):
            return _picture(FAKES[provider], is_allowed=name not in received.headers)
        if not re.fullmatch(pattern, received.headers.get(name, "")):
            return told({"error": "wrong credential"}, 401)
        return work(FAKES[provider], received)

    def work(fake: Fake, received: Received) -> Reply:
        provider, path = _split(received)
        if path.startswith("/view?"):
            return _picture(fake, is_allowed=True)
        mood = mood_of(provider, received.body)
        if mood is Mood.HANG:
            hangs.set()
            forever.wait(_LONGEST_HANG_SECONDS)
            mood = Mood.OBLIGE
        base_url, what = f"http://{received.headers['host']}/{provider}", _asked_what(received)
        asked = Asked(base_url=base_url, what=what, mood=mood, body=received.body, told=callers.told)
        answer = fake.respond(asked)
        _call_back(callers, fake, received, asked, answer)
        return answer

    with served(respond, free_port(_PREFERRED_PORT)) as server:
        yield Vendors(server=server, google_key=google_key, hangs=hangs, hooks=hooks, callers=callers)


def _google_keys() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key, key.public_key().public_bytes(serialization.Encoding.PEM, form)


def _call_back(callers: Callers, fake: Fake, received: Received, asked: Asked, answer: Reply) -> None:
    address, name = address_of(received), task_of(answer.body)
    if fake.tell is None or address is None or name is None or answer.status != 200:
        return
    task = Task(base_url=asked.base_url, what=asked.what, id=name, mood=asked.mood, looks=0)
    callers.call(call_of(received.body), fake.provider, address, name, fake.tell(task))


def _split(received: Received) -> tuple[str, str]:
    provider, _, path = received.path.removeprefix("/").partition("/")
    return provider, f"/{path}"


def _asked_what(received: Received) -> str:
    return f"{received.method} {_split(received)[1].partition('?api-version=')[0]}"


def _picture(fake: Fake, *, is_allowed: bool) -> Reply:
    if not is_allowed:
        return told({"error": "a download must not carry the credential"}, 400)
    return Reply(headers={"content-type": "image/png"}, body=picture_of(fake.color))


def _token(received: Received, public_key: bytes) -> Reply:
    form = parse_qs(received.body.decode())
    try:
        claims = _decode(form["assertion"][0], certs=public_key)
    except (KeyError, ValueError) as error:
        return told({"error": "invalid_grant", "error_description": str(error)}, 400)
    return told({"access_token": GOOGLE_TOKEN, "expires_in": 3600, "token_type": "Bearer", "sub": claims["iss"]})
