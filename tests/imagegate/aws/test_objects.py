"""Objects that may be larger than memory are read and written piece by piece."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from imagegate.aws import objects as module
from imagegate.aws.images import S3ImageStore
from imagegate.aws.objects import CHUNK_BYTES, PART_BYTES, S3FileObjects, S3LineResults
from imagegate.domain.batch_line import LineOutcome, LinePlace, LineResult
from tests.account import BUCKET, Account
from tests.batches import a_batch

KEY = "files/prj_one/file_one"
JSONL = "application/jsonl"


@pytest.fixture
def objects(account: Account) -> S3FileObjects:
    return S3FileObjects(store=S3ImageStore(client=account.s3, bucket=BUCKET))


@pytest.fixture
def results(account: Account) -> S3LineResults:
    return S3LineResults(client=account.s3, bucket=BUCKET)


def test_an_object_is_read_in_pieces_and_in_part(objects: S3FileObjects) -> None:
    data = bytes(range(256)) * 4096
    objects.put(KEY, data, JSONL)

    chunks = list(objects.chunks(KEY))

    assert b"".join(chunks) == data
    assert max(len(chunk) for chunk in chunks) == CHUNK_BYTES
    assert objects.read_range(KEY, 3, 5) == data[3:8]
    assert objects.size(KEY) == len(data)


def test_what_is_not_there_has_no_size(objects: S3FileObjects) -> None:
    assert objects.size(KEY) is None


def test_a_deleted_object_is_gone(objects: S3FileObjects) -> None:
    objects.put(KEY, b"one", JSONL)
    objects.delete(KEY)
    objects.delete(KEY)

    assert objects.size(KEY) is None


def test_a_small_object_is_written_in_one_piece(objects: S3FileObjects, account: Account) -> None:
    with objects.open(KEY, JSONL) as write:
        write(b"one\n")
        write(b"two\n")

    found = account.s3.get_object(Bucket=BUCKET, Key=KEY)
    assert (found["Body"].read(), found["ContentType"]) == (b"one\ntwo\n", JSONL)


@pytest.mark.parametrize("rest", [b"", b"rest"])
def test_a_large_object_is_written_in_parts(objects: S3FileObjects, account: Account, rest: bytes) -> None:
    piece = b"x" * (PART_BYTES // 2)

    with objects.open(KEY, JSONL) as write:
        for _ in range(4):
            write(piece)
        write(rest)

    found = account.s3.head_object(Bucket=BUCKET, Key=KEY)
    assert (found["ContentLength"], found["ContentType"]) == (2 * PART_BYTES + len(rest), JSONL)
    assert found["ETag"].strip('"').endswith("-3" if rest else "-2")


@pytest.mark.parametrize("pieces", [1, 3])
def test_what_is_left_by_an_error_never_appears(objects: S3FileObjects, account: Account, pieces: int) -> None:
    def write_and_fail() -> None:
        with objects.open(KEY, JSONL) as write:
            for _ in range(pieces):
                write(b"x" * (PART_BYTES // 2))
            raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        write_and_fail()

    assert account.object_keys() == []
    assert account.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_the_first_result_of_a_line_stays(results: S3LineResults) -> None:
    first = LineResult(outcome=LineOutcome.COMPLETED, data=b"first\n")

    assert results.add(a_batch(), 1, first)
    assert not results.add(a_batch(), 1, LineResult(outcome=LineOutcome.FAILED, data=b"second\n"))

    place = LinePlace(number=1, offset=0, length=1)
    assert list(results.read_all(a_batch(), iter([place]))) == [(place, first)]


def test_results_are_read_in_order_with_gaps_where_there_is_none(results: S3LineResults) -> None:
    places = [LinePlace(number=number, offset=0, length=1) for number in range(1, 30)]
    for place in places:
        if place.number % 7:
            data = f"{place.number}\n".encode()
            results.add(a_batch(), place.number, LineResult(outcome=LineOutcome.FAILED, data=data))

    found = list(results.read_all(a_batch(), iter(places)))

    assert [place for place, _ in found] == places
    assert [one.data for _, one in found if one] == [f"{n}\n".encode() for n in range(1, 30) if n % 7]
    assert [place.number for place, one in found if one is None] == [7, 14, 21, 28]


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("head_object", lambda account: S3FileObjects(store=S3ImageStore(client=account.s3, bucket=BUCKET)).size(KEY)),
        (
            "put_object",
            lambda account: S3LineResults(client=account.s3, bucket=BUCKET).add(
                a_batch(), 1, LineResult(outcome=LineOutcome.FAILED, data=b"")
            ),
        ),
        ("get_object", lambda account: S3LineResults(client=account.s3, bucket=BUCKET)._read(a_batch(), 1)),
    ],
)
def test_any_other_failure_of_storage_is_raised(account: Account, operation: str, call: Any) -> None:
    with Stubber(account.s3) as stub:
        stub.add_client_error(operation, "SlowDown", http_status_code=503)

        with pytest.raises(ClientError):
            call(account)


def test_no_more_results_are_read_ahead_than_memory_holds(
    results: S3LineResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(S3LineResults, "_read", lambda self, batch, line: read.append(line))

    stream = results.read_all(a_batch(), (LinePlace(number=n, offset=0, length=1) for n in range(1, 100)))
    next(stream)

    assert len(read) <= module._AHEAD
    assert len(list(stream)) == 98


def test_a_file_is_copied_signed_and_uploaded_like_a_picture(objects: S3FileObjects) -> None:
    objects.put(KEY, b"one", JSONL)
    objects.copy(KEY, f"{KEY}-copy")

    assert objects.read_range(f"{KEY}-copy", 0, 3) == b"one"
    assert KEY in objects.url(KEY)
    assert objects.open_upload(KEY, JSONL, 10, 900).fields["Content-Type"] == JSONL


def test_results_of_another_folder_are_others(results: S3LineResults) -> None:
    others = replace(results, folder="travelers")
    place = LinePlace(number=1, offset=0, length=1)
    others.add(a_batch(), 1, LineResult(outcome=LineOutcome.COMPLETED, data=b"{}"))

    assert list(results.read_all(a_batch(), iter([place]))) == [(place, None)]
    ((_, found),) = others.read_all(a_batch(), iter([place]))
    assert found is not None
