"""Collect: put the bytes into quarantine in the step that first saw them, then say what they truly are."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import imagesize

from imagegate.app.calls import Calls
from imagegate.app.ports import Fetch, ImageStore, TransportError
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.image import Image, InlineImage, RemoteImage, sha256_of
from imagegate.domain.job import Attempt, Job
from imagegate.domain.request import OutputFormat
from imagegate.domain.wire import HttpRequest
from shared_names import QUARANTINE_PREFIX

# The first bytes of each format; WebP's brand stands after the size of the RIFF container.
_SIGNATURES = (
    (OutputFormat.PNG, 0, b"\x89PNG\r\n\x1a\n"),
    (OutputFormat.JPEG, 0, b"\xff\xd8\xff"),
    (OutputFormat.WEBP, 8, b"WEBP"),
)
# Reading an address twice costs nothing, and the picture behind it is paid for.
_FETCH_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A stored picture and its bytes."""

    image: Image
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Trusts the bytes, not the provider's word for their type and size."""

    images: ImageStore
    calls: Calls
    fetch: Fetch

    def __call__(
        self, job: Job, attempt: Attempt, pictures: Sequence[InlineImage | RemoteImage]
    ) -> tuple[Collected, ...]:
        """Store pictures under keys that follow from the job, so that a crash leaves them findable.

        Raises:
            ProviderFailedError: there is no picture, or something else in its place.
        """
        if not pictures:
            message = f"{attempt.target.provider} reported success without an image. Repeat the request."
            raise ProviderFailedError(message)
        return tuple(self._store(job, attempt, index, picture) for index, picture in enumerate(pictures))

    def _store(self, job: Job, attempt: Attempt, index: int, picture: InlineImage | RemoteImage) -> Collected:
        data = picture.data if isinstance(picture, InlineImage) else self._download(attempt, picture)
        output_format, width, height = read_picture(data, attempt.target.provider)
        key = f"{quarantine_prefix(job)}{attempt.number}-{index}.{output_format.value}"
        self.images.put(key, data, output_format.media_type)
        image = Image(
            key=key,
            media_type=output_format.media_type,
            width=width,
            height=height,
            size_bytes=len(data),
            sha256=sha256_of(data),
            seed=picture.seed,
            index=attempt.first + index,
        )
        return Collected(image=image, data=data)

    def _download(self, attempt: Attempt, picture: RemoteImage) -> bytes:
        for _ in range(_FETCH_TRIES):
            try:
                if not picture.is_private:
                    return self.fetch(picture.url)
                request = HttpRequest(method="GET", url=picture.url, auth=picture.auth)
                response = self.calls.send(attempt.target, request)
                if response.status == 200:
                    return response.body
            except TransportError:
                continue
        message = f"{attempt.target.provider} made a picture that could not be downloaded from the address it gave."
        raise ProviderFailedError(message)


def quarantine_prefix(job: Job) -> str:
    """Return what the keys of all pictures of a job begin with until they are published."""
    return f"{QUARANTINE_PREFIX}{job.project_id}/{job.id}/"


def read_picture(data: bytes, source: str) -> tuple[OutputFormat, int, int]:
    """Return format, width and height as the file's own header gives them.

    Raises:
        ProviderFailedError: these bytes are no picture that we know.
    """
    for output_format, offset, signature in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            width, height = imagesize.get(io.BytesIO(data))
            if width > 0 and height > 0:
                return output_format, int(width), int(height)
    message = f"{source} answered with something that is not a PNG, JPEG or WebP picture. Repeat the request."
    raise ProviderFailedError(message)
