"""`POST /v1/images/edits`, `/v1/images/upscales` and `/v1/files` as whole events."""

import base64
import json
from typing import Any

import pytest

from imagegate.app.receive_images import MAX_IMAGE_BYTES
from imagegate.multipart import encode
from tests.account import BUCKET
from tests.builders import PROJECT_ID
from tests.functions.events import Answer
from tests.functions.gateway import SLOW, SLOW_MODEL, Gateway, SlowVendor
from tests.pictures import picture

FILES = [("image", "one.png", "image/png", picture())]
DATA_URL = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"


def _form(gateway: Gateway, path: str, fields: dict[str, str], files: Any = FILES) -> Answer:
    body, content_type = encode(list(fields.items()), files)
    return gateway(
        "create_image",
        path=path,
        resource=path,
        body=base64.b64encode(body).decode(),
        isBase64Encoded=True,
        headers={"Content-Type": content_type},
    )


def _json(gateway: Gateway, path: str, **fields: Any) -> Answer:
    return gateway("create_image", path=path, resource=path, body=fields)


def test_a_form_with_a_picture_becomes_an_edit_at_the_provider(slow: SlowVendor) -> None:
    answer = _form(slow, "/v1/images/edits", {"prompt": "a hat", "model": SLOW_MODEL, "seed": "7"})

    assert answer.status == 200
    (image,) = answer.json["data"]
    assert base64.b64decode(image["b64_json"]) == picture()
    sent = json.loads(slow.vendor.received[0].body)
    assert (sent["prompt"], sent["seed"]) == ("a hat", 7)
    assert base64.b64encode(picture()).decode() in sent.values()
    assert any(key.startswith(f"inputs/{PROJECT_ID}/") for key in slow.account.object_keys())


def test_json_with_a_data_address_becomes_the_same_edit(slow: SlowVendor) -> None:
    answer = _json(slow, "/v1/images/edits", prompt="a hat", model=SLOW_MODEL, images=[{"image_url": DATA_URL}])

    assert answer.status == 200
    assert base64.b64encode(picture()).decode() in json.loads(slow.vendor.received[0].body).values()


def test_an_upload_is_opened_filled_and_used(slow: SlowVendor) -> None:
    opened = _json(slow, "/v1/files", content_type="image/png", filename="one.png")

    assert (opened.status, opened.json["object"], opened.json["purpose"]) == (200, "file", "image")
    upload = opened.json["upload"]
    assert upload["max_bytes"] == MAX_IMAGE_BYTES
    assert upload["expires_at"] == opened.json["created_at"] + 900
    assert upload["fields"]["key"] == f"uploads/{PROJECT_ID}/{opened.json['id']}"
    slow.account.s3.put_object(Bucket=BUCKET, Key=upload["fields"]["key"], Body=picture())

    answer = _json(slow, "/v1/images/edits", prompt="a hat", model=SLOW_MODEL, images=[{"file_id": opened.json["id"]}])

    assert answer.status == 200


def test_another_projects_upload_cannot_be_used(slow: SlowVendor) -> None:
    opened = _json(slow, "/v1/files", content_type="image/png").json
    slow.account.s3.put_object(Bucket=BUCKET, Key=opened["upload"]["fields"]["key"], Body=picture())
    body = {"prompt": "a hat", "model": SLOW_MODEL, "images": [{"file_id": opened["id"]}]}

    answer = slow("create_image", path="/v1/images/edits", body=body, project_id="prj_two")

    assert (answer.status, answer.code) == (400, "invalid_value")
    assert "does not exist" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("/v1/files", {"content_type": "image/gif"}, "invalid_value"),
        ("/v1/files", {}, "missing_required_parameter"),
        ("/v1/files", {"content_type": "image/png", "purpose": "fine-tune"}, "invalid_value"),
        ("/v1/images/edits", {"prompt": "a hat"}, "invalid_request"),
        ("/v1/images/edits", {"images": [{"image_url": "http://127.0.0.1/one.png"}]}, "invalid_value"),
        ("/v1/images/edits", {"images": [{"image_url": "https://localhost/one.png"}]}, "invalid_value"),
        ("/v1/images/edits", {"images": [{"image_url": "file:///etc/passwd"}]}, "invalid_value"),
        ("/v1/images/edits", {"images": [{"image_url": "data:image/png;base64,aGk="}]}, "invalid_value"),
        ("/v1/images/upscales", {"images": [{"image_url": DATA_URL}], "operation": "edit"}, "unknown_parameter"),
        ("/v1/images/edits", {"images": [{"image_url": DATA_URL}], "prompt": "a severed head"}, "moderation_blocked"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_nothing_is_sent(
    slow: SlowVendor, path: str, fields: dict[str, Any], code: str
) -> None:
    answer = _json(slow, path, **({"model": SLOW_MODEL} if "images" in path else {}), **fields)

    assert (answer.status, answer.code) == (400, code)
    assert slow.vendor.received == []


def test_a_model_that_makes_no_edits_or_upscales_says_so(gateway: Gateway) -> None:
    edit = _form(gateway, "/v1/images/edits", {"prompt": "a hat"})
    upscale = _form(gateway, "/v1/images/upscales", {"model": "embedded/scenes"})

    assert (edit.status, edit.code) == (400, "unsupported_feature")
    assert (upscale.status, upscale.code) == (400, "unsupported_feature")
    assert "'upscale'" in upscale.json["error"]["message"]


def test_a_body_over_the_limit_is_refused(gateway: Gateway) -> None:
    large = [("image", "one.png", "image/png", picture().ljust(5 * 1024 * 1024, b"\0"))]

    answer = _form(gateway, "/v1/images/edits", {}, large)

    assert (answer.status, answer.code) == (413, "request_too_large")


def test_a_form_that_cannot_be_read_is_refused(gateway: Gateway) -> None:
    answer = gateway(
        "create_image", path="/v1/images/edits", body="no form", headers={"Content-Type": "multipart/form-data"}
    )

    assert (answer.status, answer.code) == (400, "invalid_json")


@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/images/upscales"])
def test_these_paths_take_posts_only(gateway: Gateway, path: str) -> None:
    answer = gateway("list_models", path=path)

    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "method_not_allowed", "POST")


def test_the_provider_that_stands_in_is_the_only_one_besides_ours(slow: SlowVendor) -> None:
    listed = {model["owned_by"] for model in slow("list_models").json["data"]}

    assert listed == {SLOW, "embedded"}
