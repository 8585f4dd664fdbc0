"""Batches through the official client: files in, a generation for each line, files out."""

import base64
import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types import Batch

from dev.gateway import Keys
from imagegate.multipart import encode
from shared_names import OUTPUT_TABLE
from tests.e2e.asking import MODEL, PROMPT, SMALL, download, opened_client, opened_picture
from tests.e2e.support import DeployedGateway
from tests.pictures import picture

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
REFUSED_PROMPT = "child sexual abuse"
_TERMINAL = {"completed", "failed", "expired", "cancelled"}
_PAUSE_SECONDS = 0.5
_TRIES = 360
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def a_line(custom_id: str, url: str = GENERATIONS, **body: Any) -> bytes:
    """Return one line of a batch's file."""
    wanted = {"model": MODEL, "prompt": PROMPT, "size": SMALL, **body}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": wanted}).encode() + b"\n"


def upload(client: openai.OpenAI, *lines: bytes) -> str:
    """Upload lines as a file and return its id."""
    return client.files.create(file=("lines.jsonl", b"".join(lines)), purpose="batch").id


def create(client: openai.OpenAI, file_id: str, endpoint: str = GENERATIONS, **changes: Any) -> Batch:
    """Create a batch."""
    wanted: Any = {"input_file_id": file_id, "endpoint": endpoint, "completion_window": "24h", **changes}
    batch: Batch = client.batches.create(**wanted)
    return batch


def finish(client: openai.OpenAI, batch_id: str) -> Batch:
    """Ask for a batch until it is over."""
    for _ in range(_TRIES):
        batch = client.batches.retrieve(batch_id)
        if batch.status in _TERMINAL:
            return batch
        time.sleep(_PAUSE_SECONDS)
    pytest.fail(f"{batch_id} is still {batch.status}: {batch.request_counts}")


def read(client: openai.OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    """Return the lines of a file."""
    assert file_id is not None
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]


def run(client: openai.OpenAI, *lines: bytes, endpoint: str = GENERATIONS) -> Batch:
    """Run a batch of these lines to its end."""
    return finish(client, create(client, upload(client, *lines), endpoint).id)


@pytest.fixture(scope="module")
def mixed(client: openai.OpenAI) -> Batch:
    """A batch of twelve lines: nine good ones, two bad ones, and one that moderation refuses."""
    good = [a_line(f"good-{number}") for number in range(9)]
    bad = [a_line("unknown-model", model="no/such"), a_line("too-many", n=99)]
    return run(client, *good[:4], bad[0], *good[4:], a_line("refused", prompt=REFUSED_PROMPT), bad[1])


def test_each_line_succeeds_or_fails_by_itself(mixed: Batch) -> None:
    counts = mixed.request_counts

    assert mixed.status == "completed"
    assert counts is not None
    assert (counts.total, counts.completed, counts.failed) == (12, 9, 3)


def test_the_output_file_holds_what_the_endpoint_would_answer(client: openai.OpenAI, mixed: Batch) -> None:
    lines = read(client, mixed.output_file_id)

    assert [line["custom_id"] for line in lines] == [f"good-{number}" for number in range(9)]
    (first, *_) = lines
    response = first["response"]
    assert (response["status_code"], first["error"]) == (200, None)
    (image,) = response["body"]["data"]
    assert opened_picture(download(image["url"])).size == (128, 128)


def test_the_generations_of_a_batch_are_like_any_other(client: openai.OpenAI, mixed: Batch) -> None:
    (line, *_) = read(client, mixed.output_file_id)

    told = line["response"]["body"]["imagegate"]
    read_back = client.get(f"/generations/{told['id']}", cast_to=object)
    assert isinstance(read_back, dict)
    assert (read_back["status"], read_back["provider"]) == ("succeeded", "embedded")


def test_the_error_file_says_why_each_line_failed(client: openai.OpenAI, mixed: Batch) -> None:
    lines = read(client, mixed.error_file_id)

    told = {
        line["custom_id"]: (line["response"]["status_code"], line["response"]["body"]["error"]["code"])
        for line in lines
    }
    assert told == {
        "unknown-model": (404, "model_not_found"),
        "refused": (400, "moderation_blocked"),
        "too-many": (400, "invalid_count"),
    }


def test_a_file_that_is_not_in_order_fails_the_batch_with_its_lines(client: openai.OpenAI) -> None:
    batch = run(client, a_line("one"), b"no JSON\n", a_line("one"), a_line("other-url", url=EDITS))

    assert batch.status == "failed"
    assert batch.errors is not None
    told = [(error.line, error.code) for error in batch.errors.data or []]
    assert told == [(2, "invalid_json_line"), (3, "duplicate_custom_id"), (4, "mismatched_url")]
    assert (batch.output_file_id, batch.error_file_id) == (None, None)


def test_a_line_that_asks_for_base64_gets_its_picture_in_the_file(client: openai.OpenAI) -> None:
    batch = run(client, a_line("inline", response_format="b64_json"))

    (line,) = read(client, batch.output_file_id)
    (image,) = line["response"]["body"]["data"]
    assert opened_picture(base64.b64decode(image["b64_json"])).size == (128, 128)


