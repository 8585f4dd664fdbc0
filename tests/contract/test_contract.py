"""Every operation of every model in the catalog is a request that the vendor's own specification accepts."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import pytest
import urllib3
from PIL import Image

from dev.provider_table import SPECIFICATIONS
from imagegate.catalog import all_provider_ids, read_file
from imagegate.domain.card import ModelCard, ProviderCard
from imagegate.domain.fit import fit
from imagegate.domain.provider import (
    CallsBack,
    Cancelable,
    Failed,
    Findable,
    InputPicture,
    Pending,
    Pollable,
    ProviderCall,
)
from imagegate.domain.request import GenerationRequest, InputImage, JsonValue, Operation, Quality, Size
from imagegate.domain.wire import ApiKeyHeader, ClientCredentials, HttpBasic, HttpRequest, HttpResponse
from imagegate.providers import load
from tests.contract.conftest import MockOf

SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "vertex": {"project": "a-project", "location": "global"},
    "comfyui": {"checkpoint": "model.safetensors"},
}
# What some models cannot do without.
OPTIONS: Final[Mapping[str, Mapping[str, JsonValue]]] = {
    "stability/search-and-replace": {"search_prompt": "a circle"},
    "stability/search-and-recolor": {"select_prompt": "a circle"},
    "stability/outpaint": {"left": 64},
    "bedrock/search-replace": {"search_prompt": "a circle"},
    "bedrock/search-recolor": {"select_prompt": "a circle"},
    "bedrock/outpaint": {"left": 64},
    "firefly/image4-custom": {"custom_model_id": "urn:aaid:sc:US:0"},
}
# A picture and a style to give it; every other edit is shown one picture.
INPUTS: Final[Mapping[str, int]] = {"stability/style-transfer": 2, "bedrock/style-transfer": 2}
# Where a mask says by its alpha channel what is to change; elsewhere it says so in white.
ALPHA_MASKS: Final = ("openai", "azure")
# Live paths that the vendor's published specification leaves out; the adapters' own tests hold these.
NOT_SPECIFIED: Final = re.compile(
    r"/mai/v1/images/edits|/v2/image/generate/ideogram-4-6|/v2/image/remove-background/.*|/hf-inference/.*"
    r"|/fal-ai/[^/]+/[^/]+/[^/]+"
)
CHECKED_ON: Final = date(2026, 11, 22)
_NO_PATH: Final = "NO_PATH_MATCHED_ERROR"
_VIOLATION: Final = "https://stoplight.io/prism/errors#"


class Case(NamedTuple):
    """One operation of one model."""

    provider: ProviderCard
    card: ModelCard
    operation: Operation

    def __str__(self) -> str:
        return f"{self.card.id}:{self.operation.value}"


def _cases() -> list[Case]:
    files = [read_file(provider_id) for provider_id in all_provider_ids() if provider_id in SPECIFICATIONS]
    return [
        Case(provider, card, one)
        for provider, cards in files
        for card in cards
        for one in sorted(card.operations)
        if card.lifecycle.shutdown_on is None or card.lifecycle.shutdown_on > CHECKED_ON
    ]


def _picture(mode: str = "RGB") -> InputPicture:
    file = io.BytesIO()
    Image.new(mode, (1024, 1024)).save(file, "PNG")
    return InputPicture(
        data=file.getvalue(),
        media_type="image/png",
        width=1024,
        height=1024,
        url="https://example.com/image.png",
    )


def _call(case: Case, base_url: str) -> ProviderCall:
    card = case.card
    needs_image = case.operation is not Operation.GENERATE
    image = InputImage(key="inputs/a", media_type="image/png", width=1024, height=1024, sha256="0" * 64)
    request = GenerationRequest(
        model=card.id,
        prompt="a red circle on a blue background",
        operation=case.operation,
        negative_prompt="blur" if card.has_negative_prompt and case.operation is Operation.GENERATE else None,
        seed=7 if card.has_seed else None,
        quality=min(card.qualities, default=Quality.AUTO),
        size=None if needs_image else card.sizes.default,
        steps=int(card.steps.maximum) if card.steps else None,
        guidance=card.guidance.maximum if card.guidance else None,
        strength=card.strength.maximum if card.strength and needs_image else None,
        input_images=(image,) * INPUTS.get(card.id, 1) if needs_image else (),
        mask=image if needs_image and card.has_mask else None,
        provider_options={case.provider.id: OPTIONS[card.id]} if card.id in OPTIONS else {},
    )
    return ProviderCall(
        request=fit(request, card).request,
        card=card,
        base_url=base_url,
        settings=SETTINGS.get(case.provider.id, {}),
        inputs=(_picture(),) * len(request.input_images),
        mask=_picture("RGBA" if case.provider.id in ALPHA_MASKS else "L") if request.mask else None,
        end_user="0" * 64,
    )


def _credentials(request: HttpRequest) -> Mapping[str, str]:
    for auth in request.auth:
        if isinstance(auth, ApiKeyHeader):
            return {auth.header: f"{auth.prefix}key"}
        if isinstance(auth, ClientCredentials):
            return {"authorization": "Bearer token", **({auth.id_header: "client"} if auth.id_header else {})}
        if isinstance(auth, HttpBasic):
            return {"authorization": "Basic dTpw"}
    return {"authorization": "Bearer token"}


def _send(request: HttpRequest, base_url: str) -> HttpResponse:
    """Send to the mock, wherever the vendor's own addresses point, and fail on anything it objects to."""
    parts = urlsplit(request.url)
    path = parts.path.removeprefix(urlsplit(base_url).path)
    url = base_url + path + (f"?{parts.query}" if parts.query else "")
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request(
            request.method,
            url,
            body=request.body or None,
            headers={**request.headers, **_credentials(request)},
            redirect=False,
            timeout=30.0,
        )
    text = answer.data.decode("utf-8", "replace")
    if _NO_PATH in text and NOT_SPECIFIED.fullmatch(path):
        pytest.skip(f"the published specification does not list {path}")
    assert _VIOLATION not in text, f"{request.method} {path}: {text[:1500]}"
    violations = json.loads(answer.headers.get("sl-violations", "[]"))
    assert not [one for one in violations if _is_ours(one)], violations
    return HttpResponse(
        status=answer.status, headers={name.lower(): value for name, value in answer.headers.items()}, body=answer.data
    )


