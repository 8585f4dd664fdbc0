"""Tests of `imagegate batches`."""

import json
from pathlib import Path

import pytest

from imagegate.api.batches import tell_batch, tell_batches
from imagegate.api.files import tell_file
from imagegate.api.responses import UploadAnswer
from imagegate.domain.batch import BatchProblem, BatchStatus, RequestCounts
from tests.batches import BATCH_ID, FILE_ID, a_batch, a_file, a_line
from tests.imagegate.cli.support import FakeGateway, error_answer, imagegate

BATCH = f"/live/v1/batches/{BATCH_ID}"
RUNNING = tell_batch(a_batch(status=BatchStatus.IN_PROGRESS, counts=RequestCounts(total=9, completed=4, failed=1)))


@pytest.fixture
def lines(folder: Path) -> Path:
    file = folder / "lines.jsonl"
    file.write_bytes(a_line())
    return file


def _takes_files(gateway: FakeGateway, status: int = 204) -> None:
    upload = UploadAnswer(url=f"{gateway.origin}/bucket", fields={"key": "k1"}, max_bytes=10, expires_at=0)
    gateway.says("POST /live/v1/files", tell_file(a_file(size_bytes=None), upload).model_dump_json())
    gateway.says("POST /bucket", b"", status)


def test_a_file_is_uploaded_around_the_gateway_and_becomes_a_batch(connected: FakeGateway, lines: Path) -> None:
    _takes_files(connected)
    connected.says("POST /live/v1/batches", RUNNING.model_dump_json())

    result = imagegate("batches", "create", str(lines), "--endpoint", "/v1/images/edits", COLUMNS="200")

    opened, uploaded, created = connected.received
    assert result.exit_code == 0
    assert BATCH_ID in result.stdout
    assert opened.json == {"purpose": "batch", "content_type": "application/jsonl", "filename": "lines.jsonl"}
    assert a_line() in uploaded.body
    assert b"k1" in uploaded.body
    assert "authorization" not in uploaded.headers
    assert (created.json["input_file_id"], created.json["endpoint"]) == (FILE_ID, "/v1/images/edits")


def test_a_file_that_storage_does_not_take_is_told(connected: FakeGateway, lines: Path) -> None:
    _takes_files(connected, 400)

    result = imagegate("batches", "create", str(lines), "--json")

    assert result.exit_code != 0
    assert "file_not_uploaded" in result.output


@pytest.mark.parametrize("answer", ["{}", tell_file(a_file()).model_dump_json()])
def test_an_upload_without_a_form_is_no_answer_of_a_gateway(connected: FakeGateway, lines: Path, answer: str) -> None:
    connected.says("POST /live/v1/files", answer)

    assert "unreadable_answer" in imagegate("batches", "create", str(lines), "--json").output


def test_a_file_that_is_not_there_is_told(connected: FakeGateway) -> None:
    result = imagegate("batches", "create", "none.jsonl", "--json")

    assert "unreadable_file" in result.output
    assert connected.received == []


def test_batches_are_listed(connected: FakeGateway) -> None:
    connected.says("GET /live/v1/batches", tell_batches([a_batch()], has_more=False).model_dump_json())

    shown, as_json = imagegate("batches", "list", COLUMNS="200"), imagegate("batches", "list", "--json")

    assert BATCH_ID in shown.stdout
    assert "validating" in shown.stdout
    assert json.loads(as_json.stdout)["data"][0]["id"] == BATCH_ID


def test_a_batch_is_shown_with_what_is_wrong_with_its_file(connected: FakeGateway) -> None:
    problems = (
        BatchProblem(code="invalid_json_line", message="No JSON.", line=2),
        BatchProblem(code="too_many_problems", message="And more."),
    )
    failed = tell_batch(a_batch(status=BatchStatus.FAILED, problems=problems))
    connected.says(f"GET {BATCH}", failed.model_dump_json())

    shown, as_json = (
        imagegate("batches", "show", BATCH_ID, COLUMNS="200"),
        imagegate("batches", "show", BATCH_ID, "--json"),
    )

    assert "line 2: No JSON." in shown.stdout
    assert "And more." in shown.stdout
    assert json.loads(as_json.stdout)["status"] == "failed"


def test_a_batch_is_cancelled(connected: FakeGateway) -> None:
    connected.says(f"POST {BATCH}/cancel", RUNNING.model_dump_json())

    assert BATCH_ID in imagegate("batches", "cancel", BATCH_ID, COLUMNS="200").stdout


def test_what_the_gateway_refuses_is_told(connected: FakeGateway) -> None:
    connected.says(f"GET {BATCH}", error_answer("batch_not_found", "There is no such batch."), 404)

    result = imagegate("batches", "show", BATCH_ID)

    assert result.exit_code != 0
    assert "There is no such batch." in result.output


@pytest.mark.parametrize("path", ["batches", f"batches/{BATCH_ID}"])
def test_an_answer_that_no_gateway_gives_is_told(connected: FakeGateway, path: str) -> None:
    connected.says(f"GET /live/v1/{path}", '{"object": "else"}')
    command = ["list"] if path == "batches" else ["show", BATCH_ID]

    assert "not what a gateway of this version says" in imagegate("batches", *command).output.replace("\n", " ")
