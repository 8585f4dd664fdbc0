"""Bodies with pictures: the form that OpenAI's own client sends, and JSON with addresses and uploads."""

import base64
import json
from decimal import Decimal
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.api.edits import MAX_INPUT_IMAGES, ImageEditBody, ImageUpscaleBody, Pictures, read_edit
from imagegate.domain.errors import InvalidRequestError
from imagegate.domain.filters import Filters
from imagegate.domain.image import ImageSource
from imagegate.domain.request import GenerationRequest, Operation, OutputFormat, Quality, Size
from imagegate.multipart import encode
from tests.loopback import Received, Reply, served
from tests.pictures import picture

PNG, LARGE = picture(), picture("png", 900, 700) + b"\x00" * 2_000_000
ONE = ("image", "one.png", "image/png", PNG)
MASK = ("mask", "mask.png", "image/png", b"mask")
HTTPS = {"image_url": "https://pictures.example/one.png"}


def _sent_by_the_official_client(**fields: Any) -> tuple[bytes, str]:
    """Let the client send an edit to a server that only looks at it."""

    def answer(request: Received) -> Reply:
        return Reply(headers={"content-type": "application/json"}, body=b'{"created": 1, "data": []}')

    with served(answer) as server, openai.OpenAI(api_key="k", base_url=server.url, max_retries=0) as client:
        client.images.edit(prompt="a hat", **fields)
    (request,) = server.received
    assert request.path == "/images/edits"
    return request.body, request.headers["content-type"]


def _request(body: ImageEditBody | ImageUpscaleBody) -> GenerationRequest:
    return body.to_request(Operation.EDIT)


def _form(fields: list[tuple[str, str]], files: list[tuple[str, str, str, bytes]]) -> tuple[ImageEditBody, Pictures]:
    return read_edit(ImageEditBody, *encode(fields, files))


def _json(**fields: Any) -> tuple[ImageEditBody, Pictures]:
    return read_edit(ImageEditBody, json.dumps(fields).encode(), "application/json")


def _refusal(body: bytes, content_type: str = "application/json") -> tuple[str, str | None]:
    with pytest.raises(InvalidRequestError) as refused:
        read_edit(ImageEditBody, body, content_type)
    return refused.value.code, refused.value.param


def test_the_official_clients_form_is_read_whole() -> None:
    body, pictures = read_edit(
        ImageEditBody,
        *_sent_by_the_official_client(
            image=("one.png", PNG, "image/png"),
            mask=("mask.png", b"mask", "image/png"),
            model="openai/gpt-image-2",
            n=2,
            size="1024x1536",
            quality="high",
            output_format="webp",
            output_compression=80,
            user="ann",
            extra_body={
                "seed": 7,
                "strength": 0.5,
                "steps": 20,
                "provider_options": {"openai": {"moderation": "low", "effort": 3}},
            },
        ),
    )

    assert pictures.images == [ImageSource(param="image", data=PNG)]
    assert pictures.mask == ImageSource(param="mask", data=b"mask")
    assert pictures.all() == [*pictures.images, pictures.mask]
    assert body.to_request(Operation.EDIT) == GenerationRequest(
        model="openai/gpt-image-2",
        prompt="a hat",
        operation=Operation.EDIT,
        count=2,
        size=Size(1024, 1536),
        quality=Quality.HIGH,
        output_format=OutputFormat.WEBP,
        output_compression=80,
        end_user="ann",
        seed=7,
        strength=0.5,
        steps=20,
        provider_options={"openai": {"moderation": "low", "effort": 3}},
    )


def test_the_official_client_says_what_it_wants_of_targets_in_a_form() -> None:
    wishes = {"max_price": "0.50", "max_seconds": 60, "providers": ["openai", "azure"], "fallback": False}

    body, _ = read_edit(
        ImageEditBody,
        *_sent_by_the_official_client(
            image=("one.png", PNG, "image/png"), extra_body={"model": ["a", "b"], "route": wishes}
        ),
    )

    request = _request(body)
    assert request.model == "a,b"
    assert request.filters == Filters(allow=("openai", "azure"), max_price=Decimal("0.50"), max_seconds=60)
    assert not request.has_fallback


def test_the_official_client_sends_several_pictures_in_order() -> None:
    _, pictures = read_edit(
        ImageEditBody, *_sent_by_the_official_client(image=[("a.png", PNG), ("b.png", b"two"), ("c.png", b"three")])
    )

    assert [one.data for one in pictures.images] == [PNG, b"two", b"three"]
    assert [one.param for one in pictures.images] == ["image[]"] * 3
    assert pictures.mask is None


def test_a_picture_too_large_for_memory_is_read_from_its_file() -> None:
    _, pictures = _form([("prompt", "a hat")], [("image", "one.png", "image/png", LARGE)])

    assert pictures.images[0].data == LARGE


