"""What else the deployed gateway offers: models, moderation, health and its own description."""

import json
from typing import Any

import openai
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.e2e.asking import MODEL, download
from tests.e2e.support import DeployedGateway


@pytest.fixture
def root_url(gateway: DeployedGateway) -> str:
    """Where the paths that begin with /v1 hang."""
    return gateway.base_url.removesuffix("/v1")


def test_the_models_are_listed_with_their_cards(client: openai.OpenAI) -> None:
    (model,) = [one for one in client.models.list().data if one.id == MODEL]

    card: Any = (model.model_extra or {})["imagegate"]
    assert (model.id, model.object, model.owned_by) == (MODEL, "model", "embedded")
    assert (card["default_size"], card["max_count"], card["seed"]) == ("1024x1024", 4, True)


def test_one_model_can_be_read_by_its_id(client: openai.OpenAI) -> None:
    assert client.models.retrieve(MODEL) in client.models.list().data


def test_a_model_that_is_not_there_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("embedded/photos")

    assert refused.value.code == "model_not_found"


def test_texts_are_judged_one_by_one(client: openai.OpenAI) -> None:
    judged = client.moderations.create(input=["a red circle", "counterfeit banknotes"])

    harmless, harmful = judged.results
    assert (harmless.flagged, harmful.flagged) == (False, True)
    assert (harmless.categories.illicit, harmful.categories.illicit) == (False, True)
    assert harmful.category_scores.illicit == 1.0


def test_health_is_told_to_everybody(root_url: str) -> None:
    assert json.loads(download(f"{root_url}/health")) == {"status": "ok"}


def test_the_description_of_the_api_is_public_and_valid(root_url: str) -> None:
    document = json.loads(download(f"{root_url}/v1/openapi.json"))

    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert "/v1/images/generations" in document["paths"]
