"""Collect: put the bytes into quarantine in the step that first saw them, then say what they truly are."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import imagesize

from imagegate.app.ports import ImageStore
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.image import Image, InlineImage, sha256_of
from imagegate.domain.job import Job
from imagegate.domain.request import OutputFormat
from shared_names import QUARANTINE_PREFIX

# The first bytes of each format; WebP's brand stands after the size of the RIFF container.
_SIGNATURES = (
    (OutputFormat.PNG, 0, b"\x89PNG\r\n\x1a\n"),
    (OutputFormat.JPEG, 0, b"\xff\xd8\xff"),
    (OutputFormat.WEBP, 8, b"WEBP"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Trusts the bytes, not the provider's word for their type and size."""

    images: ImageStore

    def __call__(self, job: Job, pictures: Sequence[InlineImage]) -> tuple[Image, ...]:
        """Store pictures under keys that follow from the job, so that a crash leaves them findable.

        Raises:
            ProviderFailedError: there is no picture, or something else in its place.
        """
        if not pictures:
            message = f"{job.attempt.target.provider} reported success without an image. Repeat the request."
            raise ProviderFailedError(message)
        return tuple(self._store(job, index, picture) for index, picture in enumerate(pictures))

    def _store(self, job: Job, index: int, picture: InlineImage) -> Image:
        output_format, width, height = read_picture(picture.data, job.attempt.target.provider)
        name = f"{job.attempt.number}-{index}.{output_format.value}"
        key = f"{QUARANTINE_PREFIX}{job.project_id}/{job.id}/{name}"
        self.images.put(key, picture.data, output_format.media_type)
        return Image(
            key=key,
            media_type=output_format.media_type,
            width=width,
            height=height,
            size_bytes=len(picture.data),
            sha256=sha256_of(picture.data),
            seed=picture.seed,
        )


def read_picture(data: bytes, provider: str) -> tuple[OutputFormat, int, int]:
    """Return format, width and height as the file's own header gives them.

    Raises:
        ProviderFailedError: these bytes are no picture that we know.
    """
    for output_format, offset, signature in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            width, height = imagesize.get(io.BytesIO(data))
            if width > 0 and height > 0:
                return output_format, int(width), int(height)
    message = f"{provider} answered with something that is not a PNG, JPEG or WebP picture. Repeat the request."
    raise ProviderFailedError(message)
