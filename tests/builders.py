"""Domain records with ordinary values, so that a test names only what it is about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from imagegate.domain.card import Lifecycle, ModelCard, Range, SizeRule
from imagegate.domain.decision import Decision, Finding
from imagegate.domain.delivery import Delivery
from imagegate.domain.event import Event, EventType, new_event
from imagegate.domain.ids import EventId, JobId, KeyId, ProjectId
from imagegate.domain.image import Image, sha256_of
from imagegate.domain.job import Attempt, Job, begin_attempts, new_job
from imagegate.domain.money import Cost, Money, PriceRow, PriceUnit
from imagegate.domain.project import ApiKey, Principal, Project, Role, hash_api_key
from imagegate.domain.request import (
    Background,
    GenerationRequest,
    InputImage,
    Operation,
    OutputFormat,
    Quality,
    Size,
)
from imagegate.domain.route import Target
from imagegate.domain.webhook import EndpointId, WebhookEndpoint, new_secret, run_name

NOW = datetime(2026, 11, 22, 12, 30, 15, 250_000, tzinfo=UTC)
PROJECT_ID = ProjectId("prj_one")
OTHER_PROJECT_ID = ProjectId("prj_two")
KEY_ID = KeyId("key_one")
API_KEY = "ig_0123456789abcdef"
PRINCIPAL = Principal(project_id=PROJECT_ID, key_id=KEY_ID, role=Role.CLIENT)


def dollars(amount: str) -> Money:
    return Money(amount=Decimal(amount))


def a_price(amount: str = "0.04", **changes: Any) -> PriceRow:
    row = PriceRow(
        unit=PriceUnit.IMAGE,
        amount=Decimal(amount),
        currency="USD",
        source="https://prices.example",
        checked_on=date(2026, 11, 1),
    )
    return replace(row, **changes)


def a_card(**changes: Any) -> ModelCard:
    card = ModelCard(
        provider="painter",
        name="oils",
        version="oils-2026-10",
        display_name="Oils",
        lifecycle=Lifecycle(released_on=date(2026, 10, 1)),
        operations=frozenset(Operation),
        sizes=SizeRule(default=Size(1024, 1024), min_side=256, max_side=2048, multiple_of=16, max_aspect_ratio=2.0),
        max_count=4,
        images_per_call=4,
        max_prompt_characters=1000,
        output_formats=frozenset(OutputFormat),
        backgrounds=frozenset({Background.OPAQUE, Background.TRANSPARENT}),
        qualities=frozenset({Quality.LOW, Quality.HIGH}),
        has_compression=True,
        has_seed=True,
        has_negative_prompt=True,
        has_mask=True,
        max_input_images=2,
        steps=Range(minimum=1, maximum=50),
        guidance=Range(minimum=0, maximum=10),
        strength=Range(minimum=0, maximum=1),
        prices=(a_price(),),
    )
    return replace(card, **changes)


def a_request(**changes: Any) -> GenerationRequest:
    return replace(GenerationRequest(model="painter/oils", prompt="a red circle on a blue square"), **changes)


def a_target(card: ModelCard | None = None) -> Target:
    card = card or a_card()
    return Target(provider=card.provider, model=card.id, model_version=card.version)


def a_job(**changes: Any) -> Job:
    job = new_job(job_id=JobId(f"gen_{'0' * 31}1"), project_id=PROJECT_ID, key_id=KEY_ID, request=a_request(), now=NOW)
    return replace(job, **changes)


def a_running_job(**changes: Any) -> Job:
    return replace(begin_attempts(a_job(), a_target(), 4, NOW), **changes)


def an_attempt(number: int = 1, **changes: Any) -> Attempt:
    return replace(Attempt(number=number, target=a_target(), started_at=NOW), **changes)


def a_cost(amount: str = "0.04", **changes: Any) -> Cost:
    price = a_price()
    return replace(Cost(money=dollars(amount), price_checked_on=price.checked_on, source="s"), **changes)


def an_input(key: str = "inputs/prj_one/one.png", **changes: Any) -> InputImage:
    image = InputImage(key=key, media_type="image/png", width=64, height=48, sha256=sha256_of(b"one"))
    return replace(image, **changes)


def an_image(key: str = "quarantine/prj_one/gen/1-0.png", **changes: Any) -> Image:
    image = Image(key=key, media_type="image/png", width=64, height=48, size_bytes=3, sha256=sha256_of(b"one"), seed=7)
    return replace(image, **changes)


def a_project(**changes: Any) -> Project:
    return replace(Project(id=PROJECT_ID, name="One", created_at=NOW), **changes)


def an_api_key(**changes: Any) -> ApiKey:
    key = ApiKey(id=KEY_ID, project_id=PROJECT_ID, role=Role.CLIENT, hash=hash_api_key(API_KEY), created_at=NOW)
    return replace(key, **changes)


def a_finding(code: str = "gore", decision: Decision = Decision.BLOCK, **changes: Any) -> Finding:
    finding = Finding(
        code=code, score=1.0, source="watcher@1", source_label="rule-one", decision=decision, param="prompt"
    )
    return replace(finding, **changes)


def an_endpoint(**changes: Any) -> WebhookEndpoint:
    endpoint = WebhookEndpoint(
        id=EndpointId(f"we_{'0' * 31}1"),
        project_id=PROJECT_ID,
        url="https://app.example/hooks",
        events=("*",),
        secrets=(new_secret(b"1" * 32, NOW),),
        created_at=NOW,
    )
    return replace(endpoint, **changes)


def an_event(event_type: EventType = EventType.GENERATION_SUCCEEDED, **changes: Any) -> Event:
    event = new_event(
        event_id=EventId(f"evt_{'0' * 31}1"),
        project_id=PROJECT_ID,
        event_type=event_type,
        subject_id="gen_one",
        now=NOW,
        data={"id": "gen_one"},
    )
    return replace(event, **changes)


def a_delivery(**changes: Any) -> Delivery:
    endpoint, event = an_endpoint(), an_event()
    return replace(Delivery(endpoint_id=endpoint.id, event=event, run=run_name(event.id, endpoint.id)), **changes)
