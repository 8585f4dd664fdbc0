"""One Idempotency-Key is one generation on the deployed gateway, whoever repeats it and however often."""

import asyncio
import secrets

import openai
import pytest
from openai.types import ImagesResponse

from shared_names import QUARANTINE_PREFIX
from tests.e2e import records
from tests.e2e.asking import MODEL, SMALL, Ask, async_client, error_of, facts, pictures
from tests.e2e.support import DeployedGateway

# The SDK asks again after a second while the first request still runs.
_REPEATS = 10


@pytest.fixture
def key() -> dict[str, str]:
    """A header that no other test sends."""
    return {"Idempotency-Key": secrets.token_hex(8)}


@pytest.fixture
def prompt() -> str:
    """A prompt under which only one test's jobs are found."""
    return f"a green triangle {secrets.token_hex(8)}"


def test_a_repeat_gets_the_same_generation_and_nothing_is_made_again(
    gateway: DeployedGateway, ask: Ask, key: dict[str, str], prompt: str
) -> None:
    first = ask(prompt=prompt, extra_headers=key)
    repeat = ask(prompt=prompt, extra_headers=key)

    generation_id = facts(first)["id"]
    assert facts(repeat)["id"] == generation_id
    assert pictures(repeat) == pictures(first)
    assert_made_once(gateway, prompt, generation_id)


def test_requests_at_the_same_moment_make_one_generation(
    gateway: DeployedGateway, key: dict[str, str], prompt: str
) -> None:
    async def ask_together() -> list[ImagesResponse]:
        async with async_client(gateway.base_url, gateway.api_key, max_retries=_REPEATS) as client:
            requests = (
                client.images.generate(model=MODEL, prompt=prompt, size=SMALL, extra_headers=key) for _ in range(4)
            )
            return await asyncio.gather(*requests)

    responses = asyncio.run(ask_together())

    (generation_id,) = {facts(response)["id"] for response in responses}
    assert len({tuple(pictures(response)) for response in responses}) == 1
    assert_made_once(gateway, prompt, generation_id)


def test_a_key_cannot_stand_for_another_request(ask: Ask, key: dict[str, str], prompt: str) -> None:
    first = ask(prompt=prompt, extra_headers=key)

    with pytest.raises(openai.ConflictError) as refused:
        ask(prompt=f"{prompt}, at night", extra_headers=key)
    assert error_of(refused.value) == (409, "idempotency_key_reused", None)
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert refused.value.response.json()["imagegate"] == {"generation_id": facts(first)["id"]}


def assert_made_once(gateway: DeployedGateway, prompt: str, generation_id: str) -> None:
    (job,) = records.jobs_with_prompt(gateway, prompt)
    assert job["id"] == generation_id
    assert [attempt["outcome"] for attempt in job["attempts"]] == ["succeeded"]
    assert len(records.stored_pictures(gateway, QUARANTINE_PREFIX, generation_id)) == 1
    assert len(records.audit_items(gateway, generation_id)) == 1
