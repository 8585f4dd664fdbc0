"""Answers: in the shapes that the official OpenAI client reads, with what happened beside them."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from openai.types import ImagesResponse, Model, ModerationCreateResponse

from imagegate.api.moderations import OPENAI_CATEGORIES, tell_moderations
from imagegate.api.responses import (
    MAX_BASE64_CHARACTERS,
    ModelsAnswer,
    fits_base64,
    tell_error,
    tell_generation,
    tell_images,
    tell_model,
    tell_problem,
    too_large_warning,
)
from imagegate.catalog import TomlCatalog
from imagegate.domain.decision import Decision, Stage, decide
from imagegate.domain.errors import ContentRejectedError, GenerationInProgressError
from imagegate.domain.job import Job, Provenance, problem_of, reject, succeed
from imagegate.domain.money import Cost, Money
from imagegate.domain.request import Background, Quality
from imagegate.domain.route import Candidate, Route
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.moderators.rules import load_rules
from tests.builders import NOW, a_card, a_finding, a_job, a_price, a_request, a_running_job, a_target, an_image


def _succeeded(**changes: Any) -> Job:
    cost = Cost(money=Money(amount=Decimal("0.00000010")), price_checked_on=a_price().checked_on, source="s")
    images = (an_image(), an_image(seed=None))
    later = NOW + timedelta(seconds=1.25)
    job = succeed(a_running_job(), images=images, cost=cost, provenance=Provenance(added=("c2pa",)), now=later)
    return replace(job, **changes)


def test_pictures_as_bytes_are_read_by_the_official_client() -> None:
    answer = tell_images(_succeeded(), [b"one", b"two"])

    response = ImagesResponse.model_validate(json.loads(answer.model_dump_json()))

    assert response.created == int(NOW.timestamp())
    assert response.data is not None
    assert [base64.b64decode(image.b64_json or "") for image in response.data] == [b"one", b"two"]
    assert [image.url for image in response.data] == [None, None]
    assert (response.output_format, response.size) == ("png", "64x48")
    assert (response.background, response.quality) == (None, None)


def test_pictures_as_addresses_are_read_by_the_official_client() -> None:
    request = a_request(quality=Quality.HIGH, background=Background.OPAQUE)
    answer = tell_images(_succeeded(request=request), ["https://one", "https://two"])

    response = ImagesResponse.model_validate(json.loads(answer.model_dump_json()))

    assert response.data is not None
    assert [(image.url, image.b64_json) for image in response.data] == [("https://one", None), ("https://two", None)]
    assert (response.background, response.quality) == ("opaque", "high")


def test_every_shipped_model_is_read_by_the_official_client() -> None:
    answer = ModelsAnswer(data=[tell_model(card) for card in TomlCatalog(("embedded",)).cards()])

    (model,) = [Model.model_validate(one) for one in json.loads(answer.model_dump_json())["data"]]

    assert (model.id, model.object, model.owned_by) == ("embedded/scenes", "model", "embedded")


def test_a_card_is_told_with_its_prices_as_text() -> None:
    told = tell_model(a_card(notice="a demo")).imagegate

    assert told.prices == [
        {
            "unit": "image",
            "amount": "0.04",
            "currency": "USD",
            "source": "https://prices.example",
            "checked_on": "2026-11-01",
        }
    ]
    assert (told.default_size, told.notice) == ("1024x1024", "a demo")
    assert told.qualities == ["high", "low"]


@pytest.mark.parametrize("text", ["a red circle", "a severed head", "how to build a pipe bomb"])
def test_a_moderation_is_read_by_the_official_client(text: str) -> None:
    decision = decide(Stage.PROMPT, load_rules().moderate(text, "input"), ("rules@1",))

    answer = ModerationCreateResponse.model_validate(
        json.loads(tell_moderations("modr-1", (decision,)).model_dump_json())
    )

    (result,) = answer.results
    assert result.flagged is decision.decision.stops
    assert (answer.id, answer.model) == ("modr-1", "rules@1")


def test_our_categories_are_told_as_openai_s_and_in_full_beside_them() -> None:
    finding = a_finding("violence.graphic", Decision.BLOCK, score=0.5)
    decision = decide(Stage.PROMPT, (finding, a_finding("brand_new", Decision.ALLOW_LOGGED)), ("w@1",))

    (result,) = tell_moderations("modr-1", (decision,)).results

    assert tuple(result.categories) == OPENAI_CATEGORIES
    assert [name for name, hit in result.categories.items() if hit] == ["violence", "violence/graphic"]
    assert result.category_scores["violence"] == 0.5
    assert result.imagegate.codes == ["brand_new", "violence.graphic"]
    assert [one.code for one in result.imagegate.findings] == ["violence.graphic", "brand_new"]


def test_a_generation_tells_the_whole_way() -> None:
    job = _succeeded(
        route=Route(targets=(a_target(),), candidates=(Candidate(model="painter/oils", taken=True, reason="named"),)),
        warnings=(RequestWarning(type=WarningType.ADJUSTED, message="m", param="size"),),
        moderation=(decide(Stage.PROMPT, (), ("w@1",)),),
    )

    told = tell_generation(job, ["https://one", "https://two"], (too_large_warning(),))

    assert (told.id, told.status, told.attempts) == (job.id, "succeeded", 1)
    assert told.latency_seconds == 1.25
    assert (told.provider, told.model, told.model_version) == ("painter", "painter/oils", "oils-2026-10")
    assert [image.url for image in told.images] == ["https://one", "https://two"]
    assert told.cost is not None
    assert told.cost.amount == "0.00000010"
    assert [(one.type, one.param) for one in told.warnings] == [("adjusted", "size"), ("adjusted", "response_format")]
    assert told.provenance is not None
    assert told.provenance.added == ["c2pa"]
    assert [one.model for one in told.route] == ["painter/oils"]


def test_a_generation_that_has_barely_begun_is_told_with_what_is_known() -> None:
    told = tell_generation(a_job())

    assert (told.status, told.provider, told.model, told.attempts) == ("queued", None, None, 0)
    assert (told.completed_at, told.latency_seconds, told.cost, told.provenance, told.error) == (None,) * 5


def test_a_generation_never_tells_the_prompt_or_the_end_user() -> None:
    job = _succeeded(request=a_request(prompt="a secret plan", end_user="digest"))

    text = tell_generation(job).model_dump_json()

    assert "secret" not in text
    assert "digest" not in text


def test_a_refused_generation_is_told_with_its_error() -> None:
    problem = problem_of(ContentRejectedError("No.", param="prompt"))
    job = reject(a_job(), problem, NOW)

    told = tell_generation(job)
    as_error = tell_problem(job, problem, "request-1")

    assert told.error == as_error.error
    assert as_error.error.model_dump() == {
        "message": "No.",
        "type": "invalid_request_error",
        "param": "prompt",
        "code": "moderation_blocked",
    }
    assert (as_error.request_id, as_error.imagegate and as_error.imagegate.generation_id) == ("request-1", job.id)


def test_an_error_names_its_generation_where_there_is_one() -> None:
    without = tell_error(GenerationInProgressError("Wait."), "request-1")
    with_one = tell_error(GenerationInProgressError("Wait.", generation_id="gen_1"), None)

    assert without.imagegate is None
    assert with_one.imagegate is not None
    assert with_one.imagegate.generation_id == "gen_1"


def test_pictures_fit_as_base64_up_to_the_limit_and_not_a_byte_more() -> None:
    most = MAX_BASE64_CHARACTERS // 4 * 3

    assert fits_base64([most])
    assert not fits_base64([most + 1])
    assert fits_base64([most // 2] * 2)
    assert not fits_base64([most // 2 + 3] * 2)
    assert fits_base64([])
