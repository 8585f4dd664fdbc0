"""Every provider keeps the same promises; a new one fails here by the name of what it lacks."""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from imagegate import providers
from imagegate.catalog import all_provider_ids, read_file
from imagegate.domain.bill import estimate
from imagegate.domain.callback import CALLBACKS_SETTING, StandardWebhooks, asks_for_callbacks
from imagegate.domain.card import ModelCard
from imagegate.domain.lifecycle import NOTICE
from imagegate.domain.money import PriceRow
from imagegate.domain.origin import may_carry_credentials
from imagegate.domain.provider import (
    CallsBack,
    Cancelable,
    Failed,
    Findable,
    Pending,
    Pollable,
    Provider,
    ProviderCall,
    Refused,
)
from imagegate.domain.request import Operation, Quality
from imagegate.domain.wire import HttpResponse
from tests.imagegate.providers.wishes import a_call, can_be_fitted, is_dropped, pairs

TESTS = Path(__file__).parent
PRODUCT = TESTS.parents[2] / "imagegate"
ADAPTERS = {file.stem for file in (PRODUCT / "providers").glob("*.py")} - {"__init__"}
CATALOG = {file.stem for file in (PRODUCT / "catalog").glob("*.toml")}
PROVIDERS = all_provider_ids()
# Moved on with each review, and not the clock's: the tests of an old clone still pass.
TODAY = date(2026, 11, 22)
OLDEST_PRICE = timedelta(days=180)
CARDS = [card for provider_id in PROVIDERS for card in read_file(provider_id)[1]]
IDS = {card.id for card in CARDS}
# Those that are gone only tell what took their place.
ALIVE = [card for card in CARDS if card.lifecycle.shutdown_on is None or card.lifecycle.shutdown_on > TODAY]
USES = [(card, operation) for card in ALIVE for operation in sorted(card.operations)]
GARBAGE = (
    b"",
    b"{",
    b"null",
    b"true",
    b"3",
    b"[]",
    b"[[]]",
    b'"text"',
    b"{}",
    b"\xff\xfe\x00",
    b"<html><body>Bad gateway</body></html>",
    b'{"error": null}',
    b'{"error": "text", "message": 3}',
    b'{"error": {"code": [], "message": {}}}',
    b'{"error": {"code": null, "type": 1, "details": [null]}}',
    b'{"errors": [], "name": [], "id": {}}',
    b'{"errors": ["text", null], "name": "unknown"}',
    b'{"detail": [{"loc": [], "msg": null}]}',
    b'{"detail": "text", "status": "never heard of", "title": null}',
    b'{"status": null, "images": null, "data": null, "output": null, "result": null}',
    b'{"status": 7, "images": {}, "data": "x", "output": 5, "result": []}',
    b'{"data": [{}], "images": [null], "predictions": [{}], "candidates": [], "artifacts": [{}]}',
    b'{"data": [{"b64_json": "?"}], "images": ["?"], "image": "?"}',
)
# A poll that was shed says nothing of the work.
MAY_ASK_AGAIN = {404, 408, 409, 423, 425, 429, *range(500, 600)}
cards = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
living = pytest.mark.parametrize("card", ALIVE, ids=lambda card: card.id)
uses = pytest.mark.parametrize(("card", "operation"), USES, ids=lambda one: getattr(one, "id", str(one)))
everyone = pytest.mark.parametrize("provider_id", PROVIDERS)
callers = pytest.mark.parametrize("provider_id", [one for one in PROVIDERS if read_file(one)[0].has_webhook])
CALLBACK_URL = "https://gateway.example/v1/webhooks/painter?token=cbk_0123456789abcdef"


class AnyRef(dict[str, str]):
    """A reference that holds whatever its adapter put in."""

    def __missing__(self, name: str) -> str:
        return "https://provider.example/tasks/1"


@pytest.mark.parametrize("provider_id", sorted(ADAPTERS | CATALOG))
def test_a_provider_has_a_catalog_file_an_adapter_and_tests(provider_id: str) -> None:
    wanted = (
        PRODUCT / "catalog" / f"{provider_id}.toml",
        PRODUCT / "providers" / f"{provider_id}.py",
        TESTS / f"test_{provider_id}.py",
    )

    assert [file.relative_to(PRODUCT.parent).as_posix() for file in wanted if not file.is_file()] == []


