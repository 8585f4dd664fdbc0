"""Tests of `imagegate generate`: what is sent, what is saved and what is said."""

import json
from pathlib import Path

import pytest

from tests.imagegate.cli.support import (
    API_KEY,
    DROPPED,
    GENERATION_ID,
    INTERRUPTED,
    PICTURE,
    FakeGateway,
    error_answer,
    imagegate,
    images_answer,
)


def test_a_picture_is_saved_and_everything_about_it_is_told(connected: FakeGateway, folder: Path) -> None:
    connected.generates(images_answer())

    result = imagegate("generate", "A red circle!")

    assert result.exit_code == 0
    assert (folder / "out" / "a-red-circle-1c7e4a37.png").read_bytes() == PICTURE
    for told in ("Saved out/a-red-circle-1c7e4a37.png", GENERATION_ID, "embedded/scenes", "2.3", "0.0002 USD"):
        assert told in result.stdout
    assert "prompt: does not know unicorn" in result.stdout
    assert "retires soon" in result.stdout


def test_only_what_was_asked_for_is_sent(connected: FakeGateway) -> None:
    connected.generates(images_answer())

    imagegate("generate", "a red circle")

    sent = connected.received[0]
    assert sent.json == {"prompt": "a red circle"}
    assert sent.headers["authorization"] == f"Bearer {API_KEY}"


def test_every_wish_is_sent_under_its_api_name(connected: FakeGateway) -> None:
    connected.generates(images_answer(2))

    wishes = ["--model", "embedded/scenes", "--size", "512x256", "--n", "2", "--seed", "7", "--negative-prompt", "blur"]
    shape = ["--steps", "12", "--guidance", "3.5", "--aspect-ratio", "16:9"]
    more = ["--quality", "high", "--background", "opaque", "--format", "webp", "--option", "embedded.steps=12"]
    imagegate(
        "generate", "a circle", *wishes, *shape, *more, "--option", "embedded.style=soft", "--option", "other.x.y=null"
    )

    assert connected.received[0].json == {
        "prompt": "a circle",
        "model": "embedded/scenes",
        "size": "512x256",
        "n": 2,
        "seed": 7,
        "negative_prompt": "blur",
        "steps": 12,
        "guidance": 3.5,
        "aspect_ratio": "16:9",
        "quality": "high",
        "background": "opaque",
        "output_format": "webp",
        "provider_options": {"embedded": {"steps": 12, "style": "soft"}, "other": {"x.y": None}},
    }


def test_an_idempotency_key_is_always_sent(connected: FakeGateway) -> None:
    connected.generates(images_answer())

    imagegate("generate", "a circle")
    imagegate("generate", "a circle")
    imagegate("generate", "a circle", "--idempotency-key", "mine")

    first, second, third = (received.headers["idempotency-key"] for received in connected.received)
    assert first.startswith("cli-")
    assert first != second
    assert third == "mine"


def test_several_pictures_get_numbers(connected: FakeGateway, folder: Path) -> None:
    connected.generates(images_answer(2, output_format="jpeg"))

    result = imagegate("generate", "a circle", "--n", "2", "--out", "pictures/new")

    assert result.exit_code == 0
    names = sorted(file.name for file in (folder / "pictures" / "new").iterdir())
    assert names == ["a-circle-1c7e4a37-1.jpeg", "a-circle-1c7e4a37-2.jpeg"]


def test_a_file_name_is_kept_and_says_the_format(connected: FakeGateway, folder: Path) -> None:
    connected.generates(images_answer(output_format="jpeg"))

    imagegate("generate", "a circle", "--out", "new/circle.jpg")

    assert (folder / "new" / "circle.jpg").read_bytes() == PICTURE
    assert connected.received[0].json["output_format"] == "jpeg"


def test_a_prompt_without_letters_still_gives_a_file_name(connected: FakeGateway, folder: Path) -> None:
    connected.generates(images_answer())

    imagegate("generate", "円")

    assert (folder / "out" / "picture-1c7e4a37.png").exists()


def test_json_holds_the_files_and_no_base64(connected: FakeGateway) -> None:
    connected.generates(images_answer())

    result = imagegate("generate", "a circle", "--json")

    content = json.loads(result.stdout)
    assert content["files"] == ["out/a-circle-1c7e4a37.png"]
    assert content["data"] == [{"url": None}]
    assert content["imagegate"]["id"] == GENERATION_ID


def test_a_picture_with_an_address_is_fetched_without_showing_the_key(connected: FakeGateway, folder: Path) -> None:
    connected.generates(images_answer(url=f"{connected.origin}/signed?x=1"))
    connected.says("GET /signed?x=1", PICTURE)

    result = imagegate("generate", "a circle")

    assert result.exit_code == 0
    assert (folder / "out" / "a-circle-1c7e4a37.png").read_bytes() == PICTURE
    assert "authorization" not in connected.received[1].headers


