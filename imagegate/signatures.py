"""Signatures of webhooks: check the proof of a callback that came in, and sign what we send out ourselves.

Bytes in, values out: keys are given, and so is the present moment. Whatever is wrong with a callback, the error is the
same and says no more, as whoever forges one would learn from it.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn, assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ValidationError

from imagegate.domain.callback import Ed25519Signature, Notice, Proof, ReceivedCallback, StandardWebhooks, Unproven
from imagegate.domain.errors import ConfigurationError, WebhookVerificationError

TOLERANCE: Final = timedelta(seconds=300)
"""How far the moment of a signature may lie in the past or, as clocks differ, in the future."""

_SECRET_PREFIX = "whsec_"  # noqa: S105 - how every such secret begins
_VERSION = "v1"
_KEY_BYTES = 32
_SECONDS = re.compile(r"[0-9]{1,11}")


class _Key(BaseModel):
    kty: str | None = None
    crv: str | None = None
    x: str | None = None


class _KeySet(BaseModel):
    keys: list[_Key]


def verify(proof: Proof, received: ReceivedCallback, *, keys: Sequence[bytes], now: datetime) -> Notice:
    """Check where a callback came from, with whichever key fits: secret ones or public ones, as the proof needs.

    Raises:
        WebhookVerificationError: it was not proven, or its signature is too old or from the future.
    """
    match proof:
        case StandardWebhooks():
            return _verify_standard_webhook(received, keys, now)
        case Ed25519Signature():
            return _verify_ed25519(proof, received, keys, now)
        case Unproven():
            return Notice(event_id=hashlib.sha256(received.body).hexdigest())
        case _ as never:
            assert_never(never)


def secret_key(secret: str) -> bytes:
    """Return the key in a `whsec_` secret; the prefix may be left out.

    Raises:
        ConfigurationError: it holds no base64.
    """
    try:
        key = base64.b64decode(secret.strip().removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        message = f"The secret that checks webhooks is not {_SECRET_PREFIX} and base64 after it. Store it again."
        raise ConfigurationError(message)
    return key


def public_keys(jwks: bytes) -> tuple[bytes, ...]:
    """Return the Ed25519 keys of a published key set (RFC 8037); none where it has none or is no key set."""
    try:
        found = _KeySet.model_validate_json(jwks).keys
    except ValidationError:
        return ()
    candidates = (_public_key(one.x or "") for one in found if (one.kty, one.crv) == ("OKP", "Ed25519"))
    return tuple(key for key in candidates if len(key) == _KEY_BYTES)


def sign_standard_webhook(secrets: Sequence[str], message_id: str, sent_at: datetime, body: bytes) -> str:
    """Return the `webhook-signature` header: one signature for each secret, as there are two while one is replaced.

    `webhook-timestamp` must be the same moment, in whole seconds.
    """
    timestamp = str(int(sent_at.timestamp()))
    return " ".join(_sign(secret_key(secret), message_id, timestamp, body) for secret in secrets)


def _verify_standard_webhook(received: ReceivedCallback, keys: Sequence[bytes], now: datetime) -> Notice:
    message_id = _header(received, "webhook-id")
    timestamp = _header(received, "webhook-timestamp")
    sent_at = _check_moment(timestamp, now)
    given = [one.encode() for one in _header(received, "webhook-signature").split()]
    expected = [_sign(key, message_id, timestamp, received.body).encode() for key in keys]
    # Every pair is compared, so that the time taken does not tell which one fits.
    if not sum(hmac.compare_digest(one, other) for one in given for other in expected):
        _refuse()
    return Notice(event_id=message_id, sent_at=sent_at)


def _verify_ed25519(
    proof: Ed25519Signature, received: ReceivedCallback, keys: Sequence[bytes], now: datetime
) -> Notice:
    work_id, user_id = _header(received, proof.id_header), _header(received, proof.user_header)
    timestamp = _header(received, proof.timestamp_header)
    sent_at = _check_moment(timestamp, now)
    digest = hashlib.sha256(received.body).hexdigest()
    message = "\n".join((work_id, user_id, timestamp, digest)).encode()
    try:
        signature = bytes.fromhex(_header(received, proof.signature_header))
    except ValueError:
        _refuse()
    if not any(_fits(key, signature, message) for key in keys):
        _refuse()
    # There is no id of the event itself. One that is sent again is signed anew, at another moment but with this body.
    return Notice(event_id=f"{work_id}.{digest}", sent_at=sent_at)


def _sign(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    message = b".".join((message_id.encode(), timestamp.encode(), body))
    return f"{_VERSION},{base64.b64encode(hmac.digest(key, message, 'sha256')).decode()}"


def _fits(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _public_key(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _header(received: ReceivedCallback, name: str) -> str:
    value = received.headers.get(name, "")
    if not value or not value.isascii():
        _refuse()
    return value


def _check_moment(timestamp: str, now: datetime) -> datetime:
    if not _SECONDS.fullmatch(timestamp):
        _refuse()
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(now - sent_at) > TOLERANCE:
        _refuse()
    return sent_at


def _refuse() -> NoReturn:
    message = "The callback could not be verified."
    raise WebhookVerificationError(message)
