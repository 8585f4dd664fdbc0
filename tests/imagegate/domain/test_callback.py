"""Callbacks: whether a provider is asked for them."""

import pytest

from imagegate.domain.callback import Ed25519Signature, Proof, StandardWebhooks, Unproven, asks_for_callbacks

PUBLISHED_KEYS = Ed25519Signature(
    jwks_url="https://painter.example/jwks.json",
    id_header="x-id",
    user_header="x-user",
    timestamp_header="x-timestamp",
    signature_header="x-signature",
)


@pytest.mark.parametrize(
    ("proof", "settings", "asked"),
    [
        (PUBLISHED_KEYS, {}, True),
        (PUBLISHED_KEYS, {"callbacks": "on"}, True),
        (PUBLISHED_KEYS, {"callbacks": "off"}, False),
        (StandardWebhooks(), {}, False),
        (StandardWebhooks(), {"callbacks": "on"}, True),
        (StandardWebhooks(), {"callbacks": "off"}, False),
        (Unproven(), {"region": "on"}, False),
        (Unproven(), {"callbacks": "on"}, True),
    ],
)
def test_callbacks_are_asked_for_by_themselves_only_where_published_keys_prove_them(
    proof: Proof, settings: dict[str, str], asked: bool
) -> None:
    assert asks_for_callbacks(proof, settings) is asked