@everyone
def test_an_adapter_says_where_it_is_documented_and_when_that_was_read(provider_id: str) -> None:
    module = importlib.import_module(f"imagegate.providers.{provider_id}")

    docstring = module.__doc__ or ""
    assert "https://" in docstring
    assert re.search(r"checked\s20\d\d-\d\d-\d\d", docstring)


@everyone
def test_an_adapter_satisfies_the_port(provider_id: str) -> None:
    adapter: Provider = providers.load(provider_id)

    assert callable(adapter.submit)
    assert callable(adapter.read_submitted)
    if read_file(provider_id)[0].is_async:
        assert isinstance(adapter, Pollable)


@everyone
def test_an_adapter_is_a_file_of_bounded_length_without_a_socket_or_a_clock(provider_id: str) -> None:
    spec = importlib.util.find_spec(f"imagegate.providers.{provider_id}")
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).read_text(encoding="utf-8")

    forbidden = r"^(?:import|from) (?:socket|urllib3|requests|httpx2?|time|random|os|subprocess|boto3|secrets)\b"
    assert re.findall(forbidden, text, re.MULTILINE) == []


@uses
def test_every_use_of_a_card_can_be_described(card: ModelCard, operation: Operation) -> None:
    provider = read_file(card.provider)[0]
    call = a_call(card, operation)

    request = providers.load(card.provider).submit(call)

    assert request.method == "POST"
    assert request.body
    assert request.url.startswith("https://")
    assert may_carry_credentials(request.url, call.base_url, provider.credential_hosts)
    assert request.auth or not provider.secret_fields
    assert request.read_timeout_seconds > 0


@uses
def test_the_same_call_is_described_alike_each_time(card: ModelCard, operation: Operation) -> None:
    adapter = providers.load(card.provider)

    assert adapter.submit(a_call(card, operation)) == adapter.submit(a_call(card, operation))


@living
def test_no_wish_that_a_card_allows_is_dropped_in_silence(card: ModelCard) -> None:
    dropped = {
        f"{name}: {one} and {other} in {alike}"
        for name, one, other in pairs(card)
        if (alike := is_dropped(card, name, one, other))
    }

    assert dropped == set()


@living
def test_a_wish_that_a_card_allows_is_let_through_by_the_core(card: ModelCard) -> None:
    refused = [
        (name, wish)
        for name, one, other in pairs(card)
        for wish in (one, other)
        if not any(can_be_fitted(card, operation, wish) for operation in card.operations)
    ]

    assert refused == []


@everyone
def test_whatever_a_provider_answers_to_a_request_is_told_and_never_raised(provider_id: str) -> None:
    adapter = providers.load(provider_id)

    for call in _calls(provider_id):
        for status in (200, 201, 202, 204, 302, *range(400, 600)):
            for body in GARBAGE:
                told = adapter.read_submitted(call, HttpResponse(status=status, headers={}, body=body))
                assert isinstance(told, Failed | Refused), (status, body, told)


@pytest.mark.parametrize("provider_id", [one for one in PROVIDERS if read_file(one)[0].is_async])
def test_whatever_a_provider_answers_to_a_poll_is_told_and_never_raised(provider_id: str) -> None:
    adapter = providers.load(provider_id)
    assert isinstance(adapter, Pollable)

    for call in _calls(provider_id):
        for status in (200, *range(400, 600)):
            for body in GARBAGE:
                told = adapter.read_polled(call, AnyRef(), HttpResponse(status=status, headers={}, body=body))
                assert isinstance(told, Failed | Refused | Pending), (status, body, told)
                assert not isinstance(told, Pending) or status in {200, *MAY_ASK_AGAIN}, (status, body)


@everyone
def test_a_provider_whose_card_says_so_calls_back_and_can_be_polled_all_the_same(provider_id: str) -> None:
    adapter, provider = providers.load(provider_id), read_file(provider_id)[0]

    assert isinstance(adapter, CallsBack) is provider.has_webhook
    assert not provider.has_webhook or isinstance(adapter, Pollable)
    assert (CALLBACKS_SETTING in provider.optional_setting_fields) is provider.has_webhook


@callers
def test_a_callback_is_proven_by_what_an_operator_can_store_or_the_provider_publishes(provider_id: str) -> None:
    adapter, provider = providers.load(provider_id), read_file(provider_id)[0]
    assert isinstance(adapter, CallsBack)

    proof = adapter.proof(provider.base_url or "")

    assert provider.optional_secret_fields == ((proof.field,) if isinstance(proof, StandardWebhooks) else ())
    assert not asks_for_callbacks(proof, {CALLBACKS_SETTING: "off"})


