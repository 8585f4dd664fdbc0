"""Tests of `imagegate models` and `imagegate show`."""

import json

from imagegate.api.responses import ErrorDetail
from imagegate.domain.job import Status
from tests.imagegate.cli.support import (
    GENERATION_ID,
    FakeGateway,
    error_answer,
    generation,
    imagegate,
    models_answer,
)

MODELS = "GET /live/v1/models"
GENERATION = f"GET /live/v1/generations/{GENERATION_ID}"


def test_models_are_listed_with_what_they_can_do(connected: FakeGateway) -> None:
    connected.says(MODELS, models_answer())

    result = imagegate("models")

    assert result.exit_code == 0
    assert "embedded/scenes" in result.stdout
    assert "0.0002" in result.stdout


def test_models_as_json_are_the_gateways_answer(connected: FakeGateway) -> None:
    connected.says(MODELS, models_answer())

    result = imagegate("models", "--json")

    assert json.loads(result.stdout) == json.loads(models_answer())


def test_the_whole_catalog_is_listed_with_what_is_configured_and_what_ends(connected: FakeGateway) -> None:
    answer = models_answer(shutdown_on="2027-01-31", is_configured=False)
    connected.says("GET /live/v1/models?configured=any", answer)

    result = imagegate("models", "--all", COLUMNS="160")

    assert result.exit_code == 0
    assert "2027-01-31" in result.stdout
    assert result.stdout.split()[-1] == "no"


def test_a_model_that_will_be_shut_down_names_its_replacement(connected: FakeGateway) -> None:
    model = json.loads(models_answer(shutdown_on="2027-01-31"))
    model["data"][0]["imagegate"]["replacement"] = "embedded/vistas"
    connected.says(MODELS, json.dumps(model))

    result = imagegate("models", COLUMNS="160")

    assert "2027-01-31, then embedded/vistas" in result.stdout
    assert "configured" not in result.stdout


def test_an_answer_that_lists_no_models_is_told(connected: FakeGateway) -> None:
    connected.says(MODELS, '{"data": "none"}')

    result = imagegate("models")

    assert result.exit_code == 1
    assert "unreadable_answer" in result.stderr


def test_a_refused_key_is_told(connected: FakeGateway) -> None:
    connected.says(MODELS, error_answer("invalid_api_key", "The key is not known."), 401)

    result = imagegate("models")

    assert result.exit_code == 1
    assert "invalid_api_key: The key is not known." in result.stderr


def test_a_generation_is_shown_with_its_pictures(connected: FakeGateway) -> None:
    connected.says(GENERATION, generation().model_dump_json())

    result = imagegate("show", GENERATION_ID)

    assert result.exit_code == 0
    assert "succeeded" in result.stdout
    assert "512x512 image/png https://signed.test/" in result.stdout


def test_a_generation_that_failed_is_shown_with_its_error(connected: FakeGateway) -> None:
    error = ErrorDetail(message="Repeat later.", type="server_error", code="provider_failed")
    failed = generation(Status.FAILED, error).model_copy(update={"cost": None, "latency_seconds": None})
    connected.says(GENERATION, failed.model_dump_json())

    result = imagegate("show", GENERATION_ID)

    assert result.exit_code == 0
    assert "provider_failed: Repeat later." in result.stdout
    assert "cost" not in result.stdout


def test_a_generation_as_json_is_the_gateways_answer(connected: FakeGateway) -> None:
    connected.says(GENERATION, generation().model_dump_json())

    result = imagegate("show", GENERATION_ID, "--json")

    assert json.loads(result.stdout) == json.loads(generation().model_dump_json())


def test_an_unknown_generation_is_told_and_its_id_cannot_change_the_path(connected: FakeGateway) -> None:
    connected.says("GET /live/v1/generations/..%2Fmodels", error_answer("generation_not_found", "No such one."), 404)

    result = imagegate("show", "../models")

    assert result.exit_code == 1
    assert "generation_not_found: No such one." in result.stderr


def test_an_answer_that_is_no_generation_is_told(connected: FakeGateway) -> None:
    connected.says(GENERATION, "{}")

    result = imagegate("show", GENERATION_ID)

    assert result.exit_code == 1
    assert "unreadable_answer" in result.stderr
