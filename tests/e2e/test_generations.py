"""Pictures from the deployed gateway, asked for with the official OpenAI clients."""

from hashlib import sha256

import openai
import pytest

from shared_names import PUBLISHED_PREFIX
from tests.e2e import records
from tests.e2e.asking import MODEL, PROMPT, Ask, download, facts, opened_picture, pictures, read_json
from tests.e2e.support import DeployedGateway


@pytest.mark.parametrize(("size", "sides"), [("1024x1024", (1024, 1024)), ("256x256", (256, 256))])
def test_a_picture_of_the_size_that_was_asked_for_comes_as_base64(ask: Ask, size: str, sides: tuple[int, int]) -> None:
    response = ask(size=size)

    (picture,) = pictures(response)
    assert opened_picture(picture).size == sides
    assert opened_picture(picture).format == "PNG"
    assert (response.size, response.output_format) == (size, "png")


def test_an_answer_tells_what_happened(ask: Ask) -> None:
    told = facts(ask())

    assert told["id"].startswith("gen_")
    assert (told["status"], told["provider"], told["model"]) == ("succeeded", "embedded", MODEL)
    assert told["model_version"].startswith("embedded-")
    assert (told["cost"]["amount"], told["cost"]["currency"]) == ("0", "USD")
    assert told["latency_seconds"] > 0
    assert [one["stage"] for one in told["moderation"]] == ["prompt", "image"]


def test_every_answer_warns_that_it_is_the_demo_model(ask: Ask) -> None:
    (warning,) = facts(ask())["warnings"]

    assert warning["param"] == "model"
    assert "demo model" in warning["message"]


def test_an_address_leads_to_the_picture_without_any_key(ask: Ask) -> None:
    response = ask(response_format="url")

    (image,) = response.data or []
    assert image.b64_json is None
    picture = download(image.url or "")
    assert opened_picture(picture).size == (128, 128)
    assert sha256(picture).hexdigest() == facts(response)["images"][0]["sha256"]


def test_two_pictures_of_one_request_differ(ask: Ask) -> None:
    response = ask(n=2, extra_body={"seed": 5})

    first, second = pictures(response)
    assert first != second
    assert [image["seed"] for image in facts(response)["images"]] == [5, 6]


def test_the_same_seed_draws_the_same_bytes_in_two_generations(ask: Ask) -> None:
    first, second = ask(extra_body={"seed": 7}), ask(extra_body={"seed": 7})

    assert pictures(first) == pictures(second)
    assert facts(first)["id"] != facts(second)["id"]


def test_a_negative_prompt_reaches_the_model(ask: Ask) -> None:
    with_it = ask(extra_body={"seed": 7, "negative_prompt": "a red square"})
    without_it = ask(extra_body={"seed": 7})

    assert pictures(with_it) != pictures(without_it)


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
def test_a_picture_comes_in_the_format_that_was_asked_for(ask: Ask, output_format: str) -> None:
    response = ask(output_format=output_format, output_compression=80)

    (picture,) = pictures(response)
    assert opened_picture(picture).format == output_format.upper()
    assert response.output_format == output_format


def test_the_model_may_be_left_to_the_gateway(ask: Ask) -> None:
    told = facts(ask(model="auto"))

    taken = [candidate["model"] for candidate in told["route"] if candidate["taken"]]
    assert (told["requested_model"], told["model"]) == ("auto", taken[0])
    assert MODEL in taken


def test_the_picture_in_the_answer_is_the_published_object(gateway: DeployedGateway, ask: Ask) -> None:
    response = ask()

    stored = records.stored_pictures(gateway, PUBLISHED_PREFIX, facts(response)["id"])
    assert stored == pictures(response)
    assert [sha256(one).hexdigest() for one in stored] == [image["sha256"] for image in facts(response)["images"]]


def test_a_generation_leaves_one_audit_event_that_tells_all_but_the_prompt(gateway: DeployedGateway, ask: Ask) -> None:
    response = ask(user="alice@example.com")

    told = facts(response)
    event = records.audit_event(gateway, told["id"])
    details = event["details"]
    assert (event["action"], event["job_id"], event["project_id"]) == (
        "generation.succeeded",
        told["id"],
        gateway.project_id,
    )
    assert (details["moderation.prompt"], details["moderation.image"], details["cost"]) == ("allow", "allow", "0 USD")
    assert (details["model"], details["model_version"]) == (MODEL, told["model_version"])
    assert details["prompt_sha256"] == sha256(PROMPT.encode()).hexdigest()
    assert details["images_sha256"] == told["images"][0]["sha256"]


def test_neither_prompt_nor_key_nor_the_name_of_an_end_user_is_in_the_audit_table(
    gateway: DeployedGateway, ask: Ask
) -> None:
    response = ask(user="alice@example.com")

    items = str(records.audit_items(gateway, facts(response)["id"]))
    assert gateway.project_id in items
    for secret in (PROMPT, "red circle", gateway.api_key, gateway.api_key.removeprefix("ig_"), "alice"):
        assert secret not in items


def test_a_generation_can_be_read_later_with_addresses_for_its_pictures(client: openai.OpenAI, ask: Ask) -> None:
    response = ask()

    told = facts(response)
    read = read_json(client, f"/generations/{told['id']}")
    (image,) = read["images"]
    assert [download(image.pop("url"))] == pictures(response)
    told["images"][0].pop("url")
    assert read == told
