"""Signatures of webhooks: vectors that others published, keys of our own, and everything that must not pass."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from imagegate.domain.callback import Ed25519Signature, Notice, ReceivedCallback, StandardWebhooks, Unproven
from imagegate.domain.errors import ConfigurationError, WebhookVerificationError
from imagegate.signatures import public_keys, secret_key, sign_standard_webhook, verify

# The example of https://github.com/standard-webhooks/standard-webhooks, whose simulator and libraries share it.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
MOMENT = datetime.fromtimestamp(1614265330, UTC)
OTHER_SECRET = f"whsec_{base64.b64encode(b'another secret, 24 bytes').decode()}"

# The second example of RFC 8032, section 7.1.
RFC_8032_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RFC_8032_PUBLIC_KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")

STANDARD = StandardWebhooks()
PUBLISHED = Ed25519Signature(
    jwks_url="https://painter.example/jwks.json",
    id_header="x-painter-request-id",
    user_header="x-painter-user-id",
    timestamp_header="x-painter-timestamp",
    signature_header="x-painter-signature",
)
PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(RFC_8032_SEED)


def _standard(**changes: str) -> ReceivedCallback:
    headers = {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": str(int(MOMENT.timestamp())),
        "webhook-signature": SIGNATURE,
    }
    return ReceivedCallback(headers=headers | {f"webhook-{name}": value for name, value in changes.items()}, body=BODY)


def _signed(key: Ed25519PrivateKey = PRIVATE_KEY, body: bytes = BODY, **changes: str) -> ReceivedCallback:
    lines = {"request-id": "work-1", "user-id": "user-1", "timestamp": str(int(MOMENT.timestamp()))} | changes
    message = "\n".join([*lines.values(), hashlib.sha256(body).hexdigest()]).encode()
    headers = {f"x-painter-{name}": value for name, value in lines.items()}
    return ReceivedCallback(headers=headers | {"x-painter-signature": key.sign(message).hex()}, body=body)


def _with_headers(received: ReceivedCallback, headers: Mapping[str, str]) -> ReceivedCallback:
    return replace(received, headers={**received.headers, **headers})


def _check_standard(received: ReceivedCallback, secrets: Sequence[str] = (SECRET,), now: datetime = MOMENT) -> Notice:
    return verify(STANDARD, received, keys=[secret_key(secret) for secret in secrets], now=now)


def _check_ed25519(
    received: ReceivedCallback, keys: Sequence[bytes] = (RFC_8032_PUBLIC_KEY,), now: datetime = MOMENT
) -> Notice:
    return verify(PUBLISHED, received, keys=keys, now=now)


def _jwks(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def _jwk(key: bytes, **changes: object) -> dict[str, object]:
    text = base64.urlsafe_b64encode(key).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": text} | changes


def test_the_published_example_passes_and_its_id_tells_a_repeat() -> None:
    assert _check_standard(_standard()) == Notice(event_id=MESSAGE_ID, sent_at=MOMENT)
    assert _check_standard(_standard()).event_id == _check_standard(_standard()).event_id


def test_we_sign_as_the_published_example_is_signed() -> None:
    assert sign_standard_webhook([SECRET], MESSAGE_ID, MOMENT, BODY) == SIGNATURE


def test_the_prefix_of_a_secret_may_be_left_out() -> None:
    assert secret_key(SECRET.removeprefix("whsec_")) == secret_key(SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_*", "whsec_abc", "whsec_ü", "a plain password"])
def test_a_secret_that_is_none_is_a_fault_of_the_configuration_and_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        secret_key(secret)

    assert "password" not in str(refused.value)


def test_what_was_signed_with_two_secrets_passes_with_either() -> None:
    header = sign_standard_webhook([OTHER_SECRET, SECRET], MESSAGE_ID, MOMENT, BODY)

    assert header.split()[1] == SIGNATURE
    for secret in (SECRET, OTHER_SECRET):
        assert _check_standard(_standard(signature=header), [secret]).event_id == MESSAGE_ID


def test_of_several_secrets_that_we_hold_any_may_fit() -> None:
    assert _check_standard(_standard(), [OTHER_SECRET, SECRET]).event_id == MESSAGE_ID


def test_signatures_of_other_versions_are_passed_over() -> None:
    header = f"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5B {SIGNATURE} v2,AAAA"

    assert _check_standard(_standard(signature=header)).event_id == MESSAGE_ID


@pytest.mark.parametrize(
    "received",
    [
        replace(_standard(), body=b'{"test": 2432232315}'),
        replace(_standard(), body=BODY + b"\n"),
        _standard(id="msg_other"),
        _standard(timestamp="1614265331"),
        _standard(timestamp=""),
        _standard(timestamp="1614265330.0"),
        _standard(timestamp="-1614265330"),
        _standard(timestamp="١٦١٤٢٦٥٣٣٠"),
        _standard(timestamp="9" * 40),
        _standard(signature=""),
        _standard(signature="v1,"),
        _standard(signature="v1"),
        _standard(signature=SIGNATURE.removeprefix("v1,")),
        _standard(signature=SIGNATURE.replace("v1,", "v2,")),
        _standard(signature=f"{SIGNATURE}="),
        _standard(signature="v1,\udcff"),
        _standard(id="\ud800"),
        ReceivedCallback(headers={}, body=BODY),
        ReceivedCallback(headers={}, body=b""),
    ],
)
def test_a_forged_callback_is_refused_without_a_word_on_why(received: ReceivedCallback) -> None:
    with pytest.raises(WebhookVerificationError) as refused:
        _check_standard(received)

    assert str(refused.value) == "The callback could not be verified."


@pytest.mark.parametrize("secrets", [[], [OTHER_SECRET]])
def test_without_the_right_secret_nothing_passes(secrets: list[str]) -> None:
    with pytest.raises(WebhookVerificationError):
        _check_standard(_standard(), secrets)


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_clocks_may_differ_by_five_minutes_either_way(seconds: int) -> None:
    now = MOMENT + timedelta(seconds=seconds)

    assert _check_standard(_standard(), now=now).sent_at == MOMENT
    assert _check_ed25519(_signed(), now=now).sent_at == MOMENT


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400])
def test_a_callback_that_is_too_old_or_from_the_future_is_refused(seconds: int) -> None:
    now = MOMENT + timedelta(seconds=seconds)

    with pytest.raises(WebhookVerificationError):
        _check_standard(_standard(), now=now)
    with pytest.raises(WebhookVerificationError):
        _check_ed25519(_signed(), now=now)


def test_the_private_key_of_the_test_belongs_to_the_public_one() -> None:
    assert PRIVATE_KEY.public_key().public_bytes_raw() == RFC_8032_PUBLIC_KEY


def test_a_callback_signed_with_a_published_key_passes() -> None:
    notice = _check_ed25519(_signed())

    assert notice.sent_at == MOMENT
    assert notice.event_id == f"work-1.{hashlib.sha256(BODY).hexdigest()}"


def test_a_callback_that_is_signed_anew_is_known_as_the_same_and_another_body_is_not() -> None:
    again = _signed(timestamp=str(int(MOMENT.timestamp()) + 60))

    assert _check_ed25519(again).event_id == _check_ed25519(_signed()).event_id
    assert _check_ed25519(_signed(body=b"{}")).event_id != _check_ed25519(_signed()).event_id


def test_after_a_rotation_the_old_key_and_the_new_one_are_both_tried() -> None:
    new = Ed25519PrivateKey.generate()
    keys = (RFC_8032_PUBLIC_KEY, new.public_key().public_bytes_raw())

    assert _check_ed25519(_signed(), keys).event_id == _check_ed25519(_signed(new), keys).event_id


@pytest.mark.parametrize(
    "received",
    [
        _signed(Ed25519PrivateKey.generate()),
        replace(_signed(), body=b"{}"),
        _with_headers(_signed(), {"x-painter-request-id": "work-2"}),
        _with_headers(_signed(), {"x-painter-user-id": "user-2"}),
        _with_headers(_signed(), {"x-painter-user-id": ""}),
        _with_headers(_signed(), {"x-painter-timestamp": "1614265331"}),
        _with_headers(_signed(), {"x-painter-timestamp": "soon"}),
        _with_headers(_signed(), {"x-painter-signature": ""}),
        _with_headers(_signed(), {"x-painter-signature": "zz"}),
        _with_headers(_signed(), {"x-painter-signature": "00" * 63}),
        _with_headers(_signed(), {"x-painter-signature": "00" * 64}),
        _with_headers(_signed(), {"x-painter-signature": base64.b64encode(b"0" * 64).decode()}),
        ReceivedCallback(headers={}, body=BODY),
    ],
)
def test_a_callback_that_no_published_key_signed_is_refused(received: ReceivedCallback) -> None:
    with pytest.raises(WebhookVerificationError):
        _check_ed25519(received)


@pytest.mark.parametrize("keys", [(), (b"\x00" * 32,), (b"\xff" * 32,)])
def test_without_the_right_key_no_signature_passes(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(WebhookVerificationError):
        _check_ed25519(_signed(), keys)


def test_a_hint_passes_and_the_same_body_is_known_again() -> None:
    hint = ReceivedCallback(headers={}, body=BODY)
    notices = [verify(Unproven(), one, keys=(), now=MOMENT) for one in (hint, hint, replace(hint, body=b"{}"))]

    assert notices[0] == notices[1] == Notice(event_id=hashlib.sha256(BODY).hexdigest())
    assert notices[2] != notices[0]


def test_published_keys_are_read_and_others_are_passed_over() -> None:
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    jwks = _jwks(
        _jwk(RFC_8032_PUBLIC_KEY),
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        _jwk(other, crv="X25519"),
        _jwk(other, crv=None),
        _jwk(other[:31]),
        _jwk(other, x="?"),
        _jwk(other, x="ü"),
        _jwk(other, x=None),
        _jwk(other),
    )

    assert public_keys(jwks) == (RFC_8032_PUBLIC_KEY, other)


@pytest.mark.parametrize("jwks", [b"", b"<html>", b"[]", b'{"keys": null}', b'{"keys": ["a"]}', b'{"keys": []}'])
def test_what_is_no_set_of_keys_has_none(jwks: bytes) -> None:
    assert public_keys(jwks) == ()
