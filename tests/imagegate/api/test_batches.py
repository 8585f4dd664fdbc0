"""Files and batches come and go in OpenAI's shape; each wrong field has one error."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imagegate.api.batches import BatchBody, read_batch_query, tell_batch, tell_batches
from imagegate.api.files import read_file, read_file_query, tell_file, tell_files
from imagegate.api.requests import read_body
from imagegate.domain.batch import BatchEndpoint, BatchProblem, BatchStatus, RequestCounts
from imagegate.domain.errors import (
    InvalidJsonError,
    InvalidRequestError,
    InvalidValueError,
    MissingParameterError,
    UnknownParameterError,
)
from imagegate.domain.file import FilePurpose, FileQuery, SentFile
from imagegate.domain.ids import FileId
from imagegate.multipart import encode
from tests.batches import BATCH_ID, FILE_ID, a_batch, a_file
from tests.builders import NOW

FILE = ("file", "lines.jsonl", "application/jsonl", b"{}\n")


def sent(fields: dict[str, str], *files: tuple[str, str, str, bytes]) -> SentFile:
    body, content_type = encode(list(fields.items()), list(files))
    return read_file(body, content_type)


def test_a_form_holds_one_file_for_a_batch() -> None:
    file = sent({"purpose": "batch"}, FILE)

    assert file == SentFile(filename="lines.jsonl", data=b"{}\n")


def test_a_form_says_how_long_to_keep_the_file() -> None:
    fields = {"purpose": "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}

    assert sent(fields, FILE).retention == timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "files", "error", "param"),
    [
        ({"purpose": "fine-tune"}, [FILE], InvalidValueError, "purpose"),
        ({}, [FILE], InvalidValueError, "purpose"),
        ({"purpose": "batch"}, [], MissingParameterError, "file"),
        ({"purpose": "batch"}, [FILE, FILE], MissingParameterError, "file"),
        ({"purpose": "batch"}, [("image", *FILE[1:])], MissingParameterError, "file"),
        ({"purpose": "batch", "colour": "red"}, [FILE], UnknownParameterError, "colour"),
        ({"purpose": "batch", "expires_after[seconds]": "3600"}, [FILE], InvalidValueError, "expires_after[anchor]"),
        *(
            (
                {"purpose": "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": seconds},
                [FILE],
                InvalidValueError,
                "expires_after[seconds]",
            )
            for seconds in ("", "soon", "3599", "2592001")
        ),
    ],
)
def test_a_form_that_is_wrong_says_what_is(
    fields: dict[str, str], files: list[Any], error: type[InvalidRequestError], param: str
) -> None:
    with pytest.raises(error) as caught:
        sent(fields, *files)

    assert caught.value.param == param


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_a_body_that_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidJsonError):
        read_file(b"--one\r\nno form", content_type)


def test_a_list_of_files_is_of_all_from_the_newest() -> None:
    assert read_file_query({}) == FileQuery(limit=1000)


def test_a_list_of_files_is_narrowed_by_its_parameters() -> None:
    query = read_file_query({"limit": "10000", "after": FILE_ID, "order": "asc", "purpose": "batch_output"})

    assert query == FileQuery(limit=1000, after=FILE_ID, purpose=FilePurpose.BATCH_OUTPUT, is_ascending=True)


@pytest.mark.parametrize(
    "parameters",
    [{"limit": "0"}, {"limit": "10001"}, {"limit": "ten"}, {"after": "one"}, {"order": "up"}, {"purpose": "vision"}],
)
def test_a_parameter_of_the_list_of_files_that_is_wrong_is_named(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError) as caught:
        read_file_query(parameters)

    assert caught.value.param == next(iter(parameters))


def test_a_parameter_that_no_list_knows_is_refused() -> None:
    with pytest.raises(UnknownParameterError):
        read_file_query({"colour": "red"})
    with pytest.raises(UnknownParameterError):
        read_batch_query({"order": "asc"})


def test_a_list_of_batches_has_a_limit_and_a_place() -> None:
    assert read_batch_query({}) == (20, None)
    assert read_batch_query({"limit": "100", "after": BATCH_ID}) == (100, BATCH_ID)
    with pytest.raises(InvalidValueError):
        read_batch_query({"limit": "101"})


def test_a_file_is_told_with_its_size_or_as_still_to_come() -> None:
    told, coming = tell_file(a_file()), tell_file(a_file(size_bytes=None))

    assert (told.id, told.bytes, told.status, told.purpose) == (FILE_ID, 10, "processed", "batch")
    assert (told.created_at, told.expires_at) == (int(NOW.timestamp()), int(NOW.timestamp()) + 30 * 86_400)
    assert (coming.bytes, coming.status) == (0, "uploaded")


def test_pages_say_where_they_begin_and_end() -> None:
    files = [a_file(), a_file(id=FileId("file_two"))]

    page, empty = tell_files(files, has_more=True), tell_files([], has_more=False)

    assert (page.first_id, page.last_id, page.has_more) == (FILE_ID, "file_two", True)
    assert (empty.first_id, empty.last_id, empty.data) == (None, None, [])
    batches = tell_batches([a_batch()], has_more=False)
    assert (batches.first_id, batches.last_id) == (BATCH_ID, BATCH_ID)
    assert tell_batches([], has_more=False).first_id is None


def test_a_body_is_a_batch_with_all_its_wishes() -> None:
    body = read_body(
        BatchBody,
        '{"input_file_id": "file_one", "endpoint": "/v1/images/edits", "completion_window": "24h",'
        ' "metadata": {"a": "b"}, "output_expires_after": {"anchor": "created_at", "seconds": 3600}}',
    )

    wanted = body.to_domain()

    assert (wanted.input_file_id, wanted.endpoint) == ("file_one", BatchEndpoint.EDITS)
    assert (wanted.metadata, wanted.output_retention) == ({"a": "b"}, timedelta(hours=1))


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ('"endpoint": "/v1/chat/completions"', "endpoint"),
        ('"completion_window": "1h"', "completion_window"),
        ('"metadata": {"a": 1}', "metadata.a"),
        ('"output_expires_after": {"anchor": "created_at", "seconds": 60}', "output_expires_after.seconds"),
        (f'"metadata": {{"a": "{"x" * 513}"}}', "metadata.a"),
    ],
)
def test_a_body_that_is_wrong_says_what_is(changes: str, param: str) -> None:
    whole = '"input_file_id": "file_one", "endpoint": "/v1/images/edits", "completion_window": "24h"'

    with pytest.raises(InvalidRequestError) as caught:
        read_body(BatchBody, f"{{{whole}, {changes}}}")

    assert caught.value.param == param


def test_a_batch_is_told_with_its_moments_and_counts() -> None:
    batch = replace(
        a_batch(), status=BatchStatus.COMPLETED, completed_at=NOW, counts=RequestCounts(total=3, completed=2, failed=1)
    )

    told = tell_batch(batch)

    assert (told.id, told.object, told.status, told.completion_window) == (BATCH_ID, "batch", "completed", "24h")
    assert (told.completed_at, told.failed_at, told.metadata) == (int(NOW.timestamp()), None, None)
    assert (told.request_counts.total, told.request_counts.completed, told.request_counts.failed) == (3, 2, 1)
    assert told.expires_at == int(NOW.timestamp()) + 86_400
    assert told.errors is None


def test_a_failed_batch_is_told_with_its_problems() -> None:
    problem = BatchProblem(code="invalid_json_line", message="No JSON.", line=2)

    told = tell_batch(a_batch(problems=(problem,)))

    assert told.errors is not None
    assert [(one.code, one.line) for one in told.errors.data] == [("invalid_json_line", 2)]
