"""Collecting pictures: the bytes themselves say what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.app.calls import Calls
from imagegate.app.collect import Collect, read_picture
from imagegate.app.ports import AnswerLostError, Fetch, Transport
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.image import InlineImage, RemoteImage, sha256_of
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse
from tests.builders import PROJECT_ID, a_card, a_running_job, an_attempt
from tests.fakes import FakeCatalog, FakeProviders, FakeTransport, MemoryImageStore, ScriptedProvider
from tests.imagegate.app.harness import nothing_to_fetch
from tests.pictures import picture

FETCHED = RemoteImage(url="https://cdn.example/one.png", seed=5)
PRIVATE = RemoteImage(url="https://painter.example/view", is_private=True, auth=(ApiKeyHeader(),))
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
    collect = _collect(store)

    collected = collect(
        job, an_attempt(2, first=3), [InlineImage(data=picture(), seed=3), InlineImage(data=picture("webp"))]
    )

    images = [one.image for one in collected]
    folder = f"quarantine/{PROJECT_ID}/{job.id}"
    assert [image.key for image in images] == [f"{folder}/2-0.png", f"{folder}/2-1.webp"]
    assert [image.index for image in images] == [3, 4]
    assert [one.data for one in collected] == [picture(), picture("webp")]
    assert [image.seed for image in images] == [3, None]
    assert (images[0].size_bytes, images[0].sha256) == (len(picture()), sha256_of(picture()))
    assert store.objects[images[1].key] == (picture("webp"), "image/webp")


class Failing:
    """A `Fetch` or `Transport` that fails some times before it answers."""

    def __init__(self, failures: int, answer: HttpResponse | None = None) -> None:
        self.failures = failures
        self.answer = answer or HttpResponse(status=200, headers={}, body=picture())
        self.asked: list[HttpRequest | str] = []

    def __call__(self, url: str) -> bytes:
        return self._next(url).body

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        return self._next(request)

    def _next(self, asked: HttpRequest | str) -> HttpResponse:
        self.asked.append(asked)
        if len(self.asked) <= self.failures:
            raise AnswerLostError("cut")
        return self.answer


def _collect(store: MemoryImageStore, transport: Transport | None = None, fetch: Fetch = nothing_to_fetch) -> Collect:
    calls = Calls(
        providers=FakeProviders(ScriptedProvider([])),
        catalog=FakeCatalog((a_card(),)),
        transport=transport or FakeTransport([]),
        images=store,
    )
    return Collect(images=store, calls=calls, fetch=fetch)


def test_a_picture_at_an_address_is_fetched_and_stored_like_any_other() -> None:
    store = MemoryImageStore([])

    (one,) = _collect(store, fetch=Failing(0))(a_running_job(), an_attempt(), [FETCHED])

    assert (one.data, one.image.seed, one.image.media_type) == (picture(), 5, "image/png")
    assert store.objects[one.image.key] == (picture(), "image/png")


def test_a_download_that_breaks_off_is_tried_again_since_the_picture_is_paid_for() -> None:
    fetch = Failing(2)

    assert _collect(MemoryImageStore([]), fetch=fetch)(a_running_job(), an_attempt(), [FETCHED])
    assert fetch.asked == [FETCHED.url] * 3


def test_a_download_that_never_works_is_the_providers_failure() -> None:
    with pytest.raises(ProviderFailedError, match="could not be downloaded"):
        _collect(MemoryImageStore([]), fetch=Failing(3))(a_running_job(), an_attempt(), [FETCHED])


def test_a_private_picture_is_asked_for_at_the_provider_with_its_credentials() -> None:
    transport = Failing(1)

    (one,) = _collect(MemoryImageStore([]), transport)(a_running_job(), an_attempt(), [PRIVATE])

    assert one.data == picture()
    assert [request.auth for request in transport.asked if isinstance(request, HttpRequest)] == [PRIVATE.auth] * 2


def test_a_private_picture_that_is_not_there_is_the_providers_failure() -> None:
    transport = Failing(0, HttpResponse(status=404, headers={}, body=b""))

    with pytest.raises(ProviderFailedError, match="could not be downloaded"):
        _collect(MemoryImageStore([]), transport)(a_running_job(), an_attempt(), [PRIVATE])


@pytest.mark.parametrize("auth", [(), (ApiKeyHeader(),)])
def test_a_private_picture_on_another_host_is_never_asked_for(auth: tuple[ApiKeyHeader, ...]) -> None:
    transport = Failing(0)
    elsewhere = RemoteImage(url="http://169.254.169.254/latest/meta-data", is_private=True, auth=auth)

    with pytest.raises(ProviderFailedError, match="outside its own hosts"):
        _collect(MemoryImageStore([]), transport)(a_running_job(), an_attempt(), [elsewhere])

    assert transport.asked == []


def test_success_without_a_picture_is_the_providers_failure() -> None:
    with pytest.raises(ProviderFailedError, match="success without an image"):
        _collect(MemoryImageStore([]))(a_running_job(), an_attempt(), [])
