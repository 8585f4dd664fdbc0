"""Bodies with pictures, for `/v1/images/edits` and `/upscales`: JSON, or the multipart form OpenAI's SDKs send."""

import base64
import json
import re
from typing import TypeVar

from pydantic import Field, model_validator
from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field as FormField
from python_multipart.multipart import File

from imagegate.api.requests import MAX_NAME_CHARACTERS, Body, ImageOptions, read_body
from imagegate.domain.errors import InvalidJsonError, InvalidRequestError, InvalidValueError
from imagegate.domain.image import ImageSource
from imagegate.domain.request import MAX_PROMPT_CHARACTERS, GenerationRequest, Operation

E = TypeVar("E", bound="EditBody")

MAX_INPUT_IMAGES = 16
# Form fields that hold pictures; OpenAI's SDKs send a list as `image[]`.
_PICTURES = {"image": "images", "image[]": "images", "mask": "mask"}
# Form fields are text; these are numbers, truth values or objects.
_JSON_FIELDS = {
    "n",
    "output_compression",
    "seed",
    "steps",
    "guidance",
    "strength",
    "provider_options",
    "route",
    "stream",
}
# How OpenAI's SDKs send an object in a form; what is JSON in it is read as such.
_OPTION = re.compile(r"provider_options\[([^\[\]]+)\]\[([^\[\]]+)\]")
_ROUTE = re.compile(r"route\[([^\[\]]+)\](\[\])?")
# How they send a list.
_MODELS = "model[]"
# The body is in memory already and bounded: no file on disk could make it smaller.
_IN_MEMORY = {"MAX_MEMORY_FILE_SIZE": float("inf")}


class ImageReference(Body):
    """A picture in a JSON body: an address (`https:` or `data:`) or the id of an upload."""

    image_url: str | None = Field(default=None, min_length=1)
    file_id: str | None = Field(default=None, min_length=1, max_length=MAX_NAME_CHARACTERS)

    @model_validator(mode="after")
    def _is_one(self) -> "ImageReference":
        if (self.image_url is None) == (self.file_id is None):
            message = "give either `image_url` or `file_id`"
            raise ValueError(message)
        return self

    def source(self, param: str) -> ImageSource:
        """Return what is meant."""
        if self.image_url is None or not self.image_url.startswith("data:"):
            return ImageSource(param=param, url=self.image_url, file_id=self.file_id)
        try:
            return ImageSource(param=param, data=base64.b64decode(self.image_url.partition(",")[2], validate=True))
        except ValueError as error:
            raise InvalidValueError(f"The `data:` address in `{param}` is not base64.", param=param) from error


class EditBody(ImageOptions):
    """What edits and upscales share; in a form, `image` or `image[]` and `mask` are files."""

    images: list[ImageReference] = Field(default=[], max_length=MAX_INPUT_IMAGES)
    mask: ImageReference | None = None
    prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARACTERS)
    strength: float | None = Field(default=None, ge=0, le=1, description="0 keeps the input, 1 ignores it.")

    def to_request(self, operation: Operation) -> GenerationRequest:
        """Return the request without its pictures, which must be stored first."""
        return self.options_of(self.prompt or "", operation=operation, strength=self.strength)


class ImageEditBody(EditBody):
    """`POST /v1/images/edits`."""

    operation: Operation = Field(default=Operation.EDIT, description="`edit`, `remove_background` or `variation`.")


class ImageUpscaleBody(EditBody):
    """`POST /v1/images/upscales`."""


class Pictures:
    """The pictures of one body, whichever way they came."""

    def __init__(self, images: list[ImageSource], mask: ImageSource | None) -> None:
        self.images = images
        self.mask = mask

    def all(self) -> list[ImageSource]:
        """Return the images, then the mask."""
        return [*self.images, *([self.mask] if self.mask else [])]


def references_of(body: EditBody) -> Pictures:
    """Return the pictures that a JSON body refers to."""
    mask = body.mask.source("mask") if body.mask else None
    return Pictures([image.source("images") for image in body.images], mask)


def read_edit(kind: type[E], body: bytes, content_type: str) -> tuple[E, Pictures]:
    """Read a JSON or multipart body.

    Raises:
        InvalidRequestError: the first thing that is wrong with it.
    """
    if content_type.lower().startswith("multipart/form-data"):
        fields, images, mask = _read_form(body, content_type)
        parsed, pictures = read_body(kind, json.dumps(fields).encode()), Pictures(images, mask)
    else:
        parsed = read_body(kind, body)
        pictures = references_of(parsed)
    if not pictures.images:
        raise InvalidRequestError(
            "There is no input image. Send `image` in a form, or `images` in JSON.", param="image"
        )
    return parsed, pictures


def _read_form(body: bytes, content_type: str) -> tuple[dict[str, object], list[ImageSource], ImageSource | None]:
    pairs: list[tuple[str, str]] = []
    files: list[ImageSource] = []

    def on_field(field: FormField) -> None:
        name, text = field.field_name or b"", field.value or b""
        pairs.append((name.decode("utf-8", "replace"), text.decode("utf-8", "replace")))

    def on_file(file: File) -> None:
        name = (file.field_name or b"").decode("utf-8", "replace")
        file.file_object.seek(0)
        files.append(ImageSource(param=name, data=file.file_object.read()))

    try:
        parser = create_form_parser({"Content-Type": content_type.encode()}, on_field, on_file, config=_IN_MEMORY)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise InvalidJsonError("The form cannot be read. Send it as multipart/form-data with a boundary.") from error
    return _fields(pairs), *_pictures(files)


def _fields(pairs: list[tuple[str, str]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    options: dict[str, dict[str, object]] = {}
    route: dict[str, object] = {}
    for name, text in pairs:
        if option := _OPTION.fullmatch(name):
            options.setdefault(option[1], {})[option[2]] = _json_or_text(text)
        elif wish := _ROUTE.fullmatch(name):
            _add_wish(route, wish[1], text, is_list=wish[2] is not None)
        elif name == _MODELS:
            _add_wish(fields, "model", text, is_list=True)
        else:
            fields[name] = _json_or_text(text) if name in _JSON_FIELDS else text
    for name, nested in (("provider_options", options), ("route", route)):
        if nested:
            fields.setdefault(name, nested)
    return fields


def _add_wish(wishes: dict[str, object], name: str, text: str, *, is_list: bool) -> None:
    if not is_list:
        # An amount of money stays a text.
        wishes[name] = text if name == "max_price" else _json_or_text(text)
        return
    found = wishes.get(name)
    wishes[name] = [*found, text] if isinstance(found, list) else [text]


def _pictures(files: list[ImageSource]) -> tuple[list[ImageSource], ImageSource | None]:
    for file in files:
        if file.param not in _PICTURES:
            name = file.param[:MAX_NAME_CHARACTERS]
            raise InvalidValueError(f"Unknown file {name!r}. Send `image`, `image[]` or `mask`.", param=name)
    images = [file for file in files if _PICTURES[file.param] == "images"]
    masks = [file for file in files if _PICTURES[file.param] == "mask"]
    if len(images) > MAX_INPUT_IMAGES or len(masks) > 1:
        message = f"A form holds at most {MAX_INPUT_IMAGES} images and one mask. Send fewer."
        raise InvalidValueError(message, param="mask" if len(masks) > 1 else "image")
    return images, masks[0] if masks else None


def _json_or_text(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
