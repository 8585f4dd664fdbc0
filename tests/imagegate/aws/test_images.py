"""Pictures in the bucket."""

import urllib.parse

import pytest
from botocore.exceptions import ClientError

from imagegate.aws import clients
from imagegate.aws.images import URL_LIFETIME_SECONDS, S3ImageStore
from tests.account import BUCKET, Account


@pytest.fixture
def images(account: Account) -> S3ImageStore:
    return S3ImageStore(client=account.s3, bucket=BUCKET)


def test_what_is_put_is_read_with_its_type(images: S3ImageStore, account: Account) -> None:
    images.put("quarantine/a.png", b"one", "image/png")

    assert images.read("quarantine/a.png") == b"one"
    assert account.s3.head_object(Bucket=BUCKET, Key="quarantine/a.png")["ContentType"] == "image/png"


def test_the_same_bytes_may_be_put_twice(images: S3ImageStore, account: Account) -> None:
    images.put("a", b"one", "image/png")
    images.put("a", b"one", "image/png")

    assert account.object_keys() == ["a"]


def test_a_copy_has_the_same_bytes_and_type(images: S3ImageStore, account: Account) -> None:
    images.put("quarantine/a.webp", b"one", "image/webp")

    images.copy("quarantine/a.webp", "published/a.webp")

    assert images.read("published/a.webp") == b"one"
    assert account.s3.head_object(Bucket=BUCKET, Key="published/a.webp")["ContentType"] == "image/webp"


def test_what_is_not_there_cannot_be_read(images: S3ImageStore) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        images.read("published/none.png")


@pytest.mark.usefixtures("account")
def test_an_address_is_signed_with_version_4_and_ends_after_an_hour() -> None:
    images = S3ImageStore(client=clients.s3(), bucket=BUCKET)

    url = urllib.parse.urlsplit(images.url("published/a b.png"))

    query = urllib.parse.parse_qs(url.query)
    assert url.path.endswith("/published/a%20b.png")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == [str(URL_LIFETIME_SECONDS)]
    assert "us-east-1" in query["X-Amz-Credential"][0]