def test_a_form_that_names_another_operation_is_read() -> None:
    body, _ = _form([("operation", "remove_background")], [ONE])

    assert body.operation is Operation.REMOVE_BACKGROUND
    assert body.to_request(body.operation).prompt == ""


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("n", "two", "invalid_type"),
        ("n", "11", "invalid_count"),
        ("n", "1.5", "invalid_type"),
        ("n", "1" * 5000, "invalid_type"),
        ("size", "wide", "invalid_size"),
        ("strength", "1.1", "invalid_value"),
        ("strength", "NaN", "invalid_value"),
        ("guidance", "1e999", "invalid_value"),
        ("style", "vivid", "unknown_parameter"),
        ("stream", "yes", "invalid_type"),
        ("prompt", "x" * 32_001, "prompt_too_long"),
        ("operation", "dream", "invalid_value"),
        ("provider_options", "{", "invalid_type"),
        ("provider_options", "[" * 100_000, "invalid_type"),
        ("images", "one", "invalid_type"),
    ],
)
def test_a_wrong_form_field_is_named_with_its_code(field: str, text: str, code: str) -> None:
    assert _refusal(*encode([(field, text)], [ONE])) == (code, field)


def test_a_file_under_another_name_is_refused_by_it() -> None:
    assert _refusal(*encode([], [ONE, ("picture", "p.png", "image/png", PNG)])) == ("invalid_value", "picture")


def test_the_name_of_an_unknown_file_is_told_in_bounded_length() -> None:
    assert _refusal(*encode([], [("x" * 1000, "p.png", "image/png", PNG)])) == ("invalid_value", "x" * 256)


def test_more_pictures_or_masks_than_anybody_takes_are_refused() -> None:
    assert _refusal(*encode([], [ONE] * (MAX_INPUT_IMAGES + 1))) == ("invalid_value", "image")
    assert _refusal(*encode([], [ONE, MASK, MASK])) == ("invalid_value", "mask")
    body = json.dumps({"images": [HTTPS] * (MAX_INPUT_IMAGES + 1)}).encode()
    assert _refusal(body) == ("invalid_value", "images")


def test_a_form_or_json_without_a_picture_is_refused() -> None:
    assert _refusal(*encode([("prompt", "a hat")])) == ("invalid_request", "image")
    assert _refusal(*encode([], [MASK])) == ("invalid_request", "image")
    assert _refusal(b'{"prompt": "a hat"}') == ("invalid_request", "image")


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; x"]
)
def test_a_form_without_a_boundary_is_refused(content_type: str) -> None:
    assert _refusal(encode([], [ONE])[0], content_type)[0] in {"invalid_json", "invalid_request"}


@given(st.binary(max_size=200) | st.binary(max_size=200).map(b"--b\r\ncontent-disposition: form-data; name=".__add__))
def test_whatever_a_form_holds_is_refused_and_never_breaks_us(body: bytes) -> None:
    assert _refusal(body, "multipart/form-data; boundary=b")


@given(st.integers(0, 200))
def test_a_form_that_breaks_off_is_taken_or_refused_and_never_breaks_us(kept: int) -> None:
    body, content_type = encode([("prompt", "a hat")], [("image", "one.png", "image/png", b"one")])

    try:
        _, pictures = read_edit(ImageEditBody, body[:kept], content_type)
    except InvalidRequestError:
        return

    assert pictures.images[0].data is not None


def test_json_names_pictures_by_address_data_or_upload() -> None:
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"

    body, pictures = _json(
        prompt="a hat", images=[HTTPS, {"image_url": data}, {"file_id": "file_1"}], mask={"file_id": "file_2"}
    )

    assert pictures.images == [
        ImageSource(param="images", url="https://pictures.example/one.png"),
        ImageSource(param="images", data=PNG),
        ImageSource(param="images", file_id="file_1"),
    ]
    assert pictures.mask == ImageSource(param="mask", file_id="file_2")
    assert _request(body).prompt == "a hat"


@pytest.mark.parametrize("data", ["data:image/png;base64,b25", "data:image/png;base64,???", "data:;base64,\u00e9"])
def test_a_data_address_that_is_not_base64_is_refused(data: str) -> None:
    assert _refusal(json.dumps({"images": [{"image_url": data}]}).encode()) == ("invalid_value", "images")


@pytest.mark.parametrize(
    ("images", "code"),
    [
        ([{}], "invalid_value"),
        ([HTTPS | {"file_id": "file_1"}], "invalid_value"),
        ([{"image_url": ""}], "invalid_value"),
        ([{"file_id": "f" * 257}], "invalid_value"),
        ([{"image_url": 3}], "invalid_type"),
        (["https://pictures.example/one.png"], "invalid_type"),
        ([{"url": "https://pictures.example"}], "unknown_parameter"),
        ("one", "invalid_type"),
    ],
)
def test_a_picture_that_is_named_wrongly_is_refused(images: object, code: str) -> None:
    assert _refusal(json.dumps({"images": images}).encode())[0] == code


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert _refusal(body) == ("invalid_json", None)


def test_an_upscale_needs_no_prompt_and_has_no_other_operation() -> None:
    body, pictures = read_edit(ImageUpscaleBody, *encode([("size", "2048x2048")], [ONE]))

    assert body.to_request(Operation.UPSCALE) == GenerationRequest(
        model="default", prompt="", operation=Operation.UPSCALE, size=Size(2048, 2048)
    )
    assert len(pictures.images) == 1
    with pytest.raises(InvalidRequestError):
        read_edit(ImageUpscaleBody, *encode([("operation", "edit")], [ONE]))
