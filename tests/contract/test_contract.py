"""Every operation of every model in the catalog is a request that the vendor's own specification accepts."""

import json
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import pytest
import urllib3

from imagegate.catalog import all_provider_ids, read_file
from imagegate.domain.card import ModelCard, ProviderCard
from imagegate.domain.fit import fit
from imagegate.domain.provider import InputPicture, Pending, Pollable, ProviderCall
from imagegate.domain.request import GenerationRequest, InputImage, Operation, Quality, Size
from imagegate.domain.wire import ApiKeyHeader, ClientCredentials, HttpBasic, HttpRequest, HttpResponse
from imagegate.providers import load
from tests.contract.conftest import MockOf
from tests.pictures import picture

# The specification of each provider; the embedded model's is Lambda's own, which its unit tests hold it to.
SPEC_OF: Final[Mapping[str, str]] = {
    "openai": "openai",
    "azure": "azure",
    "vertex": "vertex",
    "firefly": "firefly",
    "stability": "stability",
    "bfl": "bfl",
    "ideogram": "ideogram",
    "replicate": "replicate",
    "fal": "fal-queue",
    "huggingface": "huggingface-endpoint",
    "bedrock": "bedrock",
    "openai_compatible": "selfhosted-openai-images",
    "comfyui": "comfyui",
    "automatic1111": "automatic1111",
}
SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "vertex": {"project": "a-project", "location": "global"},
    "comfyui": {"checkpoint": "model.safetensors"},
}
_VIOLATION: Final = "https://stoplight.io/prism/errors#"


class Case(NamedTuple):
    """One operation of one model."""

    provider: ProviderCard
    card: ModelCard
    operation: Operation

    def __str__(self) -> str:
        return f"{self.card.id}:{self.operation.value}"


def _cases() -> list[Case]:
    files = [read_file(provider_id) for provider_id in all_provider_ids() if provider_id in SPEC_OF]
    return [Case(provider, card, one) for provider, cards in files for card in cards for one in sorted(card.operations)]


def _picture() -> InputPicture:
    return InputPicture(
        data=picture("png", 1024, 1024),
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
        negative_prompt="blur" if card.has_negative_prompt else None,
        seed=7 if card.has_seed else None,
        quality=min(card.qualities, default=Quality.AUTO),
        size=None if needs_image else card.sizes.default,
        steps=int(card.steps.maximum) if card.steps else None,
        guidance=card.guidance.maximum if card.guidance else None,
        strength=card.strength.maximum if card.strength and needs_image else None,
        input_images=(image,) if needs_image else (),
        mask=image if needs_image and card.has_mask else None,
    )
    return ProviderCall(
        request=fit(request, card).request,
        card=card,
        base_url=base_url,
        settings=SETTINGS.get(case.provider.id, {}),
        inputs=(_picture(),) if needs_image else (),
        mask=_picture() if request.mask else None,
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
    assert _VIOLATION not in text, f"{request.method} {path}: {text[:1500]}"
    violations = json.loads(answer.headers.get("sl-violations", "[]"))
    assert not [one for one in violations if one.get("location", [""])[0] == "request"], violations
    return HttpResponse(
        status=answer.status, headers={name.lower(): value for name, value in answer.headers.items()}, body=answer.data
    )


@pytest.mark.parametrize("case", _cases(), ids=str)
def test_the_specification_accepts_what_is_sent_and_its_answer_can_be_read(case: Case, mock_of: MockOf) -> None:
    base_url = mock_of(SPEC_OF[case.provider.id])
    adapter = load(case.provider.id)
    call = _call(case, base_url)

    submission = adapter.read_submitted(call, _send(adapter.submit(call), base_url))

    if isinstance(submission, Pending) and isinstance(adapter, Pollable):
        adapter.read_polled(call, submission.ref, _send(adapter.poll(call, submission.ref), base_url))


def test_every_provider_of_the_catalog_has_a_specification() -> None:
    assert set(all_provider_ids()) - set(SPEC_OF) == {"embedded"}


def test_the_size_rule_of_every_model_allows_its_default() -> None:
    cards = [card for provider_id in all_provider_ids() for card in read_file(provider_id)[1]]

    wrong = [card.id for card in cards if card.sizes.allowed and not card.sizes.allows(Size(*_pair(card)))]

    assert wrong == []


def _pair(card: ModelCard) -> tuple[int, int]:
    return card.sizes.default.width, card.sizes.default.height
