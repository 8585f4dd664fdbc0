"""`POST /v1/images/generations` and `GET /v1/generations/{id}` as whole events."""

import base64
import json
from hashlib import sha256

import pytest
from openai.types import ImagesResponse

from imagegate.api import responses
from imagegate.domain.project import hash_end_user
from tests.account import AUDIT_TABLE, BUCKET
from tests.builders import PROJECT_ID
from tests.functions.events import REQUEST_ID
from tests.functions.gateway import ENDPOINT_PATH, Gateway
from tests.pictures import picture


def test_a_picture_comes_back_as_base64_with_what_happened(gateway: Gateway) -> None:
    answer = gateway.create(n=2, seed=5)

    assert (answer.status, answer.headers["x-request-id"]) == (200, REQUEST_ID)
    response = ImagesResponse.model_validate(answer.json)
    assert response.data is not None
    assert [base64.b64decode(image.b64_json or "") for image in response.data] == [picture("png", 512, 512)] * 2
    told = answer.json["imagegate"]
    assert (told["status"], told["provider"], told["model"]) == ("succeeded", "embedded", "embedded/scenes")
    assert [image["seed"] for image in told["images"]] == [5, 6]
    assert told["cost"]["amount"] == "0"
    assert told["warnings"][0]["param"] == "model"


def test_the_vendor_is_asked_once_and_signed(gateway: Gateway) -> None:
    gateway.create(output_format="webp", output_compression=50)

    (request,) = gateway.vendor.received
    assert (request.method, request.path) == ("POST", ENDPOINT_PATH)
    assert "/us-east-1/lambda/aws4_request" in request.headers["authorization"]
    assert json.loads(request.body)["output_format"] == "webp"


def test_the_job_the_picture_and_the_audit_are_written(gateway: Gateway) -> None:
    answer = gateway.create(prompt="a blue star", user="ann")

    job_id = answer.json["imagegate"]["id"]
    job = gateway.account.item(f"JOB#{job_id}")["document"]
    assert job["status"] == "succeeded"
    assert job["request"]["end_user"] == hash_end_user(PROJECT_ID, "ann")
    published = f"published/{PROJECT_ID}/{job_id}/0.png"
    assert published in gateway.account.object_keys()
    assert gateway.account.s3.get_object(Bucket=BUCKET, Key=published)["Body"].read() == picture("png", 512, 512)
    (event,) = gateway.account.items(AUDIT_TABLE)
    assert event["pk"] == f"PROJECT#{PROJECT_ID}"
    assert event["document"]["details"]["prompt_sha256"] == sha256(b"a blue star").hexdigest()


def test_a_picture_can_come_back_as_an_address(gateway: Gateway) -> None:
    answer = gateway.create(response_format="url")

    (image,) = answer.json["data"]
    assert image["b64_json"] is None
    assert f"published/{PROJECT_ID}/{answer.json['imagegate']['id']}/0.png" in image["url"]
    assert "X-Amz-Signature=" in image["url"]


def test_pictures_too_large_for_one_answer_come_as_addresses_with_a_warning(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "MAX_BASE64_CHARACTERS", 100)

    answer = gateway.create()

    assert answer.json["data"][0]["url"].startswith("https://")
    warning = answer.json["imagegate"]["warnings"][-1]
    assert (warning["type"], warning["param"]) == ("adjusted", "response_format")


def test_a_repeat_gets_the_same_bytes_and_nothing_is_made_again(gateway: Gateway) -> None:
    first = gateway.create(key="once")

    repeat = gateway.create(key="once")

    assert repeat.text == first.text
    assert len(gateway.vendor.received) == 1


def test_the_same_key_with_another_body_is_a_conflict(gateway: Gateway) -> None:
    first = gateway.create(key="once")

    other = gateway.create(key="once", prompt="a blue star")

    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert other.headers["x-should-retry"] == "false"
    assert other.json["imagegate"]["generation_id"] == first.json["imagegate"]["id"]


def test_a_body_in_base64_is_read(gateway: Gateway) -> None:
    body = base64.b64encode(json.dumps({"prompt": "ein r\u00f6tlicher Kreis"}).encode()).decode()

    assert gateway("create_image", body=body, isBase64Encoded=True).status == 200


def test_a_generation_is_read_with_addresses_of_its_pictures(gateway: Gateway) -> None:
    made = gateway.create().json["imagegate"]

    read = gateway.read(made["id"])

    assert read.status == 200
    (image,) = read.json["images"]
    assert "X-Amz-Signature=" in image.pop("url")
    made["images"][0].pop("url")
    assert {**read.json, "images": [image]} == made


def test_another_projects_generation_is_not_found(gateway: Gateway) -> None:
    made = gateway.create().json["imagegate"]

    read = gateway.read(made["id"], project_id="prj_two")

    assert (read.status, read.code) == (404, "generation_not_found")
    assert made["id"] in read.json["error"]["message"]


@pytest.mark.parametrize("generation_id", ["gen_none", f"gen_{'0' * 32}", "x" * 3000])
def test_a_generation_that_never_was_is_not_found(gateway: Gateway, generation_id: str) -> None:
    read = gateway.read(generation_id)

    assert (read.status, read.code) == (404, "generation_not_found")