def test_an_address_that_gives_no_picture_is_told(connected: FakeGateway) -> None:
    connected.generates(images_answer(url=f"{connected.origin}/signed"))

    result = imagegate("generate", "a circle")

    assert result.exit_code == 1
    assert "picture_not_fetched" in result.stderr
    assert "404" in result.stderr


def test_a_refusal_is_told_with_its_ids_and_the_idempotency_key(connected: FakeGateway) -> None:
    connected.generates(error_answer("moderation_blocked", "Change the prompt.", generation_id=GENERATION_ID), 400)

    result = imagegate("generate", "something bad", "--idempotency-key", "mine")

    assert result.exit_code == 1
    assert result.stdout == ""
    for told in ("moderation_blocked: Change the prompt.", "req-1", GENERATION_ID, "--idempotency-key mine"):
        assert told in result.stderr


def test_a_refusal_as_json_is_the_gateways_own_answer(connected: FakeGateway) -> None:
    answer = error_answer("invalid_size", "Ask for another size.")
    connected.generates(answer, 400)

    result = imagegate("generate", "a circle", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == json.loads(answer)
    assert "--idempotency-key cli-" in result.stderr


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"message": "Forbidden"}', "Forbidden (status 403)"),
        (b"<h1>Not here</h1>" + b"x" * 1000, "<h1>Not here</h1>x"),
        (b"", "no explanation"),
    ],
)
def test_an_error_of_somebody_in_between_is_told_with_its_status(
    connected: FakeGateway, body: bytes, told: str
) -> None:
    connected.generates(body, 403)

    result = imagegate("generate", "a circle")

    assert result.exit_code == 1
    assert "http_403" in result.stderr
    assert told in result.stderr
    assert "req-from-header" in result.stderr


def test_an_unreachable_gateway_is_told(connected: FakeGateway) -> None:
    result = imagegate("generate", "a circle", "--base-url", "http://127.0.0.1:9/v1")

    assert result.exit_code == 1
    assert "Nothing answers at http://127.0.0.1:9" in result.stderr
    assert "make up" in result.stderr
    assert connected.received == []


def test_a_lost_answer_is_told_with_the_key_that_makes_repeating_safe(connected: FakeGateway) -> None:
    connected.answers["POST /live/v1/images/generations"] = DROPPED

    result = imagegate("generate", "a circle")

    assert result.exit_code == 1
    assert "answer_lost" in result.stderr
    assert f"--idempotency-key {connected.received[0].headers['idempotency-key']}" in result.stderr


def test_an_interrupted_command_still_tells_its_key(connected: FakeGateway) -> None:
    connected.answers["POST /live/v1/images/generations"] = INTERRUPTED

    result = imagegate("generate", "a circle")

    assert result.exit_code == 130
    assert f"--idempotency-key {connected.received[0].headers['idempotency-key']}" in result.stderr


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b'{"data": []}',
        images_answer(0),
        images_answer().replace('"b64_json":"', '"b64_json":"?'),
        images_answer().replace('"b64_json":"', '"b64_json":"", "unknown":"'),
    ],
)
def test_an_answer_that_holds_no_picture_is_told(connected: FakeGateway, folder: Path, answer: str | bytes) -> None:
    connected.generates(answer)

    result = imagegate("generate", "a circle")

    assert result.exit_code == 1
    assert "unreadable_answer" in result.stderr
    assert list((folder / "out").iterdir()) == []


def test_nothing_is_asked_for_when_the_folder_cannot_be_made(connected: FakeGateway, folder: Path) -> None:
    (folder / "taken").write_text("a file")

    result = imagegate("generate", "a circle", "--out", "taken/pictures")

    assert result.exit_code == 1
    assert "nothing was asked for" in result.stderr
    assert "--idempotency-key" not in result.stderr
    assert connected.received == []


def test_a_file_that_cannot_be_written_is_told(connected: FakeGateway, folder: Path) -> None:
    connected.generates(images_answer())
    (folder / "out" / "a-circle-1c7e4a37.png").mkdir(parents=True)

    result = imagegate("generate", "a circle")

    assert result.exit_code == 1
    assert "file_not_written" in result.stderr
    assert "--idempotency-key" in result.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ["--option", "steps=12"],
        ["--option", "embedded.steps"],
        ["--option", ".steps=1"],
        ["--n", "0"],
        ["--n", "11"],
        ["--seed", "-1"],
        ["--quality", "superb"],
        ["--format", "gif"],
        ["--out", "circle.png", "--format", "jpeg"],
        ["--idempotency-key", ""],
        ["--idempotency-key", "a\nb"],
        ["--idempotency-key", "é"],
    ],
)
def test_bad_usage_ends_with_status_two_and_sends_nothing(connected: FakeGateway, wrong: list[str]) -> None:
    result = imagegate("generate", "a circle", *wrong)

    assert result.exit_code == 2
    assert connected.received == []


def test_people_see_progress_on_standard_error(connected: FakeGateway) -> None:
    connected.generates(images_answer())

    result = imagegate("generate", "a circle", FORCE_COLOR="1")

    assert "The gateway is drawing" in result.stderr
    assert "The gateway is drawing" not in result.stdout
