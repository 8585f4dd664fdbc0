"""Multipart form bodies; the boundary follows from the content, so the same request is always the same bytes."""

import hashlib
from collections.abc import Sequence

Field = tuple[str, str]
"""Name and value."""

File = tuple[str, str, str, bytes]
"""Name of the part, file name, media type and content."""


def encode(fields: Sequence[Field], files: Sequence[File] = ()) -> tuple[bytes, str]:
    """Return a `multipart/form-data` body and its content type; a form without files is multipart all the same.

    RFC 7578; quotes and line breaks in names are escaped as browsers do:
    https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data (checked 2026-11-22)
    """
    parts = [(f'name="{_escape(name)}"', value.encode()) for name, value in fields]
    parts += [
        (f'name="{_escape(name)}"; filename="{_escape(filename)}"\r\ncontent-type: {media_type}', data)
        for name, filename, media_type, data in files
    ]
    boundary = _boundary(parts)
    pieces: list[bytes] = []
    for head, data in parts:
        pieces += [f"--{boundary}\r\ncontent-disposition: form-data; {head}\r\n\r\n".encode(), data, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _boundary(parts: Sequence[tuple[str, bytes]]) -> str:
    # No content can hold its own digest, so the boundary never occurs inside a part.
    digest = hashlib.sha256()
    for head, data in parts:
        digest.update(f"{len(head)}:{len(data)}:{head}".encode())
        digest.update(data)
    return digest.hexdigest()[:40]


def _escape(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
