"""Comparing the catalog with recorded-shape answers of OpenAI, Bedrock and fal, and what happens without an answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from imagegate.app.check_catalog import CatalogReport, CheckCatalog, DifferenceKind
from imagegate.app.ports import AnswerLostError
from imagegate.catalog.signals import SOURCES
from imagegate.domain.card import Lifecycle, ModelCard, SizeRule
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.money import PriceRow, PriceUnit
from imagegate.domain.request import Background, Operation, OutputFormat, Size
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse, SigV4
from tests.provider_cards import Configured

TODAY = date(2026, 11, 22)
ENDED = date(2026, 9, 30)
ENDING = date(2026, 12, 1)


def _price(amount: str = "0.04", unit: PriceUnit = PriceUnit.IMAGE) -> PriceRow:
    return PriceRow(
        unit=unit, amount=Decimal(amount), currency="USD", source="https://prices.example", checked_on=TODAY
    )


def _card(
    provider: str, version: str, shutdown_on: date | None = None, prices: tuple[PriceRow, ...] = (_price(),)
) -> ModelCard:
    return ModelCard(
        provider=provider,
        name=version.rpartition("/")[2],
        version=version,
        display_name=version,
        lifecycle=Lifecycle(released_on=date(2026, 1, 1), shutdown_on=shutdown_on),
        operations=frozenset({Operation.GENERATE}),
        sizes=SizeRule(default=Size(1024, 1024), allowed=(Size(1024, 1024),)),
        max_count=1,
        images_per_call=1,
        max_prompt_characters=1000,
        output_formats=frozenset({OutputFormat.PNG}),
        backgrounds=frozenset({Background.OPAQUE}),
        qualities=frozenset(),
        prices=prices,
    )


@dataclass
class Answers:
    """`Transport` that answers from a dictionary of provider ids, or raises what it finds there."""

    answers: Mapping[str, object]
    status: int = 200
    sent: list[HttpRequest] = field(default_factory=list)

    def send(self, request: HttpRequest, provider_id: str = "") -> HttpResponse:
        self.sent.append(request)
        answer = self.answers[provider_id]
        if isinstance(answer, Exception):
            raise answer
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return HttpResponse(status=self.status, headers={}, body=body)


def _check(configured: Configured, transport: Answers) -> CatalogReport:
    return CheckCatalog(
        catalog=configured, providers=configured, sources=SOURCES, transport=transport, today=lambda: TODAY
    )()


def _differences(provider: str, answer: object, *cards: ModelCard, **settings: str) -> list[tuple[str, str, str, str]]:
    report = _check(Configured(cards, settings), Answers({provider: answer}))
    return [(one.model, one.kind.value, one.in_catalog, one.at_provider) for one in report.differences]


def _openai_model(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "openai", **more}


def _openai(*models: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": list(models)}


def _bedrock(name: str, **lifecycle: str) -> dict[str, Any]:
    summary = {"modelId": name, "modelArn": f"arn:aws:bedrock:us-west-2::foundation-model/{name}"}
    return {"modelSummaries": [{**summary, **({"modelLifecycle": lifecycle} if lifecycle else {})}]}


def _fal(price: object, unit: str = "image", currency: str = "USD", name: str = "fal-ai/flux/dev") -> dict[str, Any]:
    row = {"endpoint_id": name, "unit_price": price, "unit": unit, "currency": currency}
    return {"prices": [row], "next_cursor": None, "has_more": False}


def test_equal_rows_make_no_difference() -> None:
    cards = (
        _card("openai", "gpt-image-2-2026-04-21"),
        _card("openai", "gpt-image-1.5", ENDING),
        _card("bedrock", "us.stability.stable-outpaint-v1:0"),
        _card("fal", "fal-ai/flux/dev", prices=(_price("0.025"),)),
    )
    openai = _openai(
        _openai_model("gpt-image-2-2026-04-21", shutdown_date=None),
        _openai_model("gpt-image-1.5", shutdown_date="2026-12-01"),
        _openai_model("gpt-5"),
    )
    bedrock = _bedrock("stability.stable-outpaint-v1:0", status="ACTIVE", startOfLifeTime="2025-06-01T00:00:00Z")
    transport = Answers({"openai": openai, "bedrock": bedrock, "fal": _fal(0.025)})

    report = _check(Configured(cards, {"region": "us-west-2"}), transport)

    assert report == CatalogReport(checked=tuple(card.id for card in cards), differences=(), unchecked=())


def test_a_shutdown_that_the_catalog_does_not_know_is_a_difference() -> None:
    answer = _openai(_openai_model("gpt-image-2", shutdown_date="2027-04-01"))

    assert _differences("openai", answer, _card("openai", "gpt-image-2")) == [
        ("openai/gpt-image-2", "shutdown", "none", "2027-04-01")
    ]


def test_a_shutdown_that_was_moved_or_called_off_is_a_difference() -> None:
    card = _card("openai", "gpt-image-2", ENDING)

    moved = _differences("openai", _openai(_openai_model("gpt-image-2", shutdown_date="2027-01-01")), card)
    called_off = _differences("openai", _openai(_openai_model("gpt-image-2", shutdown_date=None)), card)

    assert moved == [("openai/gpt-image-2", "shutdown", "2026-12-01", "2027-01-01")]
    assert called_off == [("openai/gpt-image-2", "shutdown", "2026-12-01", "none")]


def test_an_absent_shutdown_date_says_nothing() -> None:
    assert _differences("openai", _openai(_openai_model("gpt-image-2")), _card("openai", "gpt-image-2", ENDING)) == []


def test_a_model_that_is_not_listed_is_a_difference_unless_it_is_gone() -> None:
    cards = (_card("openai", "gpt-image-3"), _card("openai", "gpt-image-1", ENDED))

    assert _differences("openai", _openai(), *cards) == [
        ("openai/gpt-image-3", "unknown_model", "gpt-image-3", "not listed")
    ]


@pytest.mark.parametrize(
    ("lifecycle", "expected"),
    [
        ({"status": "LEGACY", "endOfLifeTime": "2026-12-01T00:00:00Z"}, []),
        ({"status": "LEGACY"}, []),
        ({}, []),
        ({"status": "LEGACY", "endOfLifeTime": "2027-01-31T08:00:00Z"}, ["2027-01-31"]),
        ({"status": "ACTIVE"}, ["none"]),
    ],
)
def test_the_lifecycle_of_bedrock_is_compared_where_it_is_told(lifecycle: dict[str, str], expected: list[str]) -> None:
    card = _card("bedrock", "amazon.nova-canvas-v1:0", ENDING)

    found = _differences("bedrock", _bedrock(card.version, **lifecycle), card, region="us-west-2")

    assert [at_provider for _, _, _, at_provider in found] == expected


@pytest.mark.parametrize(
    ("url", "settings", "region"),
    [
        ("https://bedrock-runtime.us-west-2.amazonaws.com", {"region": "eu-west-1"}, "eu-west-1"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com", {}, "us-west-2"),
    ],
)
def test_bedrock_is_asked_and_signed_for_in_the_region_it_is_used_in(
    url: str, settings: Mapping[str, str], region: str
) -> None:
    transport = Answers({"bedrock": _bedrock("a")})

    _check(Configured((_card("bedrock", "a"),), settings, url), transport)

    assert transport.sent[0].url.startswith(f"https://bedrock.{region}.amazonaws.com/foundation-models?")
    assert SigV4(service="bedrock", region=region) in transport.sent[0].auth


def test_without_a_region_bedrock_is_not_asked() -> None:
    transport = Answers({})

    report = _check(Configured((_card("bedrock", "a"),)), transport)

    assert "providers set bedrock region" in report.unchecked[0].reason
    assert transport.sent == []


def test_another_price_is_a_difference_and_is_compared_exactly() -> None:
    card = _card("fal", "fal-ai/flux/dev", prices=(_price("0.025", PriceUnit.MEGAPIXEL),))

    assert _differences("fal", _fal(0.025, "megapixels"), card) == []
    assert _differences("fal", _fal(0.0250001, "megapixels"), card) == [
        ("fal/dev", "price", "0.025 USD/megapixel", "0.0250001 USD/megapixels")
    ]
    assert [kind for _, kind, _, _ in _differences("fal", _fal(0.025, "megapixels", "EUR"), card)] == [
        DifferenceKind.PRICE
    ]


def test_any_of_several_rows_of_the_same_unit_may_be_the_one_that_is_told() -> None:
    card = _card("fal", "fal-ai/flux/dev", prices=(_price("0.03"), _price("0.06")))

    assert _differences("fal", _fal(0.06), card) == []
    assert _differences("fal", _fal(0.09), card)[0][2] == "0.03 USD/image or 0.06 USD/image"


@pytest.mark.parametrize("unit", ["compute seconds", "megapixel"])
def test_a_price_in_another_unit_is_told_as_not_compared(unit: str) -> None:
    configured = Configured((_card("fal", "fal-ai/flux/dev"),))

    report = _check(configured, Answers({"fal": _fal(0.001, unit)}))

    assert report.differences == ()
    assert report.unchecked[0].reason == f"its price is told as 0.001 USD/{unit}"


def test_fal_is_asked_about_each_endpoint_once_at_its_platform_address() -> None:
    transport = Answers({"fal": _fal(0.04)})

    _check(Configured((_card("fal", "fal-ai/flux/dev"), _card("fal", "a/b"), _card("fal", "a/b"))), transport)

    assert transport.sent[0].url == "https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/flux/dev,a/b"
    assert transport.sent[0].auth == (ApiKeyHeader(prefix="Key "),)


def test_openai_is_asked_at_the_configured_address() -> None:
    transport = Answers({"openai": _openai()})

    _check(Configured((_card("openai", "a"),), given_url="https://eu.example/v1"), transport)

    assert (transport.sent[0].method, transport.sent[0].url) == ("GET", "https://eu.example/v1/models")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (AnswerLostError("ReadTimeoutError"), "ReadTimeoutError"),
        (ConfigurationError("Run `imagegate secrets set openai`."), "secrets set openai"),
        (b"<html>", "not what it documents"),
        ({"data": [{"name": "x"}]}, "not what it documents"),
        ({"data": [{"id": "x", "shutdown_date": "soon"}]}, "not what it documents"),
    ],
)
def test_a_provider_that_does_not_answer_well_is_told_and_stops_no_other(answer: object, reason: str) -> None:
    cards = (_card("openai", "a"), _card("fal", "fal-ai/flux/dev"))

    report = _check(Configured(cards), Answers({"openai": answer, "fal": _fal(0.04)}))

    assert [one.name for one in report.unchecked] == ["openai"]
    assert reason in report.unchecked[0].reason
    assert (report.checked, report.differences) == (("fal/dev",), ())


def test_a_refused_question_is_told_with_its_status() -> None:
    report = _check(Configured((_card("openai", "a"),)), Answers({"openai": {}}, status=401))

    assert report.unchecked[0].reason == "it answered with status 401"


def test_a_provider_that_publishes_nothing_is_told_and_not_asked() -> None:
    transport = Answers({})

    report = _check(Configured((_card("ideogram", "a"), _card("ideogram", "b"))), transport)

    assert [one.name for one in report.unchecked] == ["ideogram"]
    assert transport.sent == []
