"""Pictures in S3: encrypted by the bucket's own key, read by clients only through signed addresses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from imagegate.app.ports import StoredObject, Upload

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

URL_LIFETIME_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class S3ImageStore:
    """`ImageStore` on S3."""

    client: "S3Client"
    bucket: str

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Store bytes; the same key with the same bytes may be stored twice."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=media_type)

    def copy(self, source: str, destination: str) -> None:
        """Copy inside S3."""
        self.client.copy_object(Bucket=self.bucket, Key=destination, CopySource={"Bucket": self.bucket, "Key": source})

    def read(self, key: str) -> bytes:
        """Return the bytes under a key."""
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def url(self, key: str) -> str:
        """Return a signed address that works for an hour, or as long as the function's own credentials if shorter."""
        return self.client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": key}, ExpiresIn=URL_LIFETIME_SECONDS
        )

    def find(self, key: str) -> bytes | None:
        """Return the bytes under a key, or None; without the right to list, S3 says "denied" for what is not there."""
        try:
            return self.read(key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "AccessDenied"}:
                return None
            raise

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> tuple[StoredObject, ...]:
        """Return the first objects, at most a thousand, whose keys begin with a prefix and come after another key."""
        answer = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, StartAfter=after, MaxKeys=limit)
        contents = answer.get("Contents", [])
        return tuple(StoredObject(key=entry["Key"], stored_at=entry["LastModified"]) for entry in contents)

    def delete(self, key: str) -> None:
        """Delete an object for good: the bucket keeps no versions."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def open_upload(self, key: str, media_type: str, max_bytes: int, lifetime_seconds: int) -> Upload:
        """Return a signed form; S3 itself holds the sender to the type and the size."""
        form = self.client.generate_presigned_post(
            self.bucket,
            key,
            Fields={"Content-Type": media_type},
            Conditions=[{"Content-Type": media_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=lifetime_seconds,
        )
        return Upload(url=form["url"], fields=form["fields"], max_bytes=max_bytes, lifetime_seconds=lifetime_seconds)
