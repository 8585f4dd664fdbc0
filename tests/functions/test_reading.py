"""What can be read without making anything: models and the OpenAPI document."""

import json

from openai.types import Model
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.functions.gateway import Gateway


def test_every_configured_model_is_listed(gateway: Gateway) -> None:
    answer = gateway("list_models")

    assert (answer.status, answer.json["object"]) == (200, "list")
    assert [Model.model_validate(model).id for model in answer.json["data"]] == ["embedded/scenes"]


def test_one_model_is_read_by_its_id(gateway: Gateway) -> None:
    answer = gateway("get_model")

    assert answer.json == gateway("list_models").json["data"][0]


def test_a_model_that_is_not_configured_is_not_found(gateway: Gateway) -> None:
    answer = gateway("get_model", path="/v1/models/openai/gpt-image-9")

    assert (answer.status, answer.code) == (404, "model_not_found")


def test_the_openapi_document_is_served_and_valid(gateway: Gateway) -> None:
    answer = gateway("get_openapi")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(OpenAPIV31SpecValidator(json.loads(answer.text)).iter_errors()) == []
