"""Small real picture files, made once for each kind."""

import io
from functools import cache

from PIL import Image


@cache
def picture(kind: str = "png", width: int = 64, height: int = 48) -> bytes:
    """Return the bytes of a plain picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, kind.upper())
    return file.getvalue()
