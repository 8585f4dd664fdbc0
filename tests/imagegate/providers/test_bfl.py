"""Black Forest Labs: what each family of endpoints is sent, and everything that a submission or a poll may answer."""

import json
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import TomlCatalog
from imagegate.domain.card import ModelCard
from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    InvalidTypeError,
    InvalidValueError,
    MissingParameterError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
    UnsupportedFeatureError,
)
from imagegate.domain.fit import fit
from imagegate.domain.image import RemoteImage
from imagegate.domain.money import Billed, Cost, PriceUnit, Usage, cost_of, usage_of
from imagegate.domain.provider import (
    Cancelable,
    Completed,
    Failed,
    InputPicture,
    Pending,
    Pollable,
    ProviderCall,
    Refused,
    Submission,
)
from imagegate.domain.request import GenerationRequest, Operation, OutputFormat, Quality, Size
from imagegate.domain.wire import ApiKeyHeader, HttpResponse
from imagegate.providers.bfl import provider
from tests.fixtures import fixture_bytes, fixture_json

BASE_URL = "https://api.bfl.ai"
CATALOG = TomlCatalog(("bfl",))
CARDS = CATALOG.cards()
REF = {"id": "task", "polling_url": "https://api.us1.bfl.ai/v1/get_result?id=task", "cost": "4.5"}
ONE = InputPicture(data=b"one", media_type="image/png", width=64, height=48, url="https://bucket.example/one")
TWO = replace(ONE, data=b"two")
THREE = replace(ONE, data=b"three")
B64 = {one.data: b64encode(one.data).decode() for one in (ONE, TWO, THREE)}


def _call(
    name: str,
    *inputs: InputPicture,
    mask: InputPicture | None = None,
    options: dict[str, Any] | None = None,
    **wish: Any,
) -> ProviderCall:
    card = CATALOG.card(f"bfl/{name}")
    wish.setdefault("operation", Operation.EDIT if inputs else Operation.GENERATE)
    wish.setdefault("prompt", "a red circle")
    request = GenerationRequest(model=card.id, provider_options={"bfl": options or {}}, **wish)
    fitted = fit(request, card).request
    # The gateway leaves the size open where there are input images.
    size = fitted.size if "size" in wish or not inputs else None
    return ProviderCall(request=replace(fitted, size=size), card=card, base_url=BASE_URL, inputs=inputs, mask=mask)


def _body(call: ProviderCall) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(provider.submit(call).body)
    return body


def _response(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers=names, body=body)


def _submitted(body: bytes, status: int = 200, **headers: str) -> Submission:
    return provider.read_submitted(_call("flux-2-pro"), _response(body, status, **headers))


def _polled(body: bytes, status: int = 200, **headers: str) -> Submission:
    return provider.read_polled(_call("flux-2-pro"), REF, _response(body, status, **headers))


def _polled_changed(**changes: Any) -> Submission:
    return _polled(json.dumps(fixture_json("bfl/ready.json") | changes).encode())


def _cost(usage: Usage, card: ModelCard, size: Size | None = None) -> Cost:
    return cost_of(usage, card.prices, Billed(operation=Operation.GENERATE, quality=Quality.AUTO, size=size))


def test_it_is_found_by_its_file_name_and_can_be_polled_but_not_canceled() -> None:
    assert providers.load("bfl") is provider
    assert isinstance(provider, Pollable)
    assert not isinstance(provider, Cancelable)


def test_a_flux_2_request_is_sent_exactly_so() -> None:
    call = _call("flux-2-flex", size=Size(1024, 768), seed=7, steps=20, guidance=4.5, output_format=OutputFormat.WEBP)

    request = provider.submit(call)

    assert (request.method, request.url) == ("POST", "https://api.bfl.ai/v1/flux-2-flex")
    assert request.headers == {"content-type": "application/json", "accept": "application/json"}
    assert request.auth == (ApiKeyHeader(header="x-key"),)
    assert json.loads(request.body) == {
        "prompt": "a red circle",
        "width": 1024,
        "height": 768,
        "seed": 7,
        "steps": 20,
        "guidance": 4.5,
        "output_format": "webp",
    }


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_has_an_endpoint_and_a_request(card: ModelCard) -> None:
    inputs = () if Operation.GENERATE in card.operations else (ONE,)

    request = provider.submit(_call(card.name, *inputs))

    assert request.url == f"https://api.bfl.ai/v1/{card.name}"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_sizes_have_the_shape_of_the_ratio_that_is_sent_for_them(card: ModelCard) -> None:
    for size, label in card.sizes.labels.items():
        width, height = (int(part) for part in label.split()[0].split(":"))

        assert size.width / size.height == pytest.approx(width / height, rel=0.02)
        assert card.sizes.of_ratio(f"{width}:{height}") is not None


