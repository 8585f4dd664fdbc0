"""Edits through the deployed gateway: pictures in a form, in JSON, and uploaded before, as they reach the vendor."""

import base64
import io
import json
import urllib.error
import urllib.request
from typing import Any

import openai
import pytest
from PIL import Image, ImageColor

from dev.gateway import Keys
from imagegate.multipart import encode
from tests.e2e.asking import error_of, facts, opened_client, opened_picture, pictures
from tests.e2e.vendors import FAKES, Vendors

# Every byte there is, in no order: a body that is taken for text somewhere on its way comes out changed.
NOISE = Image.effect_noise((128, 128), 80).convert("RGBA")
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def source() -> bytes:
    """A picture to edit."""
    file = io.BytesIO()
    NOISE.save(file, "PNG")
    return file.getvalue()


def color(response: Any) -> Any:
    """Return one dot of the only picture."""
    (picture,) = pictures(response)
    return opened_picture(picture).convert("RGB").getpixel((5, 5))


def upload(form: dict[str, Any], content: bytes, media_type: str = "image/png") -> int:
    """Post a file to the address and with the fields that the gateway gave, and return the status."""
    body, content_type = encode(list(form["fields"].items()), [("file", "kite.png", media_type, content)])
    request = urllib.request.Request(form["url"], data=body, headers={"content-type": content_type})  # noqa: S310
    with _direct.open(request, timeout=30) as answer:
        status: int = answer.status
        return status


def test_a_form_reaches_a_vendor_that_takes_forms_with_every_byte(
    client: openai.OpenAI, vendors: Vendors, source: bytes
) -> None:
    prompt = "paint the kite, as a form"

    response = client.images.edit(
        model=FAKES["openai"].model_id, image=("kite.png", source), mask=("mask.png", source), prompt=prompt
    )

    (submit,) = vendors.submits(prompt)
    assert submit.path.endswith("/images/edits")
    assert submit.body.count(source) == 2
    assert color(response) == ImageColor.getrgb(FAKES["openai"].color)
    assert facts(response)["provider"] == "openai"


def test_a_form_reaches_a_vendor_that_takes_json_with_every_byte(
    client: openai.OpenAI, vendors: Vendors, source: bytes
) -> None:
    prompt = "paint the kite, as JSON"

    response = client.images.edit(model=FAKES["vertex"].model_id, image=[("kite.png", source)], prompt=prompt)

    (submit,) = vendors.submits(prompt)
    parts = json.loads(submit.body)["contents"][0]["parts"]
    assert base64.b64decode(parts[1]["inlineData"]["data"]) == source
    assert color(response) == ImageColor.getrgb(FAKES["vertex"].color)


def test_several_pictures_of_one_form_reach_the_vendor(client: openai.OpenAI, vendors: Vendors, source: bytes) -> None:
    prompt = "paint both kites"

    client.images.edit(model="bfl/flux-2-pro", image=[("one.png", source), ("two.png", source)], prompt=prompt)

    (submit,) = vendors.submits(prompt)
    body = json.loads(submit.body)
    assert [base64.b64decode(body[name]) for name in ("input_image", "input_image_2")] == [source, source]


def test_an_uploaded_picture_is_used_by_its_id(
    client: openai.OpenAI, vendors: Vendors, source: bytes, stranger: Keys
) -> None:
    prompt = "paint the uploaded kite"
    opened: Any = client.post("/files", cast_to=object, body={"content_type": "image/png"})

    status = upload(opened["upload"], source)

    assert status in {200, 201, 204}
    wishes = {"model": "bedrock/stable-image-ultra", "prompt": prompt, "images": [{"file_id": opened["id"]}]}
    made: Any = client.post("/images/edits", cast_to=object, body=wishes)
    (submit,) = vendors.submits(prompt)
    assert base64.b64decode(json.loads(submit.body)["image"]) == source
    assert made["imagegate"]["provider"] == "bedrock"
    with (
        opened_client(client.base_url.__str__(), stranger.api_key) as other,
        pytest.raises(openai.BadRequestError) as refused,
    ):
        other.post("/images/edits", cast_to=object, body=wishes)
    assert refused.value.code == "invalid_value"


def test_an_upload_that_never_came_is_refused(client: openai.OpenAI) -> None:
    opened: Any = client.post("/files", cast_to=object, body={"content_type": "image/png"})

    with pytest.raises(openai.BadRequestError) as refused:
        client.post("/images/edits", cast_to=object, body={"prompt": "x", "images": [{"file_id": opened["id"]}]})

    assert error_of(refused.value) == (400, "invalid_value", "images")


def test_a_picture_becomes_larger(client: openai.OpenAI, vendors: Vendors, source: bytes) -> None:
    picture = "data:image/png;base64," + base64.b64encode(source).decode()

    made: Any = client.post(
        "/images/upscales", cast_to=object, body={"model": "stability/upscale-fast", "images": [{"image_url": picture}]}
    )

    assert made["imagegate"]["provider"] == "stability"
    assert source in vendors.received("stability")[-1].body
