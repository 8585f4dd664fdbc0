"""The embedded function on whole events, with the shipped weights."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from functions.embedded.handler import handler

PROMPT = "a red circle on a blue background"


def paint(**changes: Any) -> dict[str, Any]:
    return handler({"prompt": PROMPT, "width": 128, "height": 128, "seed": 3, "steps": 2} | changes, None)


def pixels(image: dict[str, Any]) -> NDArray[np.float64]:
    opened = Image.open(io.BytesIO(base64.b64decode(image["b64_json"])))
    return np.asarray(opened.convert("RGB"), np.float64)


def test_an_answer_carries_version_seed_size_and_time() -> None:
    answer = paint()

    assert answer["status"] == "succeeded"
    assert answer["model_version"].startswith("embedded-")
    assert answer["seconds"] >= 0
    [image] = answer["images"]
    assert (image["media_type"], image["width"], image["height"], image["seed"]) == ("image/png", 128, 128, 3)


@pytest.mark.parametrize("size", [(128, 128), (256, 256), (1024, 1024), (1024, 512), (384, 760), (136, 128)])
def test_every_size_is_delivered_exactly(size: tuple[int, int]) -> None:
    [image] = paint(width=size[0], height=size[1])["images"]

    assert pixels(image).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_every_format_is_what_it_says(output_format: str) -> None:
    [image] = paint(output_format=output_format)["images"]

    opened = Image.open(io.BytesIO(base64.b64decode(image["b64_json"])))
    assert image["media_type"] == f"image/{output_format}"
    assert opened.format == output_format.upper()


def test_a_lower_output_compression_value_makes_a_smaller_jpeg() -> None:
    low, high = (paint(output_format="jpeg", output_compression=value)["images"][0]["b64_json"] for value in (10, 95))

    assert len(low) < len(high)


def test_the_same_event_gives_the_same_bytes() -> None:
    first, second = paint(), paint()

    assert first["images"] == second["images"]


def test_each_image_of_a_call_equals_a_call_with_its_own_seed() -> None:
    several = paint(count=3, seed=2**32 - 1)["images"]

    assert [image["seed"] for image in several] == [2**32 - 1, 0, 1]
    assert several[2] == paint(seed=1)["images"][0]


def test_a_missing_seed_is_drawn_and_reported() -> None:
    [image] = paint(seed=None)["images"]

    assert 0 <= image["seed"] < 2**32
    assert image == paint(seed=image["seed"])["images"][0]


@pytest.mark.parametrize(
    "changes", [{"negative_prompt": "a blue background"}, {"guidance": 5}, {"guidance": 1}, {"steps": 5}, {"seed": 4}]
)
def test_settings_change_the_picture(changes: dict[str, Any]) -> None:
    plain, changed = pixels(paint()["images"][0]), pixels(paint(**changes)["images"][0])

    assert np.abs(plain - changed).mean() > 0.2


def test_the_prompt_decides_the_background_color() -> None:
    picture = pixels(paint(prompt="a white circle on a red background", steps=None)["images"][0])

    red, green, blue = picture[:4].mean((0, 1))
    assert red > 180
    assert max(green, blue) < 90


def test_unknown_words_are_listed_once_and_still_give_a_picture() -> None:
    answer = paint(prompt="A Zyzzyva on a blue background, zyzzyva qwxyz!")

    assert answer["unknown_words"] == ["zyzzyva", "qwxyz"]
    assert len(answer["images"]) == 1


@pytest.mark.parametrize("prompt", ["", "…", "word " * 4000, "円", "<padding>"])
def test_any_prompt_gives_a_picture(prompt: str) -> None:
    assert paint(prompt=prompt)["status"] == "succeeded"


def test_a_wide_picture_continues_the_background_and_keeps_the_object() -> None:
    square = pixels(paint(width=256, height=256, steps=None)["images"][0])
    wide = pixels(paint(width=512, height=256, steps=None)["images"][0])

    assert np.array_equal(wide[:, 128:384], square)
    assert np.abs(wide[:, :128].mean((0, 1)) - square[:, :4].mean((0, 1))).max() < 12


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": None}, {"prompt": 7}, {"negative_prompt": 7}, {"width": 120}, {"width": 1032}, {"height": 132},
        {"height": "256"}, {"count": 0}, {"count": 5}, {"count": True}, {"seed": -1}, {"seed": 2**32}, {"seed": 1.5},
        {"steps": 0}, {"steps": 51}, {"guidance": -1}, {"guidance": 11}, {"guidance": float("nan")}, {"guidance": "2"},
        {"output_format": "gif"}, {"output_format": []}, {"output_compression": 101},
    ],
)  # fmt: skip
def test_a_bad_event_is_answered_and_names_the_key(changes: dict[str, Any]) -> None:
    answer = paint(**changes)

    assert answer["status"] == "failed"
    assert answer["error"]["code"] == "invalid_request"
    assert next(iter(changes)) in answer["error"]["message"]


@pytest.mark.parametrize("event", [{}, [], None, "prompt"])
def test_an_event_without_a_prompt_is_refused(event: Any) -> None:
    assert handler(event, None)["status"] == "failed"


def test_the_log_line_tells_cost_but_not_the_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    paint(count=2)

    [line] = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["size"], logged["count"], logged["steps"]) == ("128x128", 2, 2)
    assert "circle" not in line