def test_flux_3_gets_a_ratio_and_a_resolution_and_its_web_search_is_off() -> None:
    assert _body(_call("flux-3-image", size=Size(2736, 1536))) == {
        "prompt": "a red circle",
        "aspect_ratio": "16:9",
        "resolution": "2k",
        "grounding": False,
    }


def test_flux_3_takes_its_own_options() -> None:
    body = _body(_call("flux-3-image", options={"grounding": True, "safety_tolerance": 0, "version": "2026-10-01"}))

    assert body["grounding"] is True
    assert body["safety_tolerance"] == 0
    assert body["version"] == "2026-10-01"


def test_flux_3_gets_its_input_images_in_a_list_and_follows_the_first() -> None:
    assert _body(_call("flux-3-image", ONE, TWO)) == {
        "prompt": "a red circle",
        "images": [B64[b"one"], B64[b"two"]],
        "grounding": False,
    }


@pytest.mark.parametrize("name", ["flux-2-pro", "flux-kontext-pro"])
def test_other_models_get_their_input_images_in_numbered_fields_and_follow_the_first(name: str) -> None:
    body = _body(_call(name, ONE, TWO, THREE, output_format=OutputFormat.PNG))

    assert body == {
        "prompt": "a red circle",
        "input_image": B64[b"one"],
        "input_image_2": B64[b"two"],
        "input_image_3": B64[b"three"],
        "output_format": "png",
    }


def test_an_edit_with_a_size_gets_that_size() -> None:
    body = _body(_call("flux-2-max", ONE, size=Size(512, 256)))

    assert (body["width"], body["height"]) == (512, 256)


def test_kontext_gets_a_ratio() -> None:
    body = _body(_call("flux-kontext-max", aspect_ratio="9:16", options={"prompt_upsampling": True}))

    assert body["aspect_ratio"] == "9:16"
    assert body["prompt_upsampling"] is True
    assert "resolution" not in body


def test_a_variation_gets_the_default_size_of_the_card_and_one_image() -> None:
    body = _body(_call("flux-pro-1.1", ONE, operation=Operation.VARIATION))

    assert body == {
        "prompt": "a red circle",
        "width": 1024,
        "height": 1024,
        "image_prompt": B64[b"one"],
        "output_format": "jpeg",
    }


def test_ultra_takes_its_own_options() -> None:
    options = {"raw": True, "image_prompt_strength": 0.5, "safety_tolerance": 6}

    body = _body(_call("flux-pro-1.1-ultra", ONE, operation=Operation.VARIATION, options=options))

    assert body["aspect_ratio"] == "1:1"
    assert {name: body[name] for name in options} == options


def test_fill_gets_a_mask_that_is_white_where_it_paints() -> None:
    body = _body(_call("flux-pro-1.0-fill", ONE, mask=TWO, steps=15, guidance=60.0))

    assert body == {
        "prompt": "a red circle",
        "image": B64[b"one"],
        "mask": B64[b"two"],
        "steps": 15,
        "guidance": 60.0,
        "output_format": "jpeg",
    }


def test_a_mask_whose_holes_would_not_be_seen_is_refused() -> None:
    transparent = replace(ONE, data=b"\x89PNG" + bytes(21) + b"\x06")

    with pytest.raises(InvalidValueError, match="white where the picture is to change"):
        provider.submit(_call("flux-pro-1.0-fill", ONE, mask=transparent))


def test_expand_gets_the_pixels_to_add() -> None:
    body = _body(_call("flux-pro-1.0-expand", ONE, options={"top": 0, "left": 2048}))

    assert (body["top"], body["left"]) == (0, 2048)
    assert "bottom" not in body


@pytest.mark.parametrize("name", ["flux-pro-1.0-fill", "flux-pro-1.0-expand"])
def test_a_tool_without_an_image_is_refused(name: str) -> None:
    call = _call(name, ONE)

    with pytest.raises(MissingParameterError) as refused:
        provider.submit(replace(call, inputs=()))

    assert refused.value.param == "image"


@pytest.mark.parametrize("name", ["flux-3-image", "flux-2-pro", "flux-kontext-pro"])
def test_an_edit_without_a_prompt_is_refused(name: str) -> None:
    with pytest.raises(EmptyPromptError):
        provider.submit(_call(name, ONE, prompt=" "))


@pytest.mark.parametrize("name", ["flux-pro-1.1", "flux-pro-1.1-ultra"])
def test_a_variation_needs_no_prompt(name: str) -> None:
    assert _body(_call(name, ONE, operation=Operation.VARIATION, prompt=""))["prompt"] == ""


