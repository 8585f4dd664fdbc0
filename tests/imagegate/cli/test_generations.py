"""Tests of `imagegate list`, `cancel` and `delete`."""

import json

from imagegate.api.generations import DeletedGenerationAnswer, GenerationsAnswer
from imagegate.api.responses import ErrorDetail
from imagegate.domain.job import Status
from tests.imagegate.cli.support import GENERATION_ID, FakeGateway, error_answer, generation, imagegate

LIST = "GET /live/v1/generations"
ONE = f"/live/v1/generations/{GENERATION_ID}"
DELETED = DeletedGenerationAnswer(id=GENERATION_ID).model_dump_json()
CANCELED = ErrorDetail(message="It was canceled.", type="invalid_request_error", code="generation_canceled")


def _page(count: int = 1, *, has_more: bool = False) -> str:
    return GenerationsAnswer(data=[generation()] * count, last_id=GENERATION_ID, has_more=has_more).model_dump_json()


def test_generations_are_listed(connected: FakeGateway) -> None:
    connected.says(f"{LIST}?limit=20", _page())

    result = imagegate("list", COLUMNS="160")

    assert result.exit_code == 0
    facts = [GENERATION_ID, "succeeded", "embedded/scenes", "1", "0.0002", "USD", "2026-11-18", "11:06:40"]
    assert result.stdout.split()[-8:] == facts
    assert "There are more" not in result.stdout


def test_a_list_is_filtered_and_goes_on(connected: FakeGateway) -> None:
    query = f"status=failed&end_user=ann+b&limit=5&after={GENERATION_ID}&order=asc"
    connected.says(f"{LIST}?{query}", _page(has_more=True))

    wishes = ("--status", "failed", "--end-user", "ann b", "--limit", "5", "--after", GENERATION_ID, "--oldest-first")
    result = imagegate("list", *wishes)

    assert result.exit_code == 0
    assert f"--after {GENERATION_ID}" in result.stdout


def test_an_empty_list_is_no_failure(connected: FakeGateway) -> None:
    connected.says(f"{LIST}?limit=20", _page(0))

    assert imagegate("list").exit_code == 0


def test_a_list_as_json_is_the_gateways_answer(connected: FakeGateway) -> None:
    connected.says(f"{LIST}?limit=20", _page())

    assert json.loads(imagegate("list", "--json").stdout) == json.loads(_page())


def test_a_list_that_is_none_is_told(connected: FakeGateway) -> None:
    connected.says(f"{LIST}?limit=20", "{}")

    result = imagegate("list")

    assert result.exit_code == 1
    assert "unreadable_answer" in result.stderr


def test_a_generation_is_canceled(connected: FakeGateway) -> None:
    connected.says(f"POST {ONE}/cancel", generation(Status.CANCELED, CANCELED).model_dump_json())

    result = imagegate("cancel", GENERATION_ID)

    assert result.exit_code == 0
    assert "canceled" in result.stdout
    assert json.loads(imagegate("cancel", GENERATION_ID, "--json").stdout)["status"] == "canceled"


def test_a_generation_that_is_over_is_not_canceled(connected: FakeGateway) -> None:
    connected.says(f"POST {ONE}/cancel", error_answer("generation_over", "It has its pictures."), 409)

    result = imagegate("cancel", GENERATION_ID)

    assert result.exit_code == 1
    assert "generation_over" in result.stderr


def test_an_answer_that_is_no_generation_is_told(connected: FakeGateway) -> None:
    connected.says(f"POST {ONE}/cancel", "{}")

    assert "unreadable_answer" in imagegate("cancel", GENERATION_ID).stderr


def test_a_generation_is_deleted(connected: FakeGateway) -> None:
    connected.says(f"DELETE {ONE}", DELETED)

    result = imagegate("delete", GENERATION_ID)

    assert (result.exit_code, connected.received[-1].method) == (0, "DELETE")
    assert f"Deleted the generation {GENERATION_ID}" in result.stdout
    assert json.loads(imagegate("delete", GENERATION_ID, "--json").stdout) == json.loads(DELETED)
