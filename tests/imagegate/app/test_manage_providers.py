"""Configuring providers: what is accepted, what is refused without repeating it, and what is said to be missing."""

import json
import pickle
from collections.abc import Callable, Mapping

import pytest

from imagegate.app.manage_providers import (
    InvalidProviderValueError,
    ManageProviders,
    ProviderState,
    UnknownProviderError,
)
from tests.provider_cards import CARDS, OWN, MemoryConfigurationStore, MemorySecretStore

KEY = "sk-very-secret"
KEY_FILE = '{"type": "service_account", "private_key": "very secret"}'


@pytest.fixture
def secrets() -> MemorySecretStore:
    return MemorySecretStore()


@pytest.fixture
def configuration() -> MemoryConfigurationStore:
    return MemoryConfigurationStore()


@pytest.fixture
def manage(secrets: MemorySecretStore, configuration: MemoryConfigurationStore) -> ManageProviders:
    return ManageProviders(cards=CARDS, own=OWN, secrets=secrets, configuration=configuration)


def test_a_secret_makes_a_public_provider_ready(manage: ManageProviders, secrets: MemorySecretStore) -> None:
    before = manage.read("public")

    after = manage.set_secret("public", {"api_key": f" {KEY}\n"})

    assert (before.is_ready, before.missing, before.commands) == (
        False,
        ("secret (api_key)",),
        ("imagegate secrets set public",),
    )
    assert (after.is_ready, after.missing, after.commands) == (True, (), ())
    assert secrets.secrets == {"public": {"api_key": KEY}}


def test_a_new_secret_keeps_the_settings(
    manage: ManageProviders, secrets: MemorySecretStore, configuration: MemoryConfigurationStore
) -> None:
    manage.set_settings("public", {"base_url": "https://eu.public.example/v1"})
    manage.set_secret("public", {"api_key": "old"})

    manage.set_secret("public", {"api_key": KEY})

    assert secrets.secrets["public"] == {"api_key": KEY}
    assert configuration.settings == {"public": {"base_url": "https://eu.public.example/v1"}}


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": KEY},
        {"tenant_id": "t", "client_id": "c", "client_secret": KEY},
        {"tenant_id": "t", "client_id": "c", "client_secret": KEY, "api_key": KEY},
    ],
)
def test_either_kind_of_secret_is_enough(
    manage: ManageProviders, secrets: MemorySecretStore, fields: Mapping[str, str]
) -> None:
    manage.set_secret("office", fields)

    assert secrets.secrets["office"] == fields


@pytest.mark.parametrize("fields", [{"api_key": KEY}, {"api_key": KEY, "webhook_secret": "whsec_MfKQ9r8G"}])
def test_a_secret_may_have_an_optional_field(
    manage: ManageProviders, secrets: MemorySecretStore, fields: Mapping[str, str]
) -> None:
    assert manage.read("caller").missing == ("secret (api_key)",)
    assert manage.set_secret("caller", fields).is_ready
    assert secrets.secrets["caller"] == fields


@pytest.mark.parametrize("wish", ["on", "off"])
def test_callbacks_are_turned_on_and_off_and_left_to_the_provider(manage: ManageProviders, wish: str) -> None:
    assert manage.set_settings("caller", {"callbacks": wish}).settings == {"callbacks": wish}
    assert manage.set_settings("caller", {"callbacks": ""}).settings == {}


