"""Collecting pictures: the bytes themselves say what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.app.collect import Collect, read_picture
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.image import InlineImage, sha256_of
from tests.builders import PROJECT_ID, a_running_job
from tests.fakes import MemoryImageStore
from tests.pictures import picture

STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"RIFF\x00\x00\x00\x00WEBPVP8L")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_tells_its_format_and_size(kind: str) -> None:
    assert read_picture(picture(kind, 80, 40), "painter") == (kind, 80, 40)


@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=300))
def test_broken_bytes_are_a_small_picture_or_the_providers_failure_and_nothing_else(start: bytes, rest: bytes) -> None:
    try:
        _, width, height = read_picture(start + rest, "painter")
    except ProviderFailedError:
        return

    assert width > 0
    assert height > 0


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_that_is_cut_off_in_its_header_is_the_providers_failure(kind: str) -> None:
    with pytest.raises(ProviderFailedError, match="painter answered with something"):
        read_picture(picture(kind)[:20], "painter")


@pytest.mark.parametrize("data", [b"", b"GIF89a\x01\x00\x01\x00", b"<svg/>", b"\x89PNG"])
def test_other_files_are_the_providers_failure(data: bytes) -> None:
    with pytest.raises(ProviderFailedError):
        read_picture(data, "painter")


def test_a_picture_with_a_large_profile_before_its_size_is_read() -> None:
    profile = b"\xff\xe2\xff\xff" + b"\x00" * 65_533
    jpeg = picture("jpeg")

    assert read_picture(jpeg[:2] + profile * 3 + jpeg[2:], "painter")[1:] == (64, 48)


def test_pictures_are_put_into_quarantine_under_keys_that_follow_from_the_job() -> None:
    store = MemoryImageStore([])
    job = a_running_job()

    images = Collect(images=store)(job, [InlineImage(data=picture(), seed=3), InlineImage(data=picture("webp"))])

    folder = f"quarantine/{PROJECT_ID}/{job.id}"
    assert [image.key for image in images] == [f"{folder}/1-0.png", f"{folder}/1-1.webp"]
    assert [image.seed for image in images] == [3, None]
    assert (images[0].size_bytes, images[0].sha256) == (len(picture()), sha256_of(picture()))
    assert store.objects[images[1].key] == (picture("webp"), "image/webp")
