"""Receiving pictures: only pictures of a bearable size get in, and only from where their sender may read."""

import struct
import zlib
from dataclasses import replace

import pytest

from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.app.receive_images import (
    MAX_IMAGE_BYTES,
    MAX_IMAGE_PIXELS,
    UPLOAD_LIFETIME_SECONDS,
    UPLOAD_MEDIA_TYPES,
    ReceiveImages,
)
from imagegate.domain.errors import InvalidValueError
from imagegate.domain.image import ImageSource, sha256_of
from tests.builders import OTHER_PROJECT_ID, PRINCIPAL, PROJECT_ID
from tests.fakes import FakeIds, MemoryImageStore
from tests.imagegate.app.harness import nothing_to_fetch
from tests.pictures import picture


@pytest.fixture
def store() -> MemoryImageStore:
    return MemoryImageStore([])


@pytest.fixture
def receive(store: MemoryImageStore) -> ReceiveImages:
    return ReceiveImages(images=store, fetch=nothing_to_fetch, new_id=FakeIds())


def _claiming(width: int, height: int) -> bytes:
    """A small PNG whose header claims a canvas of this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + header
        + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )


def _refusal(receive: ReceiveImages, **source: object) -> str:
    with pytest.raises(InvalidValueError) as refused:
        receive(PRINCIPAL, [ImageSource(param="image", **source)])  # type: ignore[arg-type]
    assert refused.value.param == "image"
    return refused.value.message


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_is_stored_under_its_digest_with_its_own_type(
    receive: ReceiveImages, store: MemoryImageStore, kind: str
) -> None:
    (image,) = receive(PRINCIPAL, [ImageSource(param="image", data=picture(kind))])

    digest = sha256_of(picture(kind))
    assert image.key == f"inputs/{PROJECT_ID}/{digest}.{kind}"
    assert (image.media_type, image.width, image.height, image.sha256) == (f"image/{kind}", 64, 48, digest)
    assert store.objects[image.key] == (picture(kind), f"image/{kind}")


def test_the_same_picture_twice_is_the_same_input(receive: ReceiveImages, store: MemoryImageStore) -> None:
    one = ImageSource(param="image", data=picture())

    first, second = receive(PRINCIPAL, [one, replace(one, param="mask")])

    assert first == second
    assert len(store.objects) == 1


def test_pictures_keep_their_order(receive: ReceiveImages) -> None:
    images = receive(PRINCIPAL, [ImageSource(param="image", data=picture(kind)) for kind in ("webp", "png")])

    assert [image.media_type for image in images] == ["image/webp", "image/png"]
    assert receive(PRINCIPAL, []) == ()


@pytest.mark.parametrize("data", [b"", b"GIF89a\x01\x00\x01\x00", b"<svg/>", b"%PDF-1.7", picture()[:20]])
def test_what_is_no_picture_is_refused_and_not_stored(
    receive: ReceiveImages, store: MemoryImageStore, data: bytes
) -> None:
    assert "not a PNG, JPEG or WebP" in _refusal(receive, data=data)
    assert store.objects == {}


def test_a_file_over_the_limit_is_refused(receive: ReceiveImages) -> None:
    assert receive(PRINCIPAL, [ImageSource(param="image", data=picture().ljust(MAX_IMAGE_BYTES, b"\0"))])
    assert f"over {MAX_IMAGE_BYTES} bytes" in _refusal(receive, data=picture().ljust(MAX_IMAGE_BYTES + 1, b"\0"))


def test_a_small_file_that_claims_a_huge_canvas_is_refused(receive: ReceiveImages, store: MemoryImageStore) -> None:
    assert f"over {MAX_IMAGE_PIXELS} pixels" in _refusal(receive, data=_claiming(2**31 - 1, 2**31 - 1))
    assert "pixels" in _refusal(receive, data=_claiming(10_000, 5_001))
    assert store.objects == {}
    assert receive(PRINCIPAL, [ImageSource(param="image", data=_claiming(10_000, 5_000))])


def test_a_picture_at_an_address_is_fetched(store: MemoryImageStore) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return picture()

    receive = ReceiveImages(images=store, fetch=fetch, new_id=FakeIds())

    (image,) = receive(PRINCIPAL, [ImageSource(param="images", url="https://pictures.example/one.png")])

    assert asked == ["https://pictures.example/one.png"]
    assert store.objects[image.key][0] == picture()


@pytest.mark.parametrize(
    "error", [NotSentError("the host has an address that is not public"), AnswerLostError("status 404")]
)
def test_a_picture_that_cannot_be_fetched_is_the_callers_to_mend(store: MemoryImageStore, error: Exception) -> None:
    def fetch(url: str) -> bytes:
        raise error

    receive = ReceiveImages(images=store, fetch=fetch, new_id=FakeIds())

    assert "only public https addresses are" in _refusal(receive, url="http://169.254.169.254/")


def test_an_upload_is_opened_in_the_project_and_used_by_its_id(receive: ReceiveImages, store: MemoryImageStore) -> None:
    file_id, upload = receive.open_upload(PRINCIPAL, "image/png")
    store.objects[upload.fields["key"]] = (picture(), "image/png")

    (image,) = receive(PRINCIPAL, [ImageSource(param="images", file_id=file_id)])

    assert upload.fields["key"] == f"uploads/{PROJECT_ID}/{file_id}"
    assert (upload.max_bytes, upload.lifetime_seconds) == (MAX_IMAGE_BYTES, UPLOAD_LIFETIME_SECONDS)
    assert image.sha256 == sha256_of(picture())


@pytest.mark.parametrize("media_type", UPLOAD_MEDIA_TYPES)
def test_each_type_that_is_read_can_be_uploaded(receive: ReceiveImages, media_type: str) -> None:
    assert receive.open_upload(PRINCIPAL, media_type)[1].fields["Content-Type"] == media_type


@pytest.mark.parametrize("media_type", ["image/gif", "image/svg+xml", "text/html", "", "IMAGE/PNG"])
def test_any_other_type_cannot_be_uploaded(receive: ReceiveImages, media_type: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        receive.open_upload(PRINCIPAL, media_type)

    assert refused.value.param == "content_type"


def test_an_upload_that_never_came_or_is_no_picture_is_refused(receive: ReceiveImages, store: MemoryImageStore) -> None:
    file_id, upload = receive.open_upload(PRINCIPAL, "image/png")

    assert "does not exist or is not complete" in _refusal(receive, file_id=file_id)
    store.objects[upload.fields["key"]] = (b"<html>", "image/png")
    assert "not a PNG" in _refusal(receive, file_id=file_id)


def test_another_projects_upload_looks_like_none(receive: ReceiveImages, store: MemoryImageStore) -> None:
    file_id, upload = receive.open_upload(replace(PRINCIPAL, project_id=OTHER_PROJECT_ID), "image/png")
    store.objects[upload.fields["key"]] = (picture(), "image/png")

    assert "does not exist" in _refusal(receive, file_id=file_id)


@pytest.mark.parametrize("file_id", ["file_none", f"../{OTHER_PROJECT_ID}/file_{'0' * 32}", "", f"gen_{'0' * 32}"])
def test_what_cannot_be_an_id_is_not_looked_up(receive: ReceiveImages, store: MemoryImageStore, file_id: str) -> None:
    store.objects[f"uploads/{PROJECT_ID}/{file_id}"] = (picture(), "image/png")

    assert "does not exist" in _refusal(receive, file_id=file_id)