@pytest.mark.parametrize(
    ("provider", "fields", "told"),
    [
        ("public", {}, "consists of api_key; given was nothing"),
        ("public", {"apikey": KEY}, "has no field apikey. It consists of api_key"),
        ("public", {"api_key": KEY, "region": KEY}, "has no field region"),
        ("public", {"api_key": KEY, "webhook_secret": KEY}, "has no field webhook_secret"),
        (
            "caller",
            {"webhook_secret": KEY},
            "consists of api_key, and may have webhook_secret; given was webhook_secret",
        ),
        ("caller", {"apikey": KEY}, "has no field apikey. It consists of api_key, and may have webhook_secret"),
        ("office", {"tenant_id": KEY}, "api_key or tenant_id + client_id + client_secret; given was tenant_id"),
        ("office", {"api_key": KEY, "tenant_id": KEY}, "given was api_key, tenant_id"),
        ("workshop", {}, "consists of username + password; given was nothing"),
        ("role", {"api_key": KEY}, "takes no secret: it is used with the gateway's own role"),
        ("public", {"api_key": " "}, "'api_key' is empty"),
        ("public", {"api_key": f"{KEY}\nx-injected: 1"}, "cannot be sent in a header"),
        ("public", {"api_key": f"{KEY}é"}, "cannot be sent in a header"),
        ("cloud", {"credentials_json": KEY}, "must hold a JSON object"),
        ("cloud", {"credentials_json": f'["{KEY}"]'}, "--from-file credentials_json=key.json"),
        ("embedded", {"api_key": KEY}, "comes with the gateway"),
    ],
)
def test_an_unfit_secret_is_refused_unwritten_and_never_repeated(  # noqa: PLR0917 - a table of cases
    manage: ManageProviders,
    secrets: MemorySecretStore,
    configuration: MemoryConfigurationStore,
    provider: str,
    fields: Mapping[str, str],
    told: str,
) -> None:
    with pytest.raises(InvalidProviderValueError) as refused:
        manage.set_secret(provider, fields)

    assert told in str(refused.value)
    assert KEY not in str(refused.value)
    assert (secrets.secrets, configuration.settings) == ({}, {})


def test_a_file_is_a_secret_and_its_settings_are_asked_for_next(
    manage: ManageProviders, secrets: MemorySecretStore
) -> None:
    state = manage.set_secret("cloud", {"credentials_json": KEY_FILE})

    assert json.loads(secrets.secrets["cloud"]["credentials_json"])["type"] == "service_account"
    assert (state.is_configured, state.is_ready, state.missing) == (True, False, ("project", "location"))
    assert state.commands == ("imagegate providers set cloud project=... location=...",)


def test_no_state_holds_a_secret(manage: ManageProviders) -> None:
    manage.set_secret("public", {"api_key": KEY})

    assert KEY not in repr(manage.list())
    assert KEY.encode() not in pickle.dumps(manage.list())


def test_settings_are_merged_and_an_empty_one_is_taken_away(manage: ManageProviders) -> None:
    manage.set_settings("cloud", {"project": "one", "location": "europe-west4"})

    state = manage.set_settings("cloud", {"project": "two", "location": ""})

    assert state.settings == {"project": "two"}
    assert state.missing == ("secret (credentials_json)", "location")
    assert state.commands == ("imagegate secrets set cloud", "imagegate providers set cloud location=...")


def test_a_provider_with_our_own_role_needs_settings_only(manage: ManageProviders) -> None:
    assert manage.read("role").commands == ("imagegate providers set role region=...",)
    assert manage.set_settings("role", {"region": "us-west-2"}).is_ready


def test_a_provider_whose_secret_is_optional_needs_an_address_only(manage: ManageProviders) -> None:
    assert manage.read("workshop").commands == ("imagegate providers set workshop base_url=https://...",)
    assert manage.set_settings("workshop", {"base_url": "http://127.0.0.1:8188"}).is_ready


@pytest.mark.parametrize(
    ("provider", "settings", "told"),
    [
        (
            "public",
            {"region": "eu"},
            "public has no setting 'region'. It has organization, endpoint_url, base_url, max_in_flight.",
        ),
        ("public", {"max_in_flight": "0"}, "The setting 'max_in_flight' is a whole number from 1 to 1000."),
        ("public", {"max_in_flight": "many"}, "The setting 'max_in_flight' is a whole number from 1 to 1000."),
        ("public", {"api_key": KEY}, "For secrets there is `imagegate secrets set public`"),
        ("caller", {"webhook_secret": KEY}, "For secrets there is `imagegate secrets set caller`"),
        ("caller", {"callbacks": "yes"}, "'callbacks' is 'on' or 'off'"),
        ("caller", {"batch_api": "yes"}, "'batch_api' is 'on' or 'off'"),
        ("public", {"callbacks": "on"}, "public has no setting 'callbacks'"),
        ("cloud", {"project": "one\n"}, "holds a line break"),
        ("embedded", {"base_url": "https://x.example"}, "comes with the gateway"),
    ],
)
def test_an_unknown_or_unclean_setting_is_refused(
    manage: ManageProviders,
    configuration: MemoryConfigurationStore,
    provider: str,
    settings: Mapping[str, str],
    told: str,
) -> None:
    with pytest.raises(InvalidProviderValueError) as refused:
        manage.set_settings(provider, settings)

    assert told in str(refused.value)
    assert KEY not in str(refused.value)
    assert configuration.settings == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://gpu.example/v1",
        "http://localhost:8188",
        "http://127.0.0.1:8188",
        "http://[::1]:8188",
        "http://10.1.2.3",
        "http://[fd00::1]/v1",
        "http://comfyui:8188",
        "http://gpu.internal",
        "http://gpu.local",
    ],
)
def test_what_people_run_themselves_may_lie_in_their_network(manage: ManageProviders, url: str) -> None:
    assert manage.set_settings("workshop", {"base_url": url}).settings == {"base_url": url}


