"""OpenAI's batches: what is uploaded and asked, and every answer, of which a line's is one that `submit` might have."""

import json
from typing import Any

import pytest

from imagegate.domain.errors import ProviderCredentialsError, ProviderFailedError, ProviderTimeoutError
from imagegate.domain.provider import Completed, Failed, Refused
from imagegate.domain.vendor_batch import (
    Batches,
    BatchWish,
    CreateBatch,
    ListBatches,
    LookAtBatch,
    ReadFile,
    UploadLines,
    VendorBatch,
    VendorLine,
)
from imagegate.domain.wire import ApiKeyHeader, HttpResponse
from imagegate.providers.openai import provider
from tests.fixtures import fixture_json
from tests.imagegate.providers.support import a_call, an_answer, body_of

MODEL = "openai/gpt-image-2"
URL = "https://api.openai.com/v1"
BATCH = {"id": "batch_1", "object": "batch", "status": "in_progress", "metadata": {"imagegate": "ours/1"}}


def a_result(**changes: Any) -> VendorLine | None:
    response = {"status_code": 200, "request_id": "req_1", "body": fixture_json("openai/succeeded.json")}
    line = {"id": "batch_req_1", "custom_id": "gen_1/1", "response": response, "error": None, **changes}
    return provider.read_batch_line(json.dumps(line).encode())


def read(**changes: Any) -> VendorBatch:
    batches = provider.read_batches(an_answer(BATCH | changes))
    assert isinstance(batches, tuple)
    return batches[0]


def test_the_provider_takes_batches() -> None:
    assert isinstance(provider, Batches)


def test_a_line_asks_for_what_the_request_alone_would() -> None:
    call = a_call(MODEL)

    line = json.loads(provider.batch_line(call, "gen_1/1"))

    body = body_of(provider.submit(call))
    assert line == {"custom_id": "gen_1/1", "method": "POST", "url": "/v1/images/generations", "body": body}


def test_lines_are_uploaded_as_a_file_for_a_batch() -> None:
    request = provider.ask_batches(URL, UploadLines(data=b'{"one": 1}\n'))

    assert (request.method, request.url) == ("POST", f"{URL}/files")
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b'name="purpose"\r\n\r\nbatch' in request.body
    assert b'{"one": 1}\n' in request.body


def test_a_batch_is_created_with_our_name_in_its_metadata() -> None:
    request = provider.ask_batches(URL, CreateBatch(file_id="file-1", name="ours/1"))

    assert (request.method, request.url) == ("POST", f"{URL}/batches")
    assert body_of(request) == {
        "input_file_id": "file-1",
        "endpoint": "/v1/images/generations",
        "completion_window": "24h",
        "metadata": {"imagegate": "ours/1"},
    }


@pytest.mark.parametrize(
    ("wish", "url"),
    [
        (ListBatches(), "/batches?limit=100"),
        (ListBatches(after="batch_9"), "/batches?limit=100&after=batch_9"),
        (LookAtBatch(batch_id="batch_1"), "/batches/batch_1"),
        (ReadFile(file_id="file-1"), "/files/file-1/content"),
    ],
)
def test_what_changes_nothing_is_a_get_with_the_key(wish: BatchWish, url: str) -> None:
    request = provider.ask_batches(URL, wish)

    assert (request.method, request.url) == ("GET", f"{URL}{url}")
    assert request.auth == (ApiKeyHeader(prefix="Bearer "),)


@pytest.mark.parametrize("status", ["validating", "in_progress", "finalizing", "cancelling", "of another kind"])
def test_a_batch_that_runs_is_not_over_and_has_no_files_yet(status: str) -> None:
    assert read(status=status, output_file_id="file-2") == VendorBatch(id="batch_1", name="ours/1")


@pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
def test_a_batch_that_is_over_names_the_files_that_it_has(status: str) -> None:
    batch = read(status=status, output_file_id="file-2", error_file_id="file-3")

    assert batch == VendorBatch(id="batch_1", name="ours/1", is_over=True, files=("file-2", "file-3"))
    assert read(status=status, output_file_id=None, error_file_id="file-3").files == ("file-3",)


@pytest.mark.parametrize(
    ("errors", "words", "code"),
    [
        ({"data": [{"code": "invalid_file", "message": "No lines."}]}, "No lines.", "invalid_file"),
        ({"data": []}, "does not say", None),
        (None, "does not say", None),
    ],
)
def test_a_batch_that_was_not_begun_says_what_is_wrong_with_it(errors: Any, words: str, code: str | None) -> None:
    failure = read(status="failed", errors=errors).failure

    assert failure is not None
    assert isinstance(failure.error, ProviderFailedError)
    assert words in failure.error.message
    assert failure.metadata == {"batch": "batch_1", "code": code}


def test_of_a_file_and_of_others_batches_no_more_is_told_than_ids() -> None:
    assert provider.read_batches(an_answer({"id": "file-1", "object": "file"})) == (VendorBatch(id="file-1"),)
    listed = provider.read_batches(an_answer({"object": "list", "data": [BATCH, {"id": "batch_2", "metadata": None}]}))
    assert listed == (VendorBatch(id="batch_1", name="ours/1"), VendorBatch(id="batch_2"))


def test_an_answer_that_refuses_the_request_says_why() -> None:
    told = provider.read_batches(an_answer({"error": {"message": "No."}}, 401))

    assert isinstance(told, Failed)
    assert isinstance(told.error, ProviderCredentialsError)
    throttled = provider.read_batches(an_answer(fixture_json("openai/rate_limited.json"), 429))
    assert isinstance(throttled, Failed)
    assert throttled.error.retryable


@pytest.mark.parametrize(
    "response",
    [
        an_answer({"error": {}}, 408),
        an_answer({"error": {}}, 500),
        an_answer({"error": {}}, 503),
        an_answer(fixture_json("openai/moderation_blocked.json"), 400),
        an_answer(b"no JSON"),
        an_answer({"object": "nothing that we know"}),
    ],
)
def test_after_other_answers_nobody_knows_what_came_of_it(response: HttpResponse) -> None:
    assert provider.read_batches(response) is None


def test_a_result_is_read_like_an_answer_to_the_request_alone() -> None:
    line = a_result()

    assert line is not None
    assert isinstance(line.told, HttpResponse)
    submission = provider.read_submitted(a_call(MODEL), line.told)
    assert isinstance(submission, Completed)
    assert (line.custom_id, submission.metadata["request_id"]) == ("gen_1/1", "req_1")


def test_a_refusal_in_a_batch_is_one() -> None:
    line = a_result(response={"status_code": 400, "body": fixture_json("openai/moderation_blocked.json")})

    assert line is not None
    assert isinstance(line.told, HttpResponse)
    assert isinstance(provider.read_submitted(a_call(MODEL), line.told), Refused)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "batch_expired", "message": "Too late."}, ProviderTimeoutError),
        ({"code": "batch_cancelled"}, ProviderFailedError),
        (None, ProviderFailedError),
    ],
)
def test_a_line_without_an_answer_was_not_charged(error: Any, kind: type[Exception]) -> None:
    line = a_result(response=None, error=error)

    assert line is not None
    assert isinstance(line.told, Failed)
    assert isinstance(line.told.error, kind)
    assert line.told.metadata == {"code": error and error["code"]}


@pytest.mark.parametrize("line", [b"no JSON", b"{}", b'{"custom_id": 7}'])
def test_a_line_that_cannot_be_read_is_none(line: bytes) -> None:
    assert provider.read_batch_line(line) is None
