"""`NAME=VALUE` arguments: a value may hold anything, and a name may be given once."""

from collections.abc import Sequence
from pathlib import Path

import typer

from imagegate.cli.failures import CommandFailedError

_MOST_FILE_BYTES = 64 * 1024


def read_pairs(texts: Sequence[str], hint: str, example: str) -> dict[str, str]:
    """Read the pairs; what is wrong is told without the value, which may be a secret."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            message = f"each must be of the form {example}."
            raise typer.BadParameter(message, param_hint=hint)
        if name in pairs:
            message = f"{name!r} is given twice."
            raise typer.BadParameter(message, param_hint=hint)
        pairs[name] = value
    return pairs


def read_files(pairs: dict[str, str]) -> dict[str, str]:
    """Read each value from the file it names.

    Raises:
        CommandFailedError: a file cannot be read as text.
    """
    return {name: _read_file(Path(path)) for name, path in pairs.items()}


def _read_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_FILE_BYTES + 1)
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})."
        raise CommandFailedError("file_not_read", message) from error
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > _MOST_FILE_BYTES:
        message = f"{path} is no text file of at most {_MOST_FILE_BYTES} bytes."
        raise CommandFailedError("file_not_read", message)
    return text
