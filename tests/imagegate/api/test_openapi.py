"""The OpenAPI document: valid, complete, and true to the models that read and tell."""

import json
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from imagegate.api.edits import EditBody, ImageEditBody, ImageUpscaleBody
from imagegate.api.generations import GenerationBody, read_list
from imagegate.api.openapi import openapi_document
from imagegate.api.requests import ImageGenerationBody

DOCUMENT: Any = json.loads(json.dumps(openapi_document("..", "1.2.3")))
OPERATIONS = [
    (method, path, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]
WAITED_FOR = ("/v1/images/generations", "/v1/images/edits", "/v1/images/upscales")
ERROR = {"$ref": "#/components/schemas/ErrorAnswer"}


def test_the_document_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_it_carries_the_address_and_the_version_it_is_given() -> None:
    assert DOCUMENT["servers"] == [{"url": ".."}]
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_every_operation_has_its_own_id() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_failure_is_told_in_one_envelope(method: str, path: str, operation: dict[str, Any]) -> None:
    failures = {status: one for status, one in operation["responses"].items() if status not in {"200", "202", "302"}}

    assert {"405", "429", "500"} <= set(failures)
    assert all(one["content"]["application/json"]["schema"] == ERROR for one in failures.values())


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_what_needs_a_key_can_answer_401_and_what_does_not_says_so(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    is_public = operation.get("security") == []

    assert ("401" in operation["responses"]) is not is_public
    assert is_public is (path in {"/health", "/v1/openapi.json"})


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_part_of_a_path_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    described = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}

    assert described == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_the_image_body_is_described_as_it_is_read() -> None:
    schema = DOCUMENT["components"]["schemas"]["ImageGenerationBody"]

    assert set(schema["properties"]) == set(ImageGenerationBody.model_fields)
    assert schema["required"] == ["prompt"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["prompt"]["maxLength"] == 32_000


@pytest.mark.parametrize("path", [*WAITED_FOR, "/v1/generations"])
def test_a_generation_that_is_not_waited_for_is_described_by_202_with_where_and_when_to_ask(path: str) -> None:
    accepted = DOCUMENT["paths"][path]["post"]["responses"]["202"]

    assert accepted["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/GenerationAnswer"}
    assert {name: one["schema"]["type"] for name, one in accepted["headers"].items()} == {
        "Location": "string",
        "Retry-After": "integer",
    }
    assert all(one["required"] for one in accepted["headers"].values())


def test_a_generation_that_nobody_waits_for_is_never_answered_with_pictures() -> None:
    operation = DOCUMENT["paths"]["/v1/generations"]["post"]

    over = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert over == {"$ref": "#/components/schemas/GenerationAnswer"}


def test_the_body_of_any_operation_is_described_as_it_is_read() -> None:
    schema = DOCUMENT["components"]["schemas"]["GenerationBody"]

    assert set(schema["properties"]) == set(GenerationBody.model_fields)
    assert "required" not in schema


def test_a_list_is_described_with_the_parameters_that_are_read() -> None:
    parameters = DOCUMENT["paths"]["/v1/generations"]["get"]["parameters"]
    examples = {"after": f"gen_{'0' * 32}", "order": "asc", "status": "failed", "end_user": "ann"}

    for one in parameters:
        assert not one["required"]
        assert read_list({one["name"]: examples.get(one["name"], "1")})


@pytest.mark.parametrize("path", [*WAITED_FOR, "/v1/generations"])
def test_how_long_to_wait_may_be_said_in_any_words_that_the_standard_allows(path: str) -> None:
    (parameter,) = (one for one in DOCUMENT["paths"][path]["post"]["parameters"] if one["name"] == "Prefer")

    assert (parameter["in"], parameter["required"], parameter["schema"]) == ("header", False, {"type": "string"})
    assert "respond-async" in parameter["description"]
    assert "wait=N" in parameter["description"]


def _form(path: str) -> Any:
    return DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]


def _is_valid(schema: Any, form: dict[str, Any]) -> bool:
    whole = {**schema, "components": DOCUMENT["components"]}
    return bool(OAS31Validator(whole).is_valid(form))


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/images/edits", ImageEditBody), ("/v1/images/upscales", ImageUpscaleBody)]
)
def test_a_form_is_described_with_its_files_and_the_fields_that_are_read(path: str, body: type[EditBody]) -> None:
    schema = _form(path)

    assert set(schema["properties"]) == {"image", "image[]", "mask", *body.model_fields} - {"images"}
    assert _is_valid(schema, {"image": ["bytes"], "mask": "bytes", "prompt": "a hat", "n": 2, "size": "auto"})
    assert _is_valid(schema, {"image[]": ["one", "two"], "quality": "high", "strength": 0.5})
    assert not _is_valid(schema, {"prompt": "a hat"})
    assert not _is_valid(schema, {"image": ["bytes"], "style": "vivid"})
    assert not _is_valid(schema, {"image": ["bytes"], "n": 99})
    assert not _is_valid(schema, {"image": ["bytes"] * 17})


def test_the_list_of_models_is_described_with_its_choice() -> None:
    (parameter,) = DOCUMENT["paths"]["/v1/models"]["get"]["parameters"]

    assert (parameter["name"], parameter["schema"]["enum"]) == ("configured", ["yes", "any"])


@pytest.mark.parametrize("path", [*WAITED_FOR, "/v1/generations"])
def test_the_idempotency_key_is_described_as_it_is_read(path: str) -> None:
    (parameter,) = (one for one in DOCUMENT["paths"][path]["post"]["parameters"] if one["name"] == "Idempotency-Key")

    assert (parameter["in"], parameter["required"]) == ("header", False)
    assert parameter["schema"]["maxLength"] == 255
