"""Callbacks as the vendors send them: signed at a moment, with keys of our own in place of theirs."""

import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from imagegate.domain.callback import Ed25519Signature, Notice, Proof, ReceivedCallback
from imagegate.signatures import verify

MOMENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OLD_KEY, NEW_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([byte]) * 32) for byte in (1, 2))
# Both are published while one takes the place of the other.
PUBLISHED = tuple(key.public_key().public_bytes_raw() for key in (OLD_KEY, NEW_KEY))


def sign_ed25519(
    proof: Proof, body: bytes, *, work_id: str, key: Ed25519PrivateKey = NEW_KEY, at: datetime = MOMENT
) -> ReceivedCallback:
    """Sign as fal and Ideogram do, under the header names that the proof gives."""
    assert isinstance(proof, Ed25519Signature)
    timestamp = str(int(at.timestamp()))
    message = "\n".join([work_id, "account", timestamp, hashlib.sha256(body).hexdigest()]).encode()
    headers = {
        proof.id_header: work_id,
        proof.user_header: "account",
        proof.timestamp_header: timestamp,
        proof.signature_header: key.sign(message).hex(),
    }
    return ReceivedCallback(headers=headers, body=body)


def check(proof: Proof, received: ReceivedCallback, *, keys: tuple[bytes, ...] = PUBLISHED) -> Notice:
    """Check at the moment of signing."""
    return verify(proof, received, keys=keys, now=MOMENT)