def _is_ours(violation: Mapping[str, list[str] | str]) -> bool:
    # Prism reads a form's repeated field as its last value and then misses the list.
    return violation["location"][0] == "request" and not str(violation["message"]).endswith("must be array")


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and parts.path not in {"", "/"}


@pytest.mark.parametrize("case", _cases(), ids=str)
def test_the_specification_accepts_what_is_sent_and_its_answer_can_be_read(case: Case, mock_of: MockOf) -> None:
    base_url = mock_of(SPECIFICATIONS[case.provider.id])
    adapter = load(case.provider.id)
    call = _call(case, base_url)

    submission = adapter.read_submitted(call, _send(adapter.submit(call), base_url))

    if isinstance(submission, Pending) and isinstance(adapter, Pollable):
        # Where the specification gives no example of an address, the mock invents text that is none.
        if not _is_address(adapter.poll(call, submission.ref).url):
            return
        adapter.read_polled(call, submission.ref, _send(adapter.poll(call, submission.ref), base_url))


def test_the_size_rule_of_every_model_allows_its_default() -> None:
    cards = [card for provider_id in all_provider_ids() for card in read_file(provider_id)[1]]

    wrong = [card.id for card in cards if card.sizes.allowed and not card.sizes.allows(Size(*_pair(card)))]

    assert wrong == []


def _pair(card: ModelCard) -> tuple[int, int]:
    return card.sizes.default.width, card.sizes.default.height


@pytest.mark.parametrize("case", [one for one in _cases() if one.provider.has_webhook], ids=str)
def test_the_specification_accepts_the_wish_to_be_called_back(case: Case, mock_of: MockOf) -> None:
    base_url = mock_of(SPECIFICATIONS[case.provider.id])
    adapter = load(case.provider.id)
    assert isinstance(adapter, CallsBack)
    call = replace(_call(case, base_url), callback_url="https://gateway.example/v1/webhooks/painter?token=cbk_1")

    answer = _send(adapter.submit(call), base_url)

    assert not isinstance(adapter.read_submitted(call, answer), Failed)


@pytest.mark.parametrize("provider_id", [one for one in SPECIFICATIONS if isinstance(load(one), Findable)])
def test_the_specification_accepts_the_search_for_lost_work(provider_id: str, mock_of: MockOf) -> None:
    case = next(one for one in _cases() if one.provider.id == provider_id)
    base_url = mock_of(SPECIFICATIONS[provider_id])
    adapter = load(provider_id)
    assert isinstance(adapter, Findable)
    call = _call(case, base_url)
    unseeded = replace(call, request=replace(call.request, seed=None), nonce="job/1")

    request = adapter.find(unseeded, datetime(2026, 11, 22, 12, tzinfo=UTC))

    assert request is not None
    adapter.read_found(unseeded, _send(request, base_url))


@pytest.mark.parametrize("provider_id", [one for one in SPECIFICATIONS if isinstance(load(one), Cancelable)])
def test_the_specification_accepts_a_cancellation(provider_id: str, mock_of: MockOf) -> None:
    case = next(one for one in _cases() if one.provider.id == provider_id)
    base_url = mock_of(SPECIFICATIONS[provider_id])
    adapter = load(provider_id)
    assert isinstance(adapter, Cancelable)
    call = _call(case, base_url)
    submission = adapter.read_submitted(call, _send(adapter.submit(call), base_url))
    assert isinstance(submission, Pending)

    request = adapter.cancel(call, submission.ref)

    if _is_address(request.url):
        adapter.read_canceled(_send(request, base_url))
