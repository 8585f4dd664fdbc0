"""Keys and the names of end users are kept as digests only."""

from imagegate.domain.project import hash_api_key, hash_end_user, new_api_key
from tests.builders import OTHER_PROJECT_ID, PROJECT_ID


def test_a_key_starts_with_our_prefix_and_holds_all_its_entropy() -> None:
    assert new_api_key(b"\x01\xff") == "ig_01ff"


def test_the_digest_of_a_key_is_stable_and_does_not_hold_it() -> None:
    digest = hash_api_key("ig_secret")

    assert digest == hash_api_key("ig_secret")
    assert len(digest) == 64
    assert "secret" not in digest


def test_the_same_end_user_has_another_name_in_another_project() -> None:
    assert hash_end_user(PROJECT_ID, "ann") != hash_end_user(OTHER_PROJECT_ID, "ann")
    assert hash_end_user(PROJECT_ID, "ann") == hash_end_user(PROJECT_ID, "ann")