@callers
def test_a_callback_is_asked_for_only_where_there_is_an_address_for_it(provider_id: str) -> None:
    adapter, provider = providers.load(provider_id), read_file(provider_id)[0]

    for call in _calls(provider_id):
        without, request = adapter.submit(call), adapter.submit(replace(call, callback_url=CALLBACK_URL))
        assert CALLBACK_URL.encode() in unquote(request.url).encode() + request.body
        assert may_carry_credentials(request.url, call.base_url, provider.credential_hosts)
        assert b"webhook" not in without.url.encode() + without.body


@callers
def test_whatever_a_callback_holds_the_provider_is_asked_and_nothing_is_raised(provider_id: str) -> None:
    adapter = providers.load(provider_id)
    assert isinstance(adapter, CallsBack)
    ref = {"id": "one", "generation_id": "one", "stage": "status", "status": "https://provider.example/tasks/one"}

    for call in _calls(provider_id):
        for body in GARBAGE:
            assert adapter.find_ref(call, body) is None, body
            told = adapter.read_callback(call, ref, body)
            assert isinstance(told, Pending), (body, told)
            assert told.ref == ref


@pytest.mark.parametrize("provider_id", [one for one in PROVIDERS if isinstance(providers.load(one), Findable)])
def test_whatever_a_list_of_work_holds_nothing_is_made_up(provider_id: str) -> None:
    adapter = providers.load(provider_id)
    assert isinstance(adapter, Findable)

    for call in _calls(provider_id):
        for status in (200, *range(400, 600)):
            for body in GARBAGE:
                response = HttpResponse(status=status, headers={}, body=body)
                assert adapter.read_found(replace(call, nonce="job/1"), response) is None, (status, body)


@pytest.mark.parametrize("provider_id", [one for one in PROVIDERS if isinstance(providers.load(one), Cancelable)])
def test_no_error_counts_as_a_cancellation(provider_id: str) -> None:
    adapter = providers.load(provider_id)
    assert isinstance(adapter, Cancelable)

    for status in (302, *range(400, 600)):
        for body in GARBAGE:
            assert not adapter.read_canceled(HttpResponse(status=status, headers={}, body=body)), (status, body)


def _calls(provider_id: str) -> Iterator[ProviderCall]:
    """One call of each operation that the provider offers."""
    seen: set[Operation] = set()
    for card in (one for one in ALIVE if one.provider == provider_id):
        for operation in sorted(card.operations - seen):
            seen.add(operation)
            yield a_call(card, operation)


@uses
def test_a_price_is_known_for_each_quality_and_size(card: ModelCard, operation: Operation) -> None:
    sizes = {None, card.sizes.default, *card.sizes.allowed}
    wishes = [{"quality": quality, "size": size} for quality in (Quality.AUTO, *card.qualities) for size in sizes]
    possible = [wish for wish in wishes if can_be_fitted(card, operation, wish)]

    assert possible
    for wish in possible:
        cost = estimate(a_call(card, operation, **wish).request, card, 1)
        assert cost.money.amount >= 0
        assert cost.source


@cards
def test_a_model_that_is_gone_or_soon_will_be_names_one_that_takes_its_place(card: ModelCard) -> None:
    lifecycle = card.lifecycle

    if lifecycle.shutdown_on is not None:
        assert lifecycle.shutdown_on > lifecycle.released_on
        is_near = lifecycle.shutdown_on - TODAY <= NOTICE
        assert lifecycle.replacement in IDS - {card.id} or (lifecycle.replacement is None and not is_near)


def _stale(price: PriceRow, today: date) -> bool:
    return not today - OLDEST_PRICE <= price.checked_on <= today


@cards
def test_no_price_was_checked_too_long_ago(card: ModelCard) -> None:
    assert [price.checked_on for price in card.prices if _stale(price, TODAY)] == []


@cards
def test_a_card_fits_what_the_core_relies_on(card: ModelCard) -> None:
    assert card.provider in PROVIDERS
    assert bool(card.max_input_images) is bool(card.operations - {Operation.GENERATE})
    assert not card.has_mask or Operation.EDIT in card.operations
    assert card.strength is None or card.max_input_images
