"""Where pictures are saved; the folder is made before anything is asked for, so that none is paid for and then lost."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagegate.cli.failures import CommandFailedError
from imagegate.domain.request import OutputFormat

DEFAULT_FOLDER = Path("out")
_LONGEST_SLUG = 48
_ID_CHARACTERS = 8
# What a file's name can end in to say the format.
_FORMATS = {
    ".png": OutputFormat.PNG,
    ".jpg": OutputFormat.JPEG,
    ".jpeg": OutputFormat.JPEG,
    ".webp": OutputFormat.WEBP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A folder, and the name the caller wants; without one the prompt and the generation give the name."""

    folder: Path
    name: str | None = None

    @property
    def output_format(self) -> OutputFormat | None:
        """The format that the wanted name says."""
        return _FORMATS[Path(self.name).suffix.lower()] if self.name else None

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            CommandFailedError: it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"The folder {self.folder} cannot be made ({error.strerror}), so nothing was asked for."
            raise CommandFailedError("folder_not_made", message, advice="Choose another with --out.") from error

    def files(self, prompt: str, generation_id: str, output_format: OutputFormat, count: int) -> list[Path]:
        """Return where each picture goes; several get numbers."""
        if self.name:
            stem, suffix = Path(self.name).stem, Path(self.name).suffix
        else:
            stem, suffix = f"{slug_of(prompt)}-{generation_id[-_ID_CHARACTERS:]}", f".{output_format.value}"
        if count == 1:
            return [self.folder / f"{stem}{suffix}"]
        return [self.folder / f"{stem}-{number}{suffix}" for number in range(1, count + 1)]


def read_destination(out: Path) -> Destination:
    """Read `--out`: a name that ends like a picture's is a file, everything else a folder."""
    if out.suffix.lower() in _FORMATS and not out.is_dir():
        return Destination(folder=out.parent, name=out.name)
    return Destination(folder=out)


def slug_of(prompt: str) -> str:
    """Return a file name that tells the prompt."""
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")
    return words[:_LONGEST_SLUG].rstrip("-") or "picture"


def save(files: Sequence[Path], pictures: Sequence[Callable[[], bytes]]) -> None:
    """Write each picture to its file.

    Raises:
        CommandFailedError: a file cannot be written, or a picture's base64 is broken.
    """
    for file, picture in zip(files, pictures, strict=True):
        try:
            file.write_bytes(picture())
        except OSError as error:
            message = f"{file} cannot be written ({error.strerror}); the picture itself was made."
            raise CommandFailedError("file_not_written", message, advice="Choose another place with --out.") from error


def decoded(encoded: str) -> bytes:
    """Return the bytes of a picture.

    Raises:
        CommandFailedError: the base64 is broken.
    """
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise CommandFailedError("unreadable_answer", "A picture's base64 is broken.") from error
