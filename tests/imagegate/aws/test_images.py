"""Pictures in the bucket."""

import base64
import json
import urllib.parse

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

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


def test_objects_are_listed_by_prefix_a_page_at_a_time(images: S3ImageStore) -> None:
    for name in ("quarantine/a", "quarantine/b", "quarantine/c", "published/d"):
        images.put(name, b"one", "image/png")

    first = images.list("quarantine/", limit=2)
    second = images.list("quarantine/", after=first[-1].key, limit=2)

    assert [one.key for one in first] == ["quarantine/a", "quarantine/b"]
    assert [one.key for one in second] == ["quarantine/c"]
    assert first[0].stored_at.tzinfo is not None
    assert images.list("quarantine/none") == ()


def test_a_deleted_picture_is_gone_and_may_be_deleted_again(images: S3ImageStore, account: Account) -> None:
    images.put("quarantine/a.png", b"one", "image/png")

    images.delete("quarantine/a.png")
    images.delete("quarantine/a.png")

    assert account.object_keys() == []


def test_what_is_not_there_cannot_be_read(images: S3ImageStore) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        images.read("published/none.png")


@pytest.mark.usefixtures("account")
def test_an_address_is_signed_with_version_4_and_ends_after_an_hour() -> None:
    images = S3ImageStore(client=clients.s3(clients.session()), bucket=BUCKET)

    url = urllib.parse.urlsplit(images.url("published/a b.png"))

    query = urllib.parse.parse_qs(url.query)
    assert url.path.endswith("/published/a%20b.png")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == [str(URL_LIFETIME_SECONDS)]
    assert "us-east-1" in query["X-Amz-Credential"][0]


def test_what_may_not_be_there_is_looked_for(images: S3ImageStore) -> None:
    images.put("uploads/a", b"one", "image/png")

    assert images.find("uploads/a") == b"one"
    assert images.find("uploads/none") is None


def test_a_bucket_that_is_not_there_is_no_missing_picture(account: Account) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3ImageStore(client=account.s3, bucket="elsewhere").find("a")


def test_without_the_right_to_list_what_is_denied_is_not_there(account_clients: Account) -> None:
    with Stubber(account_clients.s3) as stubber:
        stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)
        assert S3ImageStore(client=account_clients.s3, bucket=BUCKET).find("a") is None


def test_an_upload_is_held_to_its_key_type_and_size(images: S3ImageStore) -> None:
    upload = images.open_upload("uploads/prj_one/file_1", "image/png", 1000, 900)

    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    assert (upload.max_bytes, upload.lifetime_seconds) == (1000, 900)
    assert (upload.fields["key"], upload.fields["Content-Type"]) == ("uploads/prj_one/file_1", "image/png")
    assert BUCKET in upload.url
    assert ["content-length-range", 1, 1000] in policy["conditions"]
    assert {"key": "uploads/prj_one/file_1"} in policy["conditions"]
    assert {"Content-Type": "image/png"} in policy["conditions"]
    assert {"bucket": BUCKET} in policy["conditions"]
