"""Images: bytes as a provider made them, and the record of them once they are in storage."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineImage:
    """One picture that came inside the provider's answer."""

    data: bytes
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One stored picture; `key` is its place in the images bucket."""

    key: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    seed: int | None = None


def sha256_of(data: bytes) -> str:
    """Return the lower-case hex digest that names these bytes."""
    return hashlib.sha256(data).hexdigest()
