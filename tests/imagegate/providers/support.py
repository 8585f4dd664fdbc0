"""What the adapter tests share: a call as the gateway makes it, from the shipped card and a request fitted to it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from imagegate.catalog import read_file
from imagegate.domain.bill import estimate
from imagegate.domain.card import ModelCard
from imagegate.domain.fit import fit
from imagegate.domain.money import Billed, Cost, Usage, cost_of
from imagegate.domain.provider import Failed, InputPicture, ProviderCall, Submission
from imagegate.domain.request import GenerationRequest, InputImage, Operation
from imagegate.domain.wire import HttpRequest, HttpResponse

INPUT = InputImage(key="inputs/one.png", media_type="image/png", width=64, height=48, sha256="00")
PICTURE = InputPicture(
    data=b"one", media_type="image/png", width=64, height=48, url="https://images.example/inputs/one.png"
)


def the_card(model_id: str) -> ModelCard:
    provider_id, _, name = model_id.partition("/")
    return next(card for card in read_file(provider_id)[1] if card.name == name)


def a_call(model_id: str, *, inputs: int = 0, mask: bool = False, **changes: Any) -> ProviderCall:
    """Fit a request to the shipped card; `base_url`, `settings` and `options` are no fields of the request."""
    card = the_card(model_id)
    base_url = changes.pop("base_url", read_file(card.provider)[0].base_url)
    settings = changes.pop("settings", {})
    options = {card.provider: changes.pop("options", {})}
    default = Operation.EDIT if inputs else Operation.GENERATE
    request = GenerationRequest(
        model=model_id,
        prompt="a red circle on a blue square",
        operation=changes.pop("operation", default),
        input_images=(INPUT,) * inputs,
        mask=INPUT if mask else None,
        provider_options=options,
    )
    return ProviderCall(
        request=fit(replace(request, **changes), card).request,
        card=card,
        base_url=base_url,
        settings=settings,
        inputs=(PICTURE,) * inputs,
        mask=PICTURE if mask else None,
    )


def body_of(request: HttpRequest) -> Any:
    return json.loads(request.body)


def an_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status=status, headers=headers or {"content-type": "application/json"}, body=data)


def error_of(submission: Submission) -> Exception:
    assert isinstance(submission, Failed), submission
    return submission.error


def cost_of_usage(call: ProviderCall, usage: Usage | None) -> Cost:
    assert usage is not None
    billed = Billed(operation=call.request.operation, quality=call.request.quality, size=call.request.size)
    return cost_of(usage, call.card.prices, billed)


def estimate_of(call: ProviderCall) -> Cost:
    return estimate(call.request, call.card, call.request.count)
