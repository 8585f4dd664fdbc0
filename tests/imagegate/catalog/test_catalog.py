"""The catalog: every shipped row is sound, and a slip in a row is refused."""

import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from imagegate.catalog import TomlCatalog, all_provider_ids, find_card, provider_cards, read_file
from imagegate.catalog.rows import FileRow
from imagegate.domain.card import Lifecycle, ModelCard, ProviderCard, Range
from imagegate.domain.request import Background, Operation, Quality, Size

CARDS = TomlCatalog(all_provider_ids()).cards()
OLDEST_PRICE = timedelta(days=180)

MODEL = """
[provider]
display_name = "Painter"
documentation = "https://painter.example/docs"
base_url = "https://painter.example/v1"
secret_fields = [["api_key"], ["client_id", "client_secret"]]
is_async = true
has_webhook = false
has_batch = false
auth = "API key"

[[models]]
name = "oils"
version = "1"
display_name = "Oils"
released_on = 2026-10-01
operations = ["generate"]
max_count = 2
images_per_call = 1
max_prompt_characters = 100
output_formats = ["png"]
backgrounds = ["opaque"]
qualities = ["low"]
has_seed = true
has_negative_prompt = false
steps = [1, 50]
shutdown_on = 2027-01-01
replacement = "painter/inks"
sizes = { default = "64x64", allowed = ["64x64", "64x128"] }
prices = [{ unit = "image", amount = "0.04", currency = "USD", source = "s", checked_on = 2026-11-01 }]
"""


def _stale(card: ModelCard, today: date) -> list[date]:
    return [price.checked_on for price in card.prices if not today - OLDEST_PRICE <= price.checked_on <= today]


def _read(text: str) -> tuple[ProviderCard, ModelCard]:
    row = FileRow.model_validate(tomllib.loads(text))
    return row.provider.to_domain("painter"), row.models[0].to_domain("painter")


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_can_make_its_own_default(card: ModelCard) -> None:
    assert card.sizes.allows(card.sizes.default) or Operation.GENERATE not in card.operations
    assert 1 <= card.images_per_call <= card.max_count
    assert card.default_format in card.output_formats
    assert card.default_quality in {Quality.AUTO, *card.qualities}
    assert card.operations
    assert card.max_count >= 1
    assert card.output_formats
    assert Background.AUTO not in card.backgrounds
    assert Quality.AUTO not in card.qualities


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_price_was_checked_within_half_a_year(card: ModelCard) -> None:
    # The clock's own day: prices that nobody has looked at for so long must not stay unnoticed.
    assert _stale(card, datetime.now(UTC).date()) == []


def test_a_price_that_was_checked_too_long_ago_or_in_the_future_is_noticed() -> None:
    card = _read(MODEL)[1]

    assert _stale(card, date(2026, 11, 1)) == []
    assert _stale(card, date(2027, 6, 1)) == [date(2026, 11, 1)]
    assert _stale(card, date(2026, 10, 31)) == [date(2026, 11, 1)]


def test_no_two_cards_share_an_id() -> None:
    assert len({card.id for card in CARDS}) == len(CARDS)


def test_a_file_is_read_into_cards() -> None:
    card = _read(MODEL)[1]

    assert card.id == "painter/oils"
    assert card.sizes.allowed == (Size(64, 64), Size(64, 128))
    assert str(card.prices[0].amount) == "0.04"
    assert card.notice is None
    assert card.steps == Range(minimum=1, maximum=50)
    assert (card.max_count, card.images_per_call) == (2, 1)
    assert card.lifecycle == Lifecycle(
        released_on=date(2026, 10, 1), shutdown_on=date(2027, 1, 1), replacement="painter/inks"
    )


def test_labels_imply_the_list_of_sizes() -> None:
    labels = '{ default = "64x64", labels = { "64x64" = "1:1", "64x128" = "1:2" }, is_adaptable = true }'

    sizes = _read(MODEL.replace('{ default = "64x64", allowed = ["64x64", "64x128"] }', labels))[1].sizes

    assert sizes.allowed == (Size(64, 64), Size(64, 128))
    assert sizes.labels == {Size(64, 64): "1:1", Size(64, 128): "1:2"}