def test_a_size_for_a_tool_that_follows_its_input_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError) as refused:
        provider.submit(_call("flux-pro-1.0-fill", ONE, size=Size(1024, 1024)))

    assert refused.value.param == "size"


@pytest.mark.parametrize(
    ("name", "options", "param", "kind"),
    [
        ("flux-2-pro", {"brush": "wide"}, "brush", UnknownParameterError),
        ("flux-2-pro", {"grounding": True}, "grounding", UnknownParameterError),
        ("flux-2-pro", {"prompt_upsampling": True}, "prompt_upsampling", UnknownParameterError),
        ("flux-2-pro", {"webhook_url": "https://example.com"}, "webhook_url", UnknownParameterError),
        ("flux-2-pro", {"safety_tolerance": 6}, "safety_tolerance", InvalidValueError),
        ("flux-3-image", {"safety_tolerance": 5}, "safety_tolerance", InvalidValueError),
        ("flux-3-image", {"safety_tolerance": -1}, "safety_tolerance", InvalidValueError),
        ("flux-kontext-pro", {"safety_tolerance": 7}, "safety_tolerance", InvalidValueError),
        ("flux-kontext-pro", {"safety_tolerance": "2"}, "safety_tolerance", InvalidTypeError),
        ("flux-pro-1.1-ultra", {"image_prompt_strength": 1.1}, "image_prompt_strength", InvalidValueError),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    name: str, options: dict[str, object], param: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as refused:
        provider.submit(_call(name, options=options))

    assert refused.value.param == f"provider_options.bfl.{param}"  # type: ignore[attr-defined]


def test_a_submission_is_pending_with_its_own_address_and_cost() -> None:
    answer = fixture_json("bfl/submitted.json")

    submission = _submitted(fixture_bytes("bfl/submitted.json"))

    assert submission == Pending(
        ref={"id": answer["id"], "polling_url": answer["polling_url"], "cost": "4.5"},
        poll_after_seconds=1.0,
        usage=Usage(quantities={PriceUnit.CREDIT: Decimal("4.5")}),
    )


def test_a_submission_without_address_or_cost_is_asked_for_where_it_was_sent() -> None:
    submission = _submitted(b'{"id": "task", "status": "Pending"}')

    assert submission == Pending(ref={"id": "task", "polling_url": "https://api.bfl.ai/v1/get_result?id=task"})


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff", b'{"polling_url": "https://api.bfl.ai"}'])
def test_a_submission_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _submitted(body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert "may have been charged" in submission.error.message


STATUSES = [
    (400, InvalidRequestError),
    (401, ProviderCredentialsError),
    (402, ProviderQuotaError),
    (403, ProviderCredentialsError),
    (404, ProviderFailedError),
    (408, ProviderTimeoutError),
    (413, InvalidRequestError),
    (422, InvalidRequestError),
    (429, ProviderThrottledError),
    (500, ProviderFailedError),
    (503, ProviderUnavailableError),
    (504, ProviderTimeoutError),
    (418, ProviderFailedError),
    (202, ProviderFailedError),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("body", [b'{"detail": "no"}', b"<html>no</html>", b""])
def test_every_status_of_a_submission_is_an_error_of_its_kind(status: int, kind: type[Exception], body: bytes) -> None:
    submission = _submitted(body, status, content_type="text/html")

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind
    assert submission.metadata == {"status": status}


def test_a_request_that_is_found_at_fault_is_told_in_the_providers_words() -> None:
    submission = _submitted(fixture_bytes("bfl/invalid.json"), 422)

    assert isinstance(submission, Failed)
    assert "greater than or equal to 64" in submission.error.message


def test_a_throttle_says_how_long_to_wait() -> None:
    submission = _submitted(b'{"detail": "Too many tasks"}', 429, retry_after="12")

    assert isinstance(submission, Failed)
    assert submission.error.retryable
    assert submission.error.retry_after_seconds == 12


def test_a_failure_of_the_provider_is_not_repeated_as_it_may_have_been_charged() -> None:
    submission = _submitted(b"", 500)

    assert isinstance(submission, Failed)
    assert not submission.error.retryable


def test_a_poll_goes_to_the_address_that_was_given_with_the_key() -> None:
    request = provider.poll(_call("flux-2-pro"), REF)

    assert (request.method, request.url, request.body) == ("GET", REF["polling_url"], b"")
    assert request.auth == (ApiKeyHeader(header="x-key"),)


def test_a_finished_task_holds_the_picture_its_seed_and_the_settled_cost() -> None:
    submission = _polled(fixture_bytes("bfl/ready.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (RemoteImage(url=fixture_json("bfl/ready.json")["result"]["sample"], seed=42),)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal("4.2")})
    assert submission.metadata["id"] == "task"


def test_a_finished_task_without_a_settled_cost_has_the_one_announced() -> None:
    submission = _polled_changed(cost=None)

    assert isinstance(submission, Completed)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal("4.5")})


def test_a_settled_cost_of_nothing_is_believed() -> None:
    submission = _polled_changed(cost=0)

    assert isinstance(submission, Completed)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal(0)})


def test_a_finished_task_that_never_told_a_cost_has_no_usage() -> None:
    response = _response(json.dumps(fixture_json("bfl/ready.json") | {"cost": None}).encode())

    submission = provider.read_polled(_call("flux-2-pro"), {"id": "task", "polling_url": "https://x"}, response)

    assert isinstance(submission, Completed)
    assert submission.usage is None


@pytest.mark.parametrize("result", [None, {}, {"sample": None}, {"sample": ""}, "https://x", []])
def test_a_finished_task_without_a_picture_is_a_failure(result: object) -> None:
    submission = _polled_changed(result=result)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert "without an image" in submission.error.message


@pytest.mark.parametrize("status", ["Pending", "Reasoning", "Generating", "Dreaming", ""])
def test_a_task_in_progress_and_a_status_that_nobody_knows_are_asked_for_again(status: str) -> None:
    submission = _polled(json.dumps(fixture_json("bfl/pending.json") | {"status": status}).encode())

    assert isinstance(submission, Pending)
    assert submission.ref == REF
    assert submission.metadata["status"] == status


@pytest.mark.parametrize(("status", "stage"), [("Request Moderated", Stage.PROMPT), ("Content Moderated", Stage.IMAGE)])
def test_a_refusal_is_an_outcome_with_its_stage_and_reasons(status: str, stage: Stage) -> None:
    submission = _polled(json.dumps(fixture_json("bfl/moderated.json") | {"status": status}).encode())

    assert isinstance(submission, Refused)
    assert (submission.stage, submission.codes, submission.usage) == (stage, ("other",), None)
    assert submission.metadata["details"] == {"Moderation Reasons": ["Derivative Works Filter"]}


def test_a_refusal_that_was_billed_says_so() -> None:
    submission = _polled(json.dumps(fixture_json("bfl/moderated.json") | {"cost": 3}).encode())

    assert isinstance(submission, Refused)
    assert submission.usage == Usage(quantities={PriceUnit.CREDIT: Decimal(3)})


@pytest.mark.parametrize("status", ["Error", "Task not found"])
def test_a_task_that_failed_or_is_lost_is_a_failure(status: str) -> None:
    submission = _polled_changed(status=status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError
    assert submission.metadata["status"] == status


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"<html>", b'{"status": 7}'])
def test_a_poll_that_cannot_be_read_is_a_failure(body: bytes) -> None:
    submission = _polled(body)

    assert isinstance(submission, Failed)
    assert type(submission.error) is ProviderFailedError


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_poll_that_was_shed_leaves_the_task_alone(status: int) -> None:
    assert _polled(b"", status) == Pending(ref=REF, poll_after_seconds=3.0, metadata={"status": status})


def test_a_poll_that_was_throttled_waits_as_long_as_it_was_told() -> None:
    submission = _polled(b"", 429, retry_after="20")

    assert isinstance(submission, Pending)
    assert submission.poll_after_seconds == 20


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ProviderCredentialsError),
        (404, ProviderFailedError),
        (422, InvalidRequestError),
        (418, ProviderFailedError),
    ],
)
def test_any_other_status_of_a_poll_ends_the_attempt(status: int, kind: type[Exception]) -> None:
    submission = _polled(b"", status)

    assert isinstance(submission, Failed)
    assert type(submission.error) is kind


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_credits_are_billed_exactly(card: ModelCard) -> None:
    cost = _cost(Usage(quantities={PriceUnit.CREDIT: Decimal("4.5")}), card)

    assert cost.money.amount == Decimal("0.045")
    assert not cost.is_estimate


@pytest.mark.parametrize(
    ("name", "size", "amount"),
    [
        ("flux-3-image", Size(768, 768), "0.041"),
        ("flux-3-image", Size(1024, 1024), "0.048"),
        ("flux-3-image", Size(4096, 4096), "0.607"),
        ("flux-2-pro", Size(2000, 2000), "0.090"),
        ("flux-2-flex", Size(1000, 1000), "0.10"),
        ("flux-kontext-pro", Size(1024, 1024), "0.04"),
    ],
)
def test_before_a_task_its_cost_is_estimated(name: str, size: Size, amount: str) -> None:
    usage = usage_of(images=1, pixels_per_image=size.pixels, input_images=1)

    cost = _cost(usage, CATALOG.card(f"bfl/{name}"), size)

    assert cost.money.amount == Decimal(amount)
    assert cost.is_estimate
