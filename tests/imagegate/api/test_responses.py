"""Answers: in the shapes that the official OpenAI client reads, with what happened beside them."""

import base64
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from openai.types import ImagesResponse, Model, ModerationCreateResponse

from imagegate.api.models import ModelsAnswer, tell_model
from imagegate.api.moderations import OPENAI_CATEGORIES, tell_moderations
from imagegate.api.responses import (
    MAX_BASE64_CHARACTERS,
    fits_base64,
    tell_error,
    tell_generation,
    tell_images,
    tell_problem,
    too_large_warning,
)
from imagegate.catalog import TomlCatalog, all_provider_ids
from imagegate.domain.card import Lifecycle
from imagegate.domain.decision import Decision, Stage, decide
from imagegate.domain.errors import ContentRejectedError, IdempotencyKeyReusedError, ProviderFailedError
from imagegate.domain.job import Job, Outcome, Provenance, problem_of, reject, succeed
from imagegate.domain.money import Cost, Money
from imagegate.domain.request import Background, Operation, Quality, Size
from imagegate.domain.route import Candidate, Route
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.moderators.rules import load_rules
from tests.builders import (
    NOW,
    a_card,
    a_cost,
    a_finding,
    a_job,
    a_price,
    a_request,
    a_running_job,
    a_target,
    an_attempt,
    an_image,
)


def _succeeded(**changes: Any) -> Job:
    cost = Cost(money=Money(amount=Decimal("0.00000010")), price_checked_on=a_price().checked_on, source="s")
    images = (an_image(), an_image(seed=None))
    later = NOW + timedelta(seconds=1.25)
    job = succeed(a_running_job(cost=cost), images=images, provenance=Provenance(added=("c2pa",)), now=later)
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
    cards = TomlCatalog(all_provider_ids()).cards()
    answer = ModelsAnswer(data=[tell_model(card) for card in cards])

    models = [Model.model_validate(one) for one in json.loads(answer.model_dump_json())["data"]]

    assert [(one.id, one.object, one.owned_by) for one in models] == [
        (card.id, "model", card.provider) for card in cards
    ]


def test_a_card_is_told_with_its_prices_as_text() -> None:
    conditions: dict[str, Any] = {
        "qualities": frozenset({Quality.LOW}),
        "operations": frozenset({Operation.EDIT}),
        "sizes": frozenset({Size(512, 512)}),
    }
    card = a_card(notice="a demo", prices=(a_price(), a_price("0.0000001", estimate=True, **conditions)), steps=None)

    told = tell_model(card, is_configured=False).imagegate

    assert [one.amount for one in told.prices] == ["0.04", "0.0000001"]
    assert told.prices[0].model_dump() == {
        "unit": "image",
        "amount": "0.04",
        "currency": "USD",
        "source": "https://prices.example",
        "checked_on": "2026-11-01",
        "operations": [],
        "qualities": [],
        "sizes": [],
        "is_estimate": False,
    }
    assert (told.prices[1].operations, told.prices[1].qualities, told.prices[1].sizes) == (
        ["edit"],
        ["low"],
        ["512x512"],
    )
    assert told.prices[1].is_estimate
    assert (told.default_size, told.notice, told.is_configured) == ("1024x1024", "a demo", False)
    assert (told.qualities, told.steps, told.guidance) == (["high", "low"], None, [0, 10])


def test_a_model_that_will_be_gone_tells_when_and_what_to_use() -> None:
    lifecycle = Lifecycle(released_on=date(2025, 1, 2), shutdown_on=date(2027, 1, 2), replacement="painter/inks")

    model = tell_model(a_card(lifecycle=lifecycle))

    assert model.created == 1735776000
    assert model.imagegate.model_dump(include={"released_on", "shutdown_on", "replacement"}) == {
        "released_on": "2025-01-02",
        "shutdown_on": "2027-01-02",
        "replacement": "painter/inks",
    }


def test_images_that_were_not_made_are_told_by_their_place() -> None:
    problem = problem_of(ProviderFailedError("The brush broke."))
    attempts = (
        an_attempt(1, target=a_target(a_card(name="inks")), problem=problem),
        an_attempt(2, round=2, count=2, outcome=Outcome.SUCCEEDED),
        an_attempt(3, round=2, first=2, count=3, outcome=Outcome.FAILED, problem=problem),
    )

    told = tell_generation(_succeeded(attempts=attempts))

    assert [one.model_dump() for one in told.failures] == [
        {"first": 2, "count": 3, "code": "provider_failed", "message": "The brush broke."}
    ]
    assert told.attempts == 3


def test_an_unsure_cost_is_told_as_an_estimate() -> None:
    told = tell_generation(_succeeded(cost=a_cost("0.1", is_estimate=True)))

    assert told.cost is not None
    assert told.cost.is_estimate


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
    without = tell_error(IdempotencyKeyReusedError("Another."), "request-1")
    with_one = tell_error(IdempotencyKeyReusedError("Another.", generation_id="gen_1"), None)

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
