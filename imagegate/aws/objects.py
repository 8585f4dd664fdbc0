"""Objects that may be larger than memory: read and written piece by piece."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from imagegate.app.batch_ports import Write
from imagegate.app.ports import Upload
from imagegate.aws.images import S3ImageStore
from imagegate.domain.batch import Batch
from imagegate.domain.batch_line import LineOutcome, LinePlace, LineResult
from shared_names import BATCHES_PREFIX

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

CHUNK_BYTES = 256 * 1024
# S3 takes no part under 5 MiB but the last, and at most 10,000 of them.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (checked 2026-11-22)
PART_BYTES = 8 * 1024 * 1024
_JSON = "application/json"
_OUTCOME = "outcome"
# Without the right to list, S3 says "denied" for what is not there.
_ABSENT = frozenset({"404", "403", "NoSuchKey", "AccessDenied"})
# How many results are fetched ahead: a batch has too many to wait for each, and each may be megabytes.
_AHEAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class S3FileObjects:
    """`FileObjects` on S3, beside pictures in the same bucket."""

    store: S3ImageStore

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Store bytes."""
        self.store.put(key, data, media_type)

    def copy(self, source: str, destination: str) -> None:
        """Copy inside S3."""
        self.store.copy(source, destination)

    def url(self, key: str) -> str:
        """Return a signed address."""
        return self.store.url(key)

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        """Return a signed form."""
        return self.store.open_upload(key, media_type, max_bytes, lifetime_seconds)

    def delete(self, key: str) -> None:
        """Delete an object."""
        self.store.client.delete_object(Bucket=self.store.bucket, Key=key)

    def size(self, key: str) -> int | None:
        """Return how many bytes lie under a key, or None."""
        try:
            return self.store.client.head_object(Bucket=self.store.bucket, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                return None
            raise

    def chunks(self, key: str) -> Iterator[bytes]:
        """Return the bytes under a key, piece by piece."""
        return self.store.client.get_object(Bucket=self.store.bucket, Key=key)["Body"].iter_chunks(CHUNK_BYTES)

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Return some of the bytes under a key."""
        wanted = f"bytes={offset}-{offset + length - 1}"
        return self.store.client.get_object(Bucket=self.store.bucket, Key=key, Range=wanted)["Body"].read()

    @contextmanager
    def open(self, key: str, media_type: str) -> Iterator[Write]:
        """Store what is written, in parts while it is written."""
        upload = _Upload(client=self.store.client, bucket=self.store.bucket, key=key, media_type=media_type)
        try:
            yield upload.write
            upload.complete()
        except BaseException:
            upload.abort()
            raise


@dataclass(slots=True, kw_only=True)
class _Upload:
    """One object on its way; what is smaller than a part is stored in one piece."""

    client: "S3Client"
    bucket: str
    key: str
    media_type: str
    buffer: bytearray = field(default_factory=bytearray)
    upload_id: str | None = None
    parts: "list[CompletedPartTypeDef]" = field(default_factory=list)

    def write(self, data: bytes) -> None:
        """Add bytes, and send them once they fill a part."""
        self.buffer += data
        if len(self.buffer) >= PART_BYTES:
            self._send()

    def complete(self) -> None:
        """Make the object appear."""
        if self.upload_id is None:
            self.client.put_object(
                Bucket=self.bucket, Key=self.key, Body=bytes(self.buffer), ContentType=self.media_type
            )
            return
        if self.buffer:
            self._send()
        self.client.complete_multipart_upload(
            Bucket=self.bucket, Key=self.key, UploadId=self.upload_id, MultipartUpload={"Parts": self.parts}
        )

    def abort(self) -> None:
        """Forget what was sent."""
        if self.upload_id is not None:
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=self.upload_id)

    def _send(self) -> None:
        if self.upload_id is None:
            started = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.key, ContentType=self.media_type)
            self.upload_id = started["UploadId"]
        number = len(self.parts) + 1
        sent = self.client.upload_part(
            Bucket=self.bucket, Key=self.key, UploadId=self.upload_id, PartNumber=number, Body=bytes(self.buffer)
        )
        self.parts.append({"ETag": sent["ETag"], "PartNumber": number})
        self.buffer.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class S3LineResults:
    """`LineResults` on S3: one object each, since many lines end in the same moment and some are megabytes."""

    client: "S3Client"
    bucket: str
    folder: str = "lines"

    def add(self, batch: Batch, line: int, result: LineResult) -> bool:
        """Keep a result if there is none yet."""
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=self._key(batch, line),
                Body=result.data,
                ContentType=_JSON,
                Metadata={_OUTCOME: result.outcome.value},
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "PreconditionFailed":
                return False
            raise
        return True

    def read_all(self, batch: Batch, places: Iterator[LinePlace]) -> Iterator[tuple[LinePlace, LineResult | None]]:
        """Return what is kept of each line in order, reading ahead by a few."""
        ahead: deque[tuple[LinePlace, Future[LineResult | None]]] = deque()
        with ThreadPoolExecutor(max_workers=_AHEAD) as pool:
            for place in places:
                ahead.append((place, pool.submit(self._read, batch, place.number)))
                if len(ahead) >= _AHEAD:
                    first, result = ahead.popleft()
                    yield first, result.result()
            for first, result in ahead:
                yield first, result.result()

    def _read(self, batch: Batch, line: int) -> LineResult | None:
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self._key(batch, line))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                return None
            raise
        return LineResult(outcome=LineOutcome(found["Metadata"][_OUTCOME]), data=found["Body"].read())

    def _key(self, batch: Batch, line: int) -> str:
        return f"{BATCHES_PREFIX}{batch.project_id}/{batch.id}/{self.folder}/{line}.json"
