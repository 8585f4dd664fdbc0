"""Callbacks of providers: how one proves where it came from, as data, and what is kept of one that did.

Who checks the proof is in `imagegate.signatures`. A proof is of the body as it came, byte by byte, so nothing may read
and write it again on the way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

CALLBACKS_SETTING: Final = "callbacks"
"""The setting with which an operator says whether a provider is asked to call back."""

ON: Final = "on"
OFF: Final = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardWebhooks:
    """An HMAC as https://www.standardwebhooks.com lays it out; its key is one field of the provider's secret."""

    field: str = "webhook_secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ed25519Signature:
    """A signature in hex with one of the provider's published keys.

    Signed are four lines without an end of the last one: the id of the work, the account's id, the moment in seconds
    and the hex SHA-256 of the body. Each but the last stands in a header, whose name is given in lower case.
    """

    jwks_url: str
    id_header: str
    user_header: str
    timestamp_header: str
    signature_header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """Nothing in the callback proves where it came from: it is a hint to ask the provider now."""


Proof = StandardWebhooks | Ed25519Signature | Unproven


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCallback:
    """A callback as it came; header names are lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A callback that passed its check; one that is sent again has the same `event_id`."""

    event_id: str
    # When it was signed, None where nothing says so.
    sent_at: datetime | None = None


def asks_for_callbacks(proof: Proof, settings: Mapping[str, str]) -> bool:
    """Tell whether a provider is asked to call back, which its settings decide.

    Published keys need nothing from an operator, so those callbacks are on unless they are turned off. Others are off
    until an operator turns them on: after storing the secret that checks them, or knowing that nothing does.
    """
    wish = settings.get(CALLBACKS_SETTING)
    return wish != OFF if isinstance(proof, Ed25519Signature) else wish == ON
