"""Every way a request can fail: its status, its code, and whether a client may repeat it by itself."""

import base64
from decimal import Decimal
from typing import Any

import pytest

from imagegate.aws.projects import DynamoProjectStore
from imagegate.domain.money import Money
from tests.account import AUDIT_TABLE, BUCKET, TABLE
from tests.builders import a_project
from tests.fixtures import fixture_bytes
from tests.functions.events import Answer
from tests.functions.gateway import Gateway, paint
from tests.loopback import Received, Reply


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"prompt": ""}, 400, "empty_prompt"),
        ({"prompt": "x" * 32_001}, 400, "prompt_too_long"),
        ({"prompt": 3}, 400, "invalid_type"),
        ({"style": "vivid"}, 400, "unknown_parameter"),
        ({"n": 11}, 400, "invalid_count"),
        ({"n": 5}, 400, "invalid_count"),
        ({"size": "1x1"}, 400, "invalid_size"),
        ({"size": "wide"}, 400, "invalid_size"),
        ({"background": "transparent"}, 400, "unsupported_feature"),
        ({"stream": True}, 400, "unsupported_feature"),
        ({"provider_options": {"embedded": {"brush": 1}}}, 400, "unknown_parameter"),
        ({"model": "openai/gpt-image-2"}, 404, "provider_not_configured"),
        ({"model": "openai/gpt-image-none"}, 404, "model_not_found"),
        ({"aspect_ratio": "3:1", "size": "auto"}, 400, "invalid_size"),
        ({"steps": 51}, 400, "invalid_value"),
        ({"model": "gpt-image-9"}, 404, "model_not_found"),
        ({"prompt": "a severed head"}, 400, "moderation_blocked"),
    ],
)
def test_a_request_that_cannot_be_done_is_refused_and_nothing_is_sent(
    gateway: Gateway, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = gateway.create(**fields)

    assert (answer.status, answer.code, answer.headers["x-should-retry"]) == (status, code, "false")
    assert gateway.vendor.received == []


@pytest.mark.parametrize("body", ["{", "[]", ""])
def test_a_body_that_is_no_json_object_is_refused(gateway: Gateway, body: str) -> None:
    answer = gateway("create_image", body=body)

    assert (answer.status, answer.code) == (400, "invalid_json")


def test_a_body_that_is_not_there_is_refused(gateway: Gateway) -> None:
    answer = gateway("list_models", httpMethod="POST", path="/v1/images/generations")

    assert (answer.status, answer.code) == (400, "invalid_json")


def test_a_body_that_is_no_text_is_refused(gateway: Gateway) -> None:
    answer = gateway("create_image", body=base64.b64encode(b"\xff\xfe").decode(), isBase64Encoded=True)

    assert (answer.status, answer.code) == (400, "invalid_json")


def test_a_body_over_the_limit_is_refused(gateway: Gateway) -> None:
    answer = gateway("create_image", body="x" * (5 * 1024 * 1024 + 1))

    assert (answer.status, answer.code) == (413, "request_too_large")


def test_an_idempotency_key_out_of_bounds_is_refused(gateway: Gateway) -> None:
    answer = gateway.create(key="k" * 256)

    assert (answer.status, answer.code, answer.json["error"]["param"]) == (400, "invalid_value", "Idempotency-Key")


@pytest.mark.parametrize(
    ("vendor_status", "status", "code", "should_retry"),
    [
        (403, 502, "provider_failed", "false"),
        (418, 502, "provider_failed", "false"),
        (429, 503, "provider_unavailable", "true"),
        (503, 503, "provider_unavailable", "true"),
        (504, 504, "provider_timeout", "false"),
    ],
)
def test_a_vendor_that_fails_is_told_and_asked_once(
    gateway: Gateway, vendor_status: int, status: int, code: str, should_retry: str
) -> None:
    gateway.vendor_answers(vendor_status, b'{"Message": "secret account detail"}')

    answer = gateway.create()

    assert (answer.status, answer.code, answer.headers["x-should-retry"]) == (status, code, should_retry)
    assert "secret" not in answer.text
    assert len(gateway.vendor.received) == 1
    assert gateway.read(answer.json["imagegate"]["generation_id"]).json["status"] == "failed"


def test_a_crash_inside_the_vendors_function_is_told(gateway: Gateway) -> None:
    gateway.vendor_answers(200, fixture_bytes("embedded/crashed.json"), x_amz_function_error="Unhandled")

    answer = gateway.create()

    assert (answer.status, answer.code) == (502, "provider_failed")
    assert "no weights" not in answer.text


def test_a_repeat_of_a_failure_gets_the_same_failure(gateway: Gateway) -> None:
    gateway.vendor_answers(503)
    first = gateway.create(key="once")
    gateway.vendor.respond = paint

    assert gateway.create(key="once").text == first.text


def test_a_repeat_while_the_first_is_being_sent_is_told_of_the_same_generation_and_sends_nothing(
    gateway: Gateway,
) -> None:
    repeats: list[Answer] = []

    def repeat_and_paint(request: Received) -> Reply:
        if not repeats:
            repeats.append(gateway.create(key="once"))
        return paint(request)

    gateway.vendor.respond = repeat_and_paint
    first = gateway.create(key="once")

    (repeat,) = repeats
    assert (first.status, repeat.status, repeat.json["status"]) == (200, 202, "running")
    assert repeat.json["id"] == first.json["imagegate"]["id"]
    assert repeat.headers["location"] == f"/v1/generations/{repeat.json['id']}"
    assert len(gateway.vendor.received) == 1


def test_a_refused_prompt_is_a_rejected_generation_with_an_audit_event(gateway: Gateway) -> None:
    answer = gateway.create(prompt="a severed head")

    read = gateway.read(answer.json["imagegate"]["generation_id"]).json
    assert (read["status"], read["error"]["code"]) == ("rejected", "moderation_blocked")
    (event,) = gateway.account.items(AUDIT_TABLE)
    assert event["document"]["action"] == "generation.rejected"


def test_storage_that_breaks_is_our_fault_without_a_word_about_it(gateway: Gateway) -> None:
    gateway.account.s3.delete_bucket(Bucket=BUCKET)

    answer = gateway.create()

    assert (answer.status, answer.code, answer.headers["x-should-retry"]) == (500, "internal_error", "false")
    assert BUCKET not in answer.text
    assert gateway.read(answer.json["imagegate"]["generation_id"]).json["status"] == "failed"


def test_a_table_that_is_gone_is_our_fault_without_a_word_about_it(gateway: Gateway) -> None:
    gateway.account.dynamodb.delete_table(TableName=TABLE)

    answer = gateway.create()

    assert (answer.status, answer.code) == (500, "internal_error")
    assert "ResourceNotFound" not in answer.text
    assert "Traceback" not in answer.text


def test_a_key_whose_project_is_gone_is_refused(gateway: Gateway) -> None:
    answer = gateway("create_image", project_id="prj_gone")

    assert (answer.status, answer.code) == (401, "invalid_api_key")


def test_a_project_without_money_still_gets_free_pictures(gateway: Gateway) -> None:
    broke = a_project(monthly_budget=Money(amount=Decimal(0)))
    DynamoProjectStore(client=gateway.account.dynamodb, table=TABLE).write_project(broke)

    assert gateway.create().status == 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/pictures", "/v1/models/a/b/c", "/admin"])
def test_a_path_that_is_not_there_is_told_as_such(gateway: Gateway, path: str) -> None:
    answer = gateway("list_models", path=path)

    assert (answer.status, answer.code) == (404, "unknown_url")
    assert path in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/images/generations"),
        ("DELETE", "/v1/images/generations"),
        ("PUT", "/v1/generations"),
        ("POST", f"/v1/generations/gen_{'0' * 32}"),
        ("PUT", "/v1/models"),
        ("PATCH", "/v1/models/embedded/scenes"),
        ("POST", "/v1/openapi.json"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_told_as_such(gateway: Gateway, method: str, path: str) -> None:
    answer = gateway("list_models", httpMethod=method, path=path)

    assert (answer.status, answer.code) == (405, "method_not_allowed")