def test_a_line_can_edit_a_picture(client: openai.OpenAI) -> None:
    data = base64.b64encode(picture()).decode()
    edit = a_line("edit", url=EDITS, images=[{"image_url": f"data:image/png;base64,{data}"}])

    batch = run(client, edit, endpoint=EDITS)

    # The demo model cannot edit, and says so as the endpoint does.
    (line,) = read(client, batch.error_file_id)
    assert line["response"]["body"]["error"]["code"] == "unsupported_feature"


def test_a_cancelled_batch_begins_no_further_line(client: openai.OpenAI) -> None:
    batch = create(client, upload(client, *(a_line(f"line-{number}") for number in range(30))))

    assert client.batches.cancel(batch.id).status == "cancelling"
    assert client.batches.cancel(batch.id).status == "cancelling"
    ended = finish(client, batch.id)

    assert (ended.status, ended.request_counts and ended.request_counts.total) == ("cancelled", 30)
    skipped = [line for line in read(client, ended.error_file_id) if line["response"] is None]
    assert skipped
    assert {line["error"]["code"] for line in skipped} == {"batch_cancelled"}
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


def test_a_repeat_with_the_same_key_is_the_same_batch(client: openai.OpenAI) -> None:
    file_id = upload(client, b"no JSON\n")
    headers = {"Idempotency-Key": f"batch of {file_id}".replace(" ", "-")}

    first = create(client, file_id, extra_headers=headers)
    second = create(client, file_id, extra_headers=headers)

    assert second.id == first.id
    with pytest.raises(openai.ConflictError):
        create(client, file_id, extra_headers=headers, metadata={"another": "one"})


def test_batches_are_listed_from_the_newest_page_by_page(client: openai.OpenAI, mixed: Batch) -> None:
    newest = create(client, upload(client, b"no JSON\n"), metadata={"kind": "newest"})

    listed = [batch.id for batch, _ in zip(client.batches.list(limit=1), range(200), strict=False)]

    assert listed[0] == newest.id
    assert mixed.id in listed
    assert listed == sorted(listed, reverse=True)
    assert client.batches.retrieve(newest.id).metadata == {"kind": "newest"}


def test_a_file_is_read_listed_and_deleted(client: openai.OpenAI) -> None:
    content = a_line("one")
    file = client.files.create(file=("lines.jsonl", content), purpose="batch")

    assert client.files.retrieve(file.id).bytes == len(content)
    assert client.files.content(file.id).read() == content
    assert file.id in [one.id for one in client.files.list(purpose="batch")]
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(file.id)


def test_a_large_file_goes_around_the_gateway_both_ways(client: openai.OpenAI) -> None:
    content = b"".join(a_line(f"line-{number}", prompt="a" * 3000) for number in range(1000))
    opened = client.post("/files", body={"purpose": "batch", "content_type": "application/jsonl"}, cast_to=object)
    assert isinstance(opened, dict)

    _post_form(opened["upload"]["url"], opened["upload"]["fields"], content)

    assert client.files.retrieve(opened["id"]).bytes == len(content)
    assert client.files.content(opened["id"]).read() == content


def test_another_projects_files_and_batches_do_not_exist(
    client: openai.OpenAI, mixed: Batch, stranger_client: openai.OpenAI
) -> None:
    for ask in (stranger_client.batches.retrieve, stranger_client.batches.cancel):
        with pytest.raises(openai.NotFoundError):
            ask(mixed.id)
    with pytest.raises(openai.NotFoundError):
        stranger_client.files.content(mixed.input_file_id)
    with pytest.raises(openai.NotFoundError):
        create(stranger_client, mixed.input_file_id)


def test_nothing_of_a_batch_is_left_running(gateway: DeployedGateway, mixed: Batch) -> None:
    machine = gateway.aws("stepfunctions").list_state_machines()["stateMachines"]
    (batches,) = (one["stateMachineArn"] for one in machine if one["name"] == "imagegate-batch")
    arn = f"{batches.replace(':stateMachine:', ':execution:')}:{mixed.id}"

    assert gateway.aws("stepfunctions").describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def _post_form(url: str, fields: dict[str, str], content: bytes) -> None:
    body, content_type = encode(list(fields.items()), [("file", "lines.jsonl", "application/jsonl", content)])
    request = urllib.request.Request(url, data=body, headers={"content-type": content_type})  # noqa: S310
    with _direct.open(request, timeout=60) as answer:
        assert answer.status in {200, 201, 204}


def test_the_endpoints_of_the_project_are_told_once_that_the_batch_is_over(
    gateway: DeployedGateway, mixed: Batch
) -> None:
    events = gateway.aws("dynamodb").query(
        TableName=gateway.outputs[OUTPUT_TABLE],
        KeyConditionExpression="pk = :events",
        ExpressionAttributeValues={":events": {"S": f"EVENTS#{gateway.project_id}"}},
    )["Items"]

    told = [json.loads(one["document"]["S"]) for one in events if one["event_type"]["S"] == "batch.completed"]
    (event,) = (one for one in told if one["subject_id"] == mixed.id)
    assert event["data"]["request_counts"] == {"total": 12, "completed": 9, "failed": 3}


@pytest.fixture(scope="module")
def stranger_client(gateway: DeployedGateway, stranger: Keys) -> Iterator[openai.OpenAI]:
    """The client of another project."""
    with opened_client(gateway.base_url, stranger.api_key) as opened:
        yield opened
