"""The configured providers: which can be asked, where, and with which settings."""

from collections.abc import Mapping

import pytest

from imagegate.catalog import all_provider_ids, read_file
from imagegate.configured import ConfiguredProviders
from imagegate.domain.errors import ConfigurationError
from imagegate.providers.embedded import provider as embedded

LAMBDA = "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/embedded/invocations"
# One with a public address, and one that has none.
PUBLIC = "openai"
PRIVATE = "openai_compatible"


def _configured(
    settings: Mapping[str, Mapping[str, str]] | None = None, stand_ins: Mapping[str, str] | None = None
) -> ConfiguredProviders:
    return ConfiguredProviders(
        read_settings=lambda: settings or {}, own={"embedded": LAMBDA}, stand_ins=stand_ins or {}
    )


def test_the_demo_model_needs_no_configuration() -> None:
    configured = _configured()

    assert configured.configured_ids() == ("embedded",)
    assert [card.id for card in configured.cards()] == ["embedded/scenes"]
    assert configured.base_url("embedded") == LAMBDA
    assert configured.adapter("embedded") is embedded
    assert configured.settings("embedded") == {}


def test_what_an_operator_configured_comes_before_the_demo_model() -> None:
    configured = _configured({PUBLIC: {"organization": "o1"}})

    assert configured.configured_ids() == (PUBLIC, "embedded")
    assert configured.cards()[0].provider == PUBLIC
    assert configured.cards()[-1].id == "embedded/scenes"
    assert configured.settings(PUBLIC) == {"organization": "o1"}


def test_settings_of_a_provider_that_is_unknown_by_now_are_left_out() -> None:
    assert _configured({"gone": {}}).configured_ids() == ("embedded",)


def test_the_address_is_a_tests_before_the_operators_before_the_public_one() -> None:
    public = read_file(PUBLIC)[0].base_url
    settings = {PUBLIC: {"base_url": "https://proxy.example/v1/"}}

    assert _configured().base_url(PUBLIC) == (public or "").rstrip("/")
    assert _configured(settings).base_url(PUBLIC) == "https://proxy.example/v1"
    assert _configured(settings, {PUBLIC: "http://127.0.0.1:9/"}).base_url(PUBLIC) == "http://127.0.0.1:9"
    assert _configured(stand_ins={"embedded": "http://127.0.0.1:9"}).base_url("embedded") == "http://127.0.0.1:9"


def test_a_provider_without_any_address_names_the_command() -> None:
    with pytest.raises(ConfigurationError, match=f"imagegate providers set {PRIVATE} base_url="):
        _configured({PRIVATE: {}}).base_url(PRIVATE)


def test_a_stand_in_is_configured_and_its_origin_is_trusted() -> None:
    configured = _configured(stand_ins={PUBLIC: "http://127.0.0.1:9/v1", "bfl": "http://localhost:8"})

    assert configured.configured_ids() == ("bfl", PUBLIC, "embedded")
    assert configured.trusted_origins() == {"http://127.0.0.1:9", "http://localhost:8"}
    assert _configured({PUBLIC: {"base_url": "https://proxy.example"}}).trusted_origins() == frozenset()


def test_a_model_that_is_not_configured_is_known_by_its_provider() -> None:
    configured = _configured()
    model = read_file(PUBLIC)[1][0].id

    unconfigured = configured.unconfigured(model)

    assert unconfigured == configured.provider(PUBLIC) == read_file(PUBLIC)[0]
    assert configured.card(model).id == model
    assert _configured({PUBLIC: {}}).unconfigured(model) is None
    assert configured.unconfigured(f"{PUBLIC}/no-such-model") is None
    assert configured.unconfigured("nobody/model") is None
    assert configured.unconfigured("auto") is None


def test_the_whole_catalog_is_known() -> None:
    assert {card.provider for card in _configured().all_cards()} == set(all_provider_ids())
