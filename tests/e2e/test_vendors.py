"""Pictures from every vendor through the deployed gateway, with fakes in the vendors' place, and what goes wrong."""

from decimal import Decimal
from typing import Any, Final

import openai
import pytest
from openai.types import ImagesResponse
from PIL import ImageColor

from imagegate.catalog import find_card
from imagegate.domain.preference import PATIENCE
from tests.e2e.asking import error_of, facts, opened_picture, pictures
from tests.e2e.vendor_parts import PICTURE_SIZE, RETRY_AFTER_SECONDS, Fake, Mood, seed_of
from tests.e2e.vendors import FAKES, Vendors

ALL: Final = tuple(FAKES.values())
# The operator's own servers: nobody bills them.
FREE: Final = {"automatic1111", "comfyui", "openai_compatible"}
# It tells the credits it charged in the end: 4.2, after it had announced 4.5.
BILLED: Final = {"bfl": Decimal("0.042")}
# They have no word for a refusal.
NEVER_REFUSE: Final = {"automatic1111", "comfyui", "huggingface", "openai_compatible"}

OUTCOMES: Final = {
    Mood.THROTTLE: (503, "provider_throttled"),
    Mood.FAIL: (502, "provider_failed"),
    Mood.EMPTY: (502, "provider_failed"),
}


def named(fakes: tuple[Fake, ...]) -> pytest.MarkDecorator:
    """Run a test once for each of these vendors."""
    return pytest.mark.parametrize("fake", fakes, ids=[fake.provider for fake in fakes])


def colors(response: ImagesResponse) -> list[Any]:
    """Return one dot of each picture, which tells who made it."""
    return [opened_picture(one).convert("RGB").getpixel((5, 5)) for one in pictures(response)]


@named(ALL)
def test_a_picture_comes_from_the_vendor_that_was_named(client: openai.OpenAI, vendors: Vendors, fake: Fake) -> None:
    prompt = f"a kite drawn by {fake.provider}"

    response = client.images.generate(model=fake.model_id, prompt=prompt)

    told = facts(response)
    assert (told["status"], told["provider"], told["model"]) == ("succeeded", fake.provider, fake.model_id)
    assert colors(response) == [ImageColor.getrgb(fake.color)]
    assert (told["images"][0]["width"], told["images"][0]["height"]) == PICTURE_SIZE
    amount = Decimal(told["cost"]["amount"])
    assert (amount > 0) == (fake.provider not in FREE)
    assert amount == BILLED.get(fake.provider, amount)
    assert len(vendors.submits(prompt)) == len(vendors.submits(prompt, fake.provider)) == 1


@named(tuple(fake for fake in ALL if fake.provider not in NEVER_REFUSE))
def test_a_vendors_refusal_is_a_refusal_of_ours(client: openai.OpenAI, vendors: Vendors, fake: Fake) -> None:
    prompt = f"something that {fake.provider} does not draw [{Mood.REFUSE}]"

    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model=fake.model_id, prompt=prompt)

    assert refused.value.code == "moderation_blocked"
    assert fake.provider in refused.value.message
    assert len(vendors.submits(prompt)) == 1


@named(ALL)
@pytest.mark.parametrize("mood", OUTCOMES)
def test_a_vendors_failure_is_told_and_nothing_is_sent_twice(
    client: openai.OpenAI, vendors: Vendors, fake: Fake, mood: Mood
) -> None:
    if mood is Mood.THROTTLE and find_card(fake.model_id).typical_seconds > PATIENCE.total_seconds():
        pytest.skip("the machine drives a model that is slow by nature, and tries a throttled one again")
    prompt = f"a kite that {fake.provider} cannot draw [{mood}]"

    with pytest.raises(openai.InternalServerError) as failed:
        client.images.generate(model=fake.model_id, prompt=prompt)

    assert error_of(failed.value)[:2] == OUTCOMES[mood]
    assert failed.value.response.headers.get("retry-after") == (
        str(RETRY_AFTER_SECONDS) if mood is Mood.THROTTLE else None
    )
    assert len(vendors.submits(prompt)) == 1


def test_a_refused_prompt_is_shown_to_no_second_vendor(client: openai.OpenAI, vendors: Vendors) -> None:
    prompt = f"nobody draws this on nothing [{Mood.REFUSE}]"

    with pytest.raises(openai.BadRequestError):
        client.images.generate(model="auto", prompt=prompt, background="transparent")

    assert len(vendors.submits(prompt)) == 1


def test_a_throttled_vendor_is_replaced_by_the_next_that_can_do_the_same(
    client: openai.OpenAI, vendors: Vendors
) -> None:
    prompt = f"a kite on nothing [{Mood.THROTTLE} at azure]"

    response = client.images.generate(model="auto", prompt=prompt, background="transparent")

    assert facts(response)["provider"] == "openai"
    assert colors(response) == [ImageColor.getrgb(FAKES["openai"].color)]
    assert len(vendors.submits(prompt, "azure")) == 1
    assert len(vendors.submits(prompt, "openai")) == 1


def test_several_pictures_are_several_calls_where_a_call_makes_one(client: openai.OpenAI, vendors: Vendors) -> None:
    prompt = "three kites"

    response = client.images.generate(model=FAKES["stability"].model_id, prompt=prompt, n=3, extra_body={"seed": 5})

    assert colors(response) == [ImageColor.getrgb(FAKES["stability"].color)] * 3
    assert sorted(seed_of(one.body) or 0 for one in vendors.submits(prompt)) == [5, 6, 7]


def test_one_call_of_three_that_fails_leaves_two_pictures(client: openai.OpenAI, vendors: Vendors) -> None:
    prompt = f"three kites, one of them torn [{Mood.FAIL} with seed 6]"

    response = client.images.generate(model=FAKES["bedrock"].model_id, prompt=prompt, n=3, extra_body={"seed": 5})

    told = facts(response)
    assert len(pictures(response)) == 2
    assert [(one["first"], one["count"], one["code"]) for one in told["failures"]] == [(1, 1, "provider_failed")]
    assert any("2 of 3" in warning["message"] for warning in told["warnings"])
    assert len(vendors.submits(prompt)) == 3


def test_a_provider_without_configuration_is_not_found_and_the_command_is_told(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.images.generate(model="firefly/image5", prompt="a kite")

    assert refused.value.code == "provider_not_configured"
    assert "imagegate secrets set firefly" in refused.value.message


def test_the_models_of_all_configured_providers_are_listed(client: openai.OpenAI, vendors: Vendors) -> None:
    listed = client.models.list().data

    assert {model.owned_by for model in listed} == {*vendors.endpoints(), "embedded"}
