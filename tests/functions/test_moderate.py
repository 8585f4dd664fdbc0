"""`POST /v1/moderations` as whole events."""

import pytest
from openai.types import ModerationCreateResponse

from tests.functions.conftest import LoadHandler
from tests.functions.events import REQUEST_ID, Handler, ask, event


@pytest.fixture
def moderate(load: LoadHandler) -> Handler:
    handler: Handler = load("moderate").handler
    return handler


def test_each_text_is_judged_apart(moderate: Handler) -> None:
    answer = ask(moderate, event("create_moderation", body={"input": ["a red circle", "a severed head"]}))

    assert answer.status == 200
    response = ModerationCreateResponse.model_validate(answer.json)
    assert response.id == f"modr-{REQUEST_ID}"
    assert [result.flagged for result in response.results] == [False, True]
    assert response.results[1].categories.violence_graphic


def test_an_ordinary_text_is_not_flagged(moderate: Handler) -> None:
    answer = ask(moderate, event("create_moderation"))

    (result,) = answer.json["results"]
    assert result["imagegate"]["decision"] == "allow"
    assert len(result["imagegate"]["sources"]) == 1


def test_a_body_without_input_is_refused(moderate: Handler) -> None:
    answer = ask(moderate, event("create_moderation", body={}))

    assert (answer.status, answer.code) == (400, "missing_required_parameter")


def test_another_method_is_refused(moderate: Handler) -> None:
    answer = ask(moderate, event("create_moderation", httpMethod="GET"))

    assert (answer.status, answer.code) == (405, "method_not_allowed")
