"""`imagegate generate`: ask for pictures, wait, save them; an idempotency key makes repeating the command safe."""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_json
from imagegate.cli.pictures import DEFAULT_FOLDER, Destination, decoded, read_destination, save
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, Connection, JsonOption, find_connection
from imagegate.domain.request import MAX_COUNT, MAX_SEED, Background, OutputFormat, Quality

if TYPE_CHECKING:
    from imagegate.api.responses import GenerationAnswer, ImagesAnswer
    from imagegate.cli.gateway import Gateway

_KEY_BYTES = 16
_KEY_MAX_CHARACTERS = 255


def read_idempotency_key(text: str | None) -> str | None:
    """Read a key that fits into a header."""
    if text is not None and not (text.isascii() and text.isprintable() and 1 <= len(text) <= _KEY_MAX_CHARACTERS):
        message = f"it must be 1 to {_KEY_MAX_CHARACTERS} printable ASCII characters."
        raise typer.BadParameter(message)
    return text


def read_options(texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read `provider.key=value` pairs; a value is JSON where it can be read as such, else text."""
    options: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        provider, dot, key = name.partition(".")
        if not (provider and dot and key and equals):
            message = f"{text!r} is not of the form provider.key=value, such as embedded.steps=12."
            raise typer.BadParameter(message, param_hint="--option")
        options.setdefault(provider, {})[key] = _json_or_text(value)
    return options


_MODEL_HELP = "`provider/model`, auto, cheapest, fastest, balanced, an alias, or several with commas."

IdempotencyKeyOption = Annotated[
    str | None, typer.Option(callback=read_idempotency_key, help="Repeat a request without paying twice.")
]


def generate(
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    *,
    model: Annotated[str | None, typer.Option(help=_MODEL_HELP)] = None,
    size: Annotated[str | None, typer.Option(metavar="WIDTHxHEIGHT", help="Size in pixels.")] = None,
    aspect_ratio: Annotated[str | None, typer.Option(metavar="W:H", help="Shape, in place of --size.")] = None,
    count: Annotated[int | None, typer.Option("--n", min=1, max=MAX_COUNT, help="How many pictures.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=MAX_SEED, help="Repeat a picture.")] = None,
    negative_prompt: Annotated[str | None, typer.Option(help="What to leave out.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="How many steps of denoising.")] = None,
    guidance: Annotated[float | None, typer.Option(min=0, help="How closely to follow the prompt.")] = None,
    quality: Annotated[Quality | None, typer.Option(help="How much effort to spend.")] = None,
    background: Annotated[Background | None, typer.Option(help="With or without an alpha channel.")] = None,
    output_format: Annotated[OutputFormat | None, typer.Option("--format", help="The pictures' file format.")] = None,
    option: Annotated[list[str] | None, typer.Option(metavar="PROVIDER.KEY=VALUE", help="Only for a provider.")] = None,
    idempotency_key: IdempotencyKeyOption = None,
    out: Annotated[Path, typer.Option(metavar="DIR|FILE", help="Where to save.")] = DEFAULT_FOLDER,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for slow models.")] = 300,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make pictures from a prompt."""
    destination = read_destination(out)
    body: dict[str, Any] = {"prompt": prompt, "model": model, "size": size, "aspect_ratio": aspect_ratio, "n": count}
    body |= {"seed": seed, "negative_prompt": negative_prompt, "steps": steps, "guidance": guidance}
    body |= {"quality": quality, "background": background, "output_format": _format(output_format, destination)}
    body |= {"provider_options": read_options(option or []) or None}
    key = idempotency_key or f"cli-{secrets.token_hex(_KEY_BYTES)}"
    with failures_told(as_json):
        connection = find_connection(base_url, api_key)
        destination.prepare()
    with _key_told_on_failure(key), failures_told(as_json):
        made = _make(connection, body, key, timeout)
        _save(made, body["prompt"], destination, as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """Pictures that the gateway has made, and how to get each."""

    content: dict[str, Any]
    generation: "GenerationAnswer"
    output_format: OutputFormat
    pictures: list[Callable[[], bytes]]


def _make(connection: Connection, body: dict[str, Any], key: str, timeout_seconds: float) -> _Made:
    from imagegate.api.responses import GenerationAnswer, ImagesAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer
    from imagegate.cli.waiting import Patience, progress, wait_for

    gateway = open_gateway(connection)
    with progress(f"{body['model'] or 'The gateway'} is drawing") as tell:
        started = gateway.generate({name: value for name, value in body.items() if value is not None}, key)
        try:
            if not started.is_running:
                return _made_at_once(gateway, started.content, ImagesAnswer.model_validate(started.content))
            generation = GenerationAnswer.model_validate(started.content)
        except ValueError as error:
            raise unreadable_answer() from error
        patience = Patience(timeout_seconds=timeout_seconds, wait_seconds=started.retry_after_seconds)
        return _made_slowly(gateway, wait_for(gateway, generation, patience, tell))


def _made_at_once(gateway: "Gateway", content: dict[str, Any], answer: "ImagesAnswer") -> _Made:
    """Take the pictures out of the answer: most come as base64, too large ones as an address."""
    pictures: list[Callable[[], bytes]] = []
    for data in answer.data:
        if data.b64_json:
            pictures.append(partial(decoded, data.b64_json))
        elif data.url:
            pictures.append(partial(gateway.download, data.url))
    return _Made(
        content=_without_base64(content),
        generation=answer.imagegate,
        output_format=answer.output_format,
        pictures=_complete(pictures, len(answer.data)),
    )


def _made_slowly(gateway: "Gateway", generation: "GenerationAnswer") -> _Made:
    """Take the pictures of a generation that was waited for, told as if they had come at once."""
    urls = [image.url for image in generation.images if image.url]
    pictures = _complete([partial(gateway.download, url) for url in urls], len(generation.images))
    return _Made(
        content={
            "created": generation.created_at,
            "data": [{"url": url} for url in urls],
            "imagegate": generation.model_dump(mode="json"),
        },
        generation=generation,
        output_format=OutputFormat(generation.images[0].media_type.removeprefix("image/")),
        pictures=pictures,
    )


def _complete(pictures: list[Callable[[], bytes]], count: int) -> list[Callable[[], bytes]]:
    from imagegate.cli.gateway import unreadable_answer

    if not pictures or len(pictures) != count:
        raise unreadable_answer()
    return pictures


def _save(made: _Made, prompt: str, destination: Destination, as_json: bool) -> None:
    from imagegate.cli.summary import print_generation

    files = destination.files(prompt, made.generation.id, made.output_format, len(made.pictures))
    save(files, made.pictures)
    if as_json:
        print_json(made.content | {"files": [str(file) for file in files]})
        return
    for file in files:
        typer.echo(f"Saved {file}")
    print_generation(made.generation)


def _without_base64(content: dict[str, Any]) -> dict[str, Any]:
    data = [{name: value for name, value in one.items() if name != "b64_json"} for one in content["data"]]
    return content | {"data": data}


def _format(asked: OutputFormat | None, destination: Destination) -> OutputFormat | None:
    named = destination.output_format
    if asked and named and asked is not named:
        message = f"--format {asked.value} and the file name {destination.name!r} do not agree."
        raise typer.BadParameter(message, param_hint="--out")
    return asked or named


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


@contextmanager
def _key_told_on_failure(key: str) -> Iterator[None]:
    """Tell the idempotency key when anything goes wrong, the keyboard's interrupt included."""
    try:
        yield
    except BaseException:
        typer.echo("  To repeat exactly this request without paying twice, add", err=True)
        typer.echo(f"  --idempotency-key {key}", err=True)
        raise
