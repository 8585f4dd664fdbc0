"""Receive images: what a caller sends, names or uploaded before becomes a checked picture in storage."""

from collections.abc import Sequence
from dataclasses import dataclass

from imagegate.app.collect import read_picture
from imagegate.app.ports import Fetch, ImageStore, NewId, TransportError, Upload
from imagegate.domain.errors import InvalidValueError, ProviderFailedError
from imagegate.domain.ids import ProjectId, is_id
from imagegate.domain.image import ImageSource, sha256_of
from imagegate.domain.project import Principal
from imagegate.domain.request import InputImage
from shared_names import INPUTS_PREFIX, UPLOADS_PREFIX

MAX_IMAGE_BYTES = 20 * 1024 * 1024
# A small file can claim a huge canvas; whoever decodes it would run out of memory.
MAX_IMAGE_PIXELS = 50_000_000
UPLOAD_MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
UPLOAD_LIFETIME_SECONDS = 900
_FILE_PREFIX = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveImages:
    """Stores input pictures under their digest, so that a repeat of a request means the same pictures."""

    images: ImageStore
    fetch: Fetch
    new_id: NewId

    def __call__(self, principal: Principal, sources: Sequence[ImageSource]) -> tuple[InputImage, ...]:
        """Return the stored pictures in order.

        Raises:
            InvalidValueError: one cannot be read, is no picture, or is too large.
        """
        return tuple(self._store(principal.project_id, source) for source in sources)

    def open_upload(self, principal: Principal, media_type: str) -> tuple[str, Upload]:
        """Return an id, and a signed form with which the caller can put one picture straight into storage.

        Raises:
            InvalidValueError: that type of file is not taken.
        """
        if media_type not in UPLOAD_MEDIA_TYPES:
            message = f"`content_type` must be one of {', '.join(UPLOAD_MEDIA_TYPES)}."
            raise InvalidValueError(message, param="content_type")
        file_id = self.new_id(_FILE_PREFIX)
        key = _upload_key(principal.project_id, file_id)
        return file_id, self.images.open_upload(key, media_type, MAX_IMAGE_BYTES, UPLOAD_LIFETIME_SECONDS)

    def _store(self, project_id: ProjectId, source: ImageSource) -> InputImage:
        data = self._read(project_id, source)
        if len(data) > MAX_IMAGE_BYTES:
            raise _wrong(source, f"is over {MAX_IMAGE_BYTES} bytes")
        try:
            output_format, width, height = read_picture(data, "the caller")
        except ProviderFailedError as error:
            raise _wrong(source, "is not a PNG, JPEG or WebP picture") from error
        if width * height > MAX_IMAGE_PIXELS:
            raise _wrong(source, f"has over {MAX_IMAGE_PIXELS} pixels")
        digest = sha256_of(data)
        key = f"{INPUTS_PREFIX}{project_id}/{digest}.{output_format.value}"
        self.images.put(key, data, output_format.media_type)
        return InputImage(key=key, media_type=output_format.media_type, width=width, height=height, sha256=digest)

    def _read(self, project_id: ProjectId, source: ImageSource) -> bytes:
        if source.data is not None:
            return source.data
        if source.file_id is not None:
            found = is_id(_FILE_PREFIX, source.file_id) and self.images.find(_upload_key(project_id, source.file_id))
            if not found:
                raise _wrong(source, f"names the upload {source.file_id!r}, which does not exist or is not complete")
            return found
        try:
            return self.fetch(source.url or "")
        except TransportError as error:
            raise _wrong(source, f"cannot be fetched ({error}); only public https addresses are") from error


def _upload_key(project_id: ProjectId, file_id: str) -> str:
    return f"{UPLOADS_PREFIX}{project_id}/{file_id}"


def _wrong(source: ImageSource, what: str) -> InvalidValueError:
    return InvalidValueError(f"The picture in `{source.param}` {what}.", param=source.param)