@pytest.mark.parametrize("url", ["http://8.8.8.8", "http://gpu.example", "http://169.254.169.254", "http://0.0.0.0"])
def test_credentials_never_go_to_a_public_or_metadata_address_in_the_clear(manage: ManageProviders, url: str) -> None:
    with pytest.raises(InvalidProviderValueError, match="loopback or private host"):
        manage.set_settings("workshop", {"base_url": url})


@pytest.mark.parametrize("url", ["http://public.example/v1", "http://127.0.0.1:9", "http://10.0.0.1"])
def test_a_public_provider_takes_https_only(manage: ManageProviders, url: str) -> None:
    with pytest.raises(InvalidProviderValueError, match="must begin with https://:"):
        manage.set_settings("public", {"base_url": url})


def test_an_endpoint_of_ones_own_may_be_private_and_is_checked_too(manage: ManageProviders) -> None:
    assert manage.set_settings("public", {"organization": "us", "endpoint_url": "http://10.0.0.1"}).settings

    with pytest.raises(InvalidProviderValueError, match="endpoint_url of public must begin"):
        manage.set_settings("public", {"endpoint_url": "http://public.example"})


@pytest.mark.parametrize(
    "url",
    [
        "gpu.example",
        "ftp://gpu.example",
        "https://",
        "https://[gpu",
        "https://gpu:port",
        "https://user:password@gpu.example",
        "https://gpu.example?key=1",
        "https://gpu.example#part",
    ],
)
def test_an_address_that_is_none_is_refused(manage: ManageProviders, url: str) -> None:
    with pytest.raises(InvalidProviderValueError, match="no usable address"):
        manage.set_settings("workshop", {"base_url": url})


def test_a_removed_provider_keeps_its_secret_and_says_how_to_come_back(
    manage: ManageProviders, secrets: MemorySecretStore
) -> None:
    manage.set_secret("public", {"api_key": KEY})

    state = manage.remove("public")

    assert (state.is_configured, state.has_secret) == (False, True)
    assert state.commands == ("imagegate providers set public",)
    assert "public" in secrets.secrets
    assert manage.set_settings("public", {}).is_ready


def test_a_provider_is_removed_with_its_secret_where_that_is_asked_for(
    manage: ManageProviders, secrets: MemorySecretStore
) -> None:
    manage.set_secret("public", {"api_key": KEY})

    assert not manage.remove("public", with_secret=True).has_secret
    assert secrets.secrets == {}


def test_without_its_secret_a_provider_is_configured_only_if_it_can_do_without(manage: ManageProviders) -> None:
    manage.set_secret("public", {"api_key": KEY})
    manage.set_secret("workshop", {"username": "me", "password": KEY})

    assert not manage.remove_secret("public").is_configured
    assert manage.remove_secret("workshop").is_configured


def test_every_provider_of_the_catalog_is_listed_and_our_own_is_always_ready(manage: ManageProviders) -> None:
    states = {state.card.id: state for state in manage.list()}

    assert list(states) == list(CARDS)
    assert [name for name, state in states.items() if state.is_ready] == ["embedded"]


@pytest.mark.parametrize(
    "change",
    [
        lambda manage: manage.set_secret("nobody", {"api_key": KEY}),
        lambda manage: manage.remove_secret("nobody"),
        lambda manage: manage.set_settings("nobody", {}),
        lambda manage: manage.remove("nobody"),
    ],
)
def test_an_unknown_provider_is_refused_everywhere(
    manage: ManageProviders, change: Callable[[ManageProviders], ProviderState]
) -> None:
    with pytest.raises(UnknownProviderError, match="nobody"):
        change(manage)
