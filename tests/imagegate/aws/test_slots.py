"""Slots in the table."""

import pytest
from botocore.exceptions import ClientError

from imagegate.aws.slots import DynamoSlots
from tests.account import TABLE, Account

ONE, TWO, THREE = "gen_1/1", "gen_2/1", "gen_3/1"


@pytest.fixture
def slots(account: Account) -> DynamoSlots:
    return DynamoSlots(client=account.dynamodb, table=TABLE)


def test_as_many_get_a_slot_as_there_are(slots: DynamoSlots) -> None:
    assert [slots.acquire("openai", holder, 2) for holder in (ONE, TWO, THREE)] == [True, True, False]
    assert slots.holders("openai") == {ONE, TWO}


def test_whoever_has_a_slot_keeps_it(slots: DynamoSlots) -> None:
    assert slots.acquire("openai", ONE, 1)

    assert slots.acquire("openai", ONE, 1)
    assert slots.holders("openai") == {ONE}


def test_a_slot_that_was_given_back_is_for_the_next(slots: DynamoSlots) -> None:
    slots.acquire("openai", ONE, 1)

    slots.release("openai", ONE)
    slots.release("openai", ONE)

    assert slots.acquire("openai", TWO, 1)


def test_who_is_only_counted_takes_a_slot_beyond_the_limit(slots: DynamoSlots) -> None:
    slots.acquire("openai", ONE, 1)

    slots.count("openai", TWO)

    assert slots.holders("openai") == {ONE, TWO}
    assert not slots.acquire("openai", THREE, 2)


def test_providers_have_slots_of_their_own(slots: DynamoSlots) -> None:
    slots.acquire("openai", ONE, 1)

    assert slots.acquire("fal", TWO, 1)
    assert slots.holders("replicate") == frozenset()


def test_counting_never_fails_the_call_it_is_about_but_a_limit_must_be_known(account: Account) -> None:
    nowhere = DynamoSlots(client=account.dynamodb, table="elsewhere")

    nowhere.count("openai", ONE)
    nowhere.release("openai", ONE)

    with pytest.raises(ClientError):
        nowhere.acquire("openai", ONE, 1)
