"""`/v1/files` and `/v1/batches` as whole events, and the batch function with each task that its machine sends."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from imagegate.multipart import encode
from tests.account import BUCKET
from tests.functions.conftest import LoadHandler
from tests.functions.events import CONTEXT, Answer, Handler
from tests.functions.gateway import SLOW, SLOW_MODEL, SlowVendor
from tests.pictures import picture

Json = dict[str, Any]
GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
UPSCALES = "/v1/images/upscales"


def a_line(custom_id: str, url: str = GENERATIONS, **body: Any) -> bytes:
    wanted = {"model": SLOW_MODEL, "prompt": "a red circle", "size": "1024x1024", **body}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": wanted}).encode() + b"\n"


class Batches:
    """A gateway with a batch function, whose machine is the test."""

    def __init__(self, slow: SlowVendor, handler: Handler) -> None:
        self.slow, self.handler = slow, handler

    def ask(self, method: str, path: str, body: object = None, **changes: Any) -> Answer:
        return self.slow("create_image", httpMethod=method, path=path, resource=path, body=body, **changes)

    def upload(self, data: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        body, content_type = encode([("purpose", "batch")], [("file", "lines.jsonl", "application/jsonl", data)])
        return self.ask(
            "POST",
            "/v1/files",
            base64.b64encode(body).decode(),
            isBase64Encoded=True,
            headers={"Content-Type": content_type, **(headers or {})},
        )

    def create(self, *lines: bytes, endpoint: str = GENERATIONS) -> Json:
        """Create a batch of lines, without its machine."""
        file_id = self.upload(b"".join(lines)).json["id"]
        wanted = {"input_file_id": file_id, "endpoint": endpoint, "completion_window": "24h"}
        batch: Json = self.ask("POST", "/v1/batches", wanted).json
        return batch

    def step(self, batch: Json, step: str, **fields: Any) -> Json:
        """Let the `batch` function do one step, as a state of the machine does."""
        event = {"step": step, "project_id": "prj_one", "batch_id": batch["id"], **fields}
        return dict(self.handler(event, CONTEXT))

    def run(self, batch: Json) -> Json:
        """Do what the machine does, and return the batch at its end."""
        told = self.step(batch, "validate")
        if told["next"] == "lines":
            for place in self._manifest(told["manifest"]):
                self._run_line(batch, place)
            assert self.step(batch, "vendor") == {"next": "finalize"}
            self.step(batch, "finalize")
        ended: Json = self.ask("GET", f"/v1/batches/{batch['id']}").json
        return ended

    def results(self, file_id: str) -> list[Json]:
        content = self.ask("GET", f"/v1/files/{file_id}/content")
        return [json.loads(line) for line in content.text.splitlines()]

    def _run_line(self, batch: Json, place: Json) -> None:
        begun = self.step(batch, "begin", **place)
        if begun["next"] == "run":
            assert self.step(batch, "record", **place, job_id=begun["job_id"])["next"] == "wait"
            self.slow.drive(begun["job_id"])
            assert self.step(batch, "record", **place, job_id=begun["job_id"])["next"] == "done"

    def _manifest(self, key: str) -> list[Json]:
        found = self.slow.account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return [json.loads(line) for line in found.splitlines()]


@pytest.fixture
def batches(slow: SlowVendor, load: LoadHandler) -> Batches:
    endpoints = json.dumps({SLOW: slow.vendor.url})
    return Batches(slow, load("batch", IMAGEGATE_PROVIDER_ENDPOINTS=endpoints).handler)


def test_a_batch_makes_a_generation_of_each_line_and_two_files_of_what_came_of_them(batches: Batches) -> None:
    batch = batches.create(a_line("good"), a_line("bad", n=99), a_line("refused", prompt="child sexual abuse"))

    ended = batches.run(batch)

    assert (batch["status"], ended["status"]) == ("validating", "completed")
    assert ended["request_counts"] == {"total": 3, "completed": 1, "failed": 2}
    (good,) = batches.results(ended["output_file_id"])
    bad, refused = batches.results(ended["error_file_id"])
    assert good["response"]["status_code"] == 200
    assert good["response"]["body"]["imagegate"]["status"] == "succeeded"
    assert good["response"]["body"]["data"][0]["url"].startswith("https://")
    assert bad["response"]["body"]["error"]["code"] == "invalid_count"
    assert refused["response"]["body"]["error"]["code"] == "moderation_blocked"


def test_base64_is_put_into_the_file_where_a_line_asks_for_it(batches: Batches) -> None:
    ended = batches.run(batches.create(a_line("inline", response_format="b64_json")))

    (line,) = batches.results(ended["output_file_id"])
    assert base64.b64decode(line["response"]["body"]["data"][0]["b64_json"]) == picture()


@pytest.mark.parametrize("url", [EDITS, UPSCALES])
def test_the_lines_of_every_endpoint_are_read_as_it_reads_bodies(batches: Batches, url: str) -> None:
    address = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"
    lines = a_line("one", url, images=[{"image_url": address}]), a_line("none", url)

    ended = batches.run(batches.create(*lines, endpoint=url))

    codes = {line["custom_id"]: line["response"] for line in batches.results(ended["error_file_id"])}
    assert codes["none"]["body"]["error"]["code"] == "invalid_request"
    assert ended["request_counts"]["total"] == 2


def test_a_generation_that_fails_is_told_as_its_endpoint_would(batches: Batches) -> None:
    batches.slow.statuses = ["Error"]

    ended = batches.run(batches.create(a_line("fails")))

    (line,) = batches.results(ended["error_file_id"])
    assert line["response"]["status_code"] == 502
    assert line["response"]["body"]["imagegate"]["generation_id"].startswith("gen_")


def test_a_file_that_is_not_in_order_fails_the_batch(batches: Batches) -> None:
    ended = batches.run(batches.create(b"no JSON\n"))

    assert ended["status"] == "failed"
    assert ended["errors"]["data"][0]["line"] == 1


def test_a_batch_whose_machine_gives_up_fails(batches: Batches) -> None:
    batch = batches.create(a_line("one"))

    assert batches.step(batch, "fail") == {"next": "done"}

    assert batches.ask("GET", f"/v1/batches/{batch['id']}").json["status"] == "failed"


def test_a_line_whose_steps_fail_is_abandoned(batches: Batches) -> None:
    batch = batches.create(a_line("one"))
    batches.step(batch, "validate")
    place = {"number": 1, "offset": 0, "length": len(a_line("one"))}

    assert batches.step(batch, "abandon", **place)["next"] == "done"
    batches.step(batch, "finalize")

    ended = batches.ask("GET", f"/v1/batches/{batch['id']}").json
    assert batches.results(ended["error_file_id"])[0]["error"]["code"] == "internal_error"


def test_a_step_that_the_function_does_not_take_is_refused(batches: Batches) -> None:
    with pytest.raises(ValidationError):
        batches.step({"id": "batch_one"}, "paint")


def test_a_batch_is_cancelled_and_listed(batches: Batches) -> None:
    batch = batches.create(a_line("one"))

    cancelled = batches.ask("POST", f"/v1/batches/{batch['id']}/cancel").json
    ended = batches.run(batch)

    assert (cancelled["status"], ended["status"]) == ("cancelling", "cancelled")
    assert [one["id"] for one in batches.ask("GET", "/v1/batches").json["data"]] == [batch["id"]]
    assert batches.results(ended["error_file_id"])[0]["error"]["code"] == "batch_cancelled"


def test_a_file_is_uploaded_once_read_listed_and_deleted(batches: Batches) -> None:
    first = batches.upload(a_line("one"), {"Idempotency-Key": "once"})
    second = batches.upload(a_line("one"), {"Idempotency-Key": "once"})

    file_id = first.json["id"]
    assert second.json == first.json
    assert batches.ask("GET", f"/v1/files/{file_id}").json["bytes"] == len(a_line("one"))
    assert [one["id"] for one in batches.ask("GET", "/v1/files").json["data"]] == [file_id]
    assert batches.ask("DELETE", f"/v1/files/{file_id}").json == {"id": file_id, "object": "file", "deleted": True}
    assert batches.ask("GET", f"/v1/files/{file_id}").code == "file_not_found"


def test_a_file_that_is_no_text_is_given_out_by_its_address(batches: Batches) -> None:
    file_id = batches.upload(b"\xff").json["id"]

    answer = batches.ask("GET", f"/v1/files/{file_id}/content")

    assert answer.status == 302
    assert file_id in answer.headers["location"]


def test_a_large_batch_is_uploaded_around_the_gateway(batches: Batches) -> None:
    wanted = {"purpose": "batch", "content_type": "application/jsonl", "filename": "large.jsonl"}

    opened = batches.ask("POST", "/v1/files", wanted).json

    assert (opened["filename"], opened["bytes"], opened["status"]) == ("large.jsonl", 0, "uploaded")
    assert opened["upload"]["max_bytes"] == 200 * 1024 * 1024
    refused = batches.ask("POST", "/v1/files", {**wanted, "content_type": "text/plain"})
    assert refused.code == "invalid_value"


def test_a_small_picture_still_gets_a_form_to_be_uploaded_with(batches: Batches) -> None:
    opened = batches.ask("POST", "/v1/files", {"content_type": "image/png"}).json

    assert (opened["purpose"], opened["upload"]["max_bytes"]) == ("image", 20 * 1024 * 1024)
