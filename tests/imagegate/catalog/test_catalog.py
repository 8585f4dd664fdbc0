"""The catalog: every shipped row is sound, and a slip in a row is refused."""

from collections.abc import Callable
from datetime import date, timedelta
from importlib.resources import files

import pytest
from pydantic import ValidationError

from imagegate import providers
from imagegate.catalog import TomlCatalog, read_cards, read_text
from imagegate.domain.card import ModelCard
from imagegate.domain.request import Background, Quality, Size

PROVIDERS = sorted(
    file.name.removesuffix(".toml") for file in files("imagegate.catalog").iterdir() if file.name.endswith(".toml")
)
CARDS = TomlCatalog(tuple(PROVIDERS)).cards()
OLDEST_PRICE = timedelta(days=180)
# Moved on with each review of the prices, and not the clock's: the tests of an old clone still pass.
REVIEWED_ON = date(2026, 11, 22)

MODEL = """
[[models]]
name = "oils"
version = "1"
display_name = "Oils"
released_on = 2026-10-01
operations = ["generate"]
max_count = 1
max_prompt_characters = 100
output_formats = ["png"]
backgrounds = ["opaque"]
qualities = ["low"]
has_seed = true
has_negative_prompt = false
sizes = { default = "64x64", allowed = ["64x64", "64x128"] }
prices = [{ unit = "image", amount = "0.04", currency = "USD", source = "s", checked_on = 2026-11-01 }]
"""


def _stale(card: ModelCard, today: date) -> list[date]:
    return [price.checked_on for price in card.prices if not today - OLDEST_PRICE <= price.checked_on <= today]


@pytest.mark.parametrize("provider_id", PROVIDERS)
def test_every_provider_has_cards_and_an_adapter(provider_id: str) -> None:
    assert read_cards(provider_id)
    assert providers.load(provider_id)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_can_make_its_own_default(card: ModelCard) -> None:
    assert card.sizes.allows(card.sizes.default)
    assert card.operations
    assert card.max_count >= 1
    assert card.output_formats
    assert Background.AUTO not in card.backgrounds
    assert Quality.AUTO not in card.qualities


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_says_which_sizes_it_makes(card: ModelCard) -> None:
    assert str(card.sizes.max_side) in card.sizes.describe() or str(card.sizes.default) in card.sizes.describe()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_price_was_checked_within_half_a_year(card: ModelCard) -> None:
    assert _stale(card, REVIEWED_ON) == []


def test_a_price_that_was_checked_too_long_ago_or_in_the_future_is_noticed() -> None:
    card = read_text("painter", MODEL)[0]

    assert _stale(card, date(2026, 11, 1)) == []
    assert _stale(card, date(2027, 6, 1)) == [date(2026, 11, 1)]
    assert _stale(card, date(2026, 10, 31)) == [date(2026, 11, 1)]


def test_no_two_cards_share_an_id() -> None:
    assert len({card.id for card in CARDS}) == len(CARDS)


def test_a_file_is_read_into_cards() -> None:
    card = read_text("painter", MODEL)[0]

    assert card.id == "painter/oils"
    assert card.sizes.allowed == (Size(64, 64), Size(64, 128))
    assert str(card.prices[0].amount) == "0.04"
    assert card.notice is None


@pytest.mark.parametrize(
    "slip",
    [
        lambda text: text.replace('amount = "0.04"', "amount = 0.04"),
        lambda text: text.replace('amount = "0.04"', 'amount = "4e-2"'),
        lambda text: text.replace('amount = "0.04"', 'amount = "-1"'),
        lambda text: text.replace("max_count = 1", "max_count = 1\nmax_cuont = 2"),
        lambda text: text.replace('default = "64x64"', 'default = "64x64", step = 8'),
        lambda text: text.replace("has_seed = true\n", ""),
        lambda text: text.replace('unit = "image"', 'unit = "picture"'),
        lambda text: text.replace('operations = ["generate"]', 'operations = ["dream"]'),
        lambda text: text[: text.index("prices =")] + "prices = []",
        lambda text: "models = []",
    ],
)
def test_a_slip_in_a_row_is_refused(slip: Callable[[str], str]) -> None:
    with pytest.raises(ValidationError):
        read_text("painter", slip(MODEL))


def test_a_default_that_is_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="'large' is not WIDTHxHEIGHT"):
        read_text("painter", MODEL.replace('default = "64x64"', 'default = "large"'))


def test_a_card_is_found_by_its_id_among_the_configured_providers() -> None:
    catalog = TomlCatalog(("embedded",))

    assert catalog.card("embedded/scenes").name == "scenes"
    assert TomlCatalog(()).cards() == ()