def test_the_provider_is_read_with_its_kinds_of_secret() -> None:
    card = _read(MODEL)[0]

    assert (card.id, card.display_name, card.base_url) == ("painter", "Painter", "https://painter.example/v1")
    assert card.secret_fields == (("api_key",), ("client_id", "client_secret"))
    assert (card.setting_fields, card.credential_hosts, card.is_async) == ((), (), True)
    assert card.optional_secret_fields == ()


def test_a_secret_may_have_more_fields_and_settings_more_names() -> None:
    more = 'optional_secret_fields = ["webhook_secret"]\noptional_setting_fields = ["callbacks"]\nis_async'

    card = _read(MODEL.replace("is_async", more))[0]

    assert card.optional_secret_fields == ("webhook_secret",)
    assert card.optional_setting_fields == ("callbacks",)


def test_conditions_of_a_price_are_read() -> None:
    conditions = 'qualities = ["low"], operations = ["edit"], sizes = ["64x64"], estimate = true, unit = "image"'

    (price,) = _read(MODEL.replace('unit = "image"', conditions))[1].prices

    assert price.qualities == {Quality.LOW}
    assert price.operations == {Operation.EDIT}
    assert price.sizes == {Size(64, 64)}
    assert price.estimate


@pytest.mark.parametrize(
    "slip",
    [
        lambda text: text.replace('amount = "0.04"', "amount = 0.04"),
        lambda text: text.replace('amount = "0.04"', 'amount = "4e-2"'),
        lambda text: text.replace('amount = "0.04"', 'amount = "-1"'),
        lambda text: text.replace("max_count = 2", "max_count = 2\nmax_cuont = 2"),
        lambda text: text.replace("max_count = 2", "max_count = 0"),
        lambda text: text.replace("steps = [1, 50]", "steps = [1]"),
        lambda text: text.replace("is_async = true\n", ""),
        lambda text: text.replace('auth = "API key"', 'auth = "API key"\nregion = "eu"'),
        lambda text: text.replace('default = "64x64"', 'default = "64x64", step = 8'),
        lambda text: text.replace("has_seed = true\n", 'has_seed = "perhaps"\n'),
        lambda text: text.replace('unit = "image"', 'unit = "picture"'),
        lambda text: text.replace('operations = ["generate"]', 'operations = ["dream"]'),
        lambda text: text[: text.index("prices =")] + "prices = []",
        lambda text: text[: text.index("[[models]]")] + "models = []",
        lambda text: text[text.index("[[models]]") :],
    ],
)
def test_a_slip_in_a_row_is_refused(slip: Callable[[str], str]) -> None:
    with pytest.raises(ValidationError):
        _read(slip(MODEL))


def test_a_default_that_is_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="'large' is not WIDTHxHEIGHT"):
        _read(MODEL.replace('default = "64x64"', 'default = "large"'))


def test_a_card_is_found_by_its_id_among_the_configured_providers() -> None:
    assert find_card("embedded/scenes").name == "scenes"
    assert TomlCatalog(()).cards() == ()
    assert read_file("embedded")[0] == provider_cards()["embedded"]


def test_the_demo_model_comes_last_so_that_it_is_no_first_choice() -> None:
    assert all_provider_ids()[-1] == "embedded"
    assert list(provider_cards()) == list(all_provider_ids())


def test_a_model_without_configuration_is_told_from_one_that_is_not_there() -> None:
    embedded = read_file("embedded")[0]

    assert TomlCatalog(()).unconfigured("embedded/scenes") == embedded
    assert TomlCatalog(("embedded",)).unconfigured("embedded/scenes") is None
    assert TomlCatalog(()).unconfigured("embedded/portraits") is None
    assert TomlCatalog(()).unconfigured("../embedded/scenes") is None
