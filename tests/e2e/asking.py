"""Asks a deployed gateway for pictures through the official OpenAI clients, the blocking and the asynchronous one."""

import asyncio
import base64
import io
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import openai
from openai.types import ImagesResponse
from PIL import Image

MODEL: Final = "embedded/scenes"
PROMPT: Final = "a red circle on a blue background"
# The smallest picture is the quickest: most tests are about something else than size.
SMALL: Final = "128x128"
_SECONDS: Final = 60
# Models that usually take longer than a caller waits are slow in a fake only when a test wants them to be.
_HEADERS: Final = {"prefer": "wait=24"}

Ask = Callable[..., ImagesResponse]
# The gateway is on loopback: a proxy in the environment is not for it.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def opened_client(base_url: str, api_key: str) -> Iterator[openai.OpenAI]:
    """Open a client that repeats nothing by itself."""
    http = openai.DefaultHttpxClient(trust_env=False, headers=_HEADERS)
    with openai.OpenAI(base_url=base_url, api_key=api_key, http_client=http, max_retries=0, timeout=_SECONDS) as client:
        yield client


def async_client(base_url: str, api_key: str, *, max_retries: int = 0) -> openai.AsyncOpenAI:
    """Make an asynchronous client, to be opened by `async with`."""
    http = openai.DefaultAsyncHttpxClient(trust_env=False, headers=_HEADERS)
    return openai.AsyncOpenAI(
        base_url=base_url, api_key=api_key, http_client=http, max_retries=max_retries, timeout=_SECONDS
    )


def ask_blocking(base_url: str, api_key: str) -> Ask:
    """Return a function that asks with the blocking client; what it is not told is ordinary and small."""

    def ask(**wishes: Any) -> ImagesResponse:
        with opened_client(base_url, api_key) as client:
            response: ImagesResponse = client.images.generate(**_wishes(wishes))
            return response

    return ask


def ask_async(base_url: str, api_key: str) -> Ask:
    """Return a function that asks with the asynchronous client in an event loop of its own."""

    async def ask(wishes: dict[str, Any]) -> ImagesResponse:
        async with async_client(base_url, api_key) as client:
            response: ImagesResponse = await client.images.generate(**_wishes(wishes))
            return response

    return lambda **wishes: asyncio.run(ask(wishes))


def _wishes(wishes: dict[str, Any]) -> dict[str, Any]:
    return {"model": MODEL, "prompt": PROMPT, "size": SMALL, **wishes}


def pictures(response: ImagesResponse) -> list[bytes]:
    """Return the files that came as base64."""
    return [base64.b64decode(image.b64_json or "", validate=True) for image in response.data or []]


def facts(response: ImagesResponse) -> dict[str, Any]:
    """Return what the gateway tells beside OpenAI's fields."""
    told: dict[str, Any] = (response.model_extra or {})["imagegate"]
    return told


def opened_picture(data: bytes) -> Image.Image:
    """Decode a whole picture, so that a truncated file fails here."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def download(url: str) -> bytes:
    """Fetch a signed address, without any credentials."""
    with _direct.open(url, timeout=_SECONDS) as answer:
        content: bytes = answer.read()
        return content


def read_json(client: openai.OpenAI, path: str) -> dict[str, Any]:
    """Read a path of ours that the OpenAI client has no method for."""
    answer: Any = client.get(path, cast_to=object)
    return dict(answer)


def error_of(error: openai.APIStatusError) -> tuple[int, str | None, str | None]:
    """Return the status, the code and the field of a refusal."""
    return error.status_code, error.code, error.param
