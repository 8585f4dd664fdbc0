"""Images: bytes as a provider made them, and the record of them once they are in storage."""

import hashlib
from dataclasses import dataclass

from imagegate.domain.wire import Auth


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """One picture a caller means, by its bytes, an address or the id of an upload; `param` names the request field."""

    param: str
    data: bytes | None = None
    url: str | None = None
    file_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineImage:
    """One picture that came inside the provider's answer."""

    data: bytes
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImage:
    """One picture at an address that the provider gave; the address is not trusted.

    With `is_private` it lies on the provider's own configured host, perhaps inside a private network, and is asked for
    with `auth`; anything else is fetched from the open internet, guarded and without credentials.
    """

    url: str
    seed: int | None = None
    is_private: bool = False
    auth: tuple[Auth, ...] = ()


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
    # The image's place among those that were asked for; a partial success leaves gaps.
    index: int = 0


def sha256_of(data: bytes) -> str:
    """Return the lower-case hex digest that names these bytes."""
    return hashlib.sha256(data).hexdigest()
