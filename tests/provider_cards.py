"""Provider cards of every kind there is, and memory in place of the stores that keep what is configured of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagegate.domain.card import ModelCard, ProviderCard
from imagegate.domain.provider import Provider


def a_provider_card(provider_id: str, **changes: Any) -> ProviderCard:
    facts: dict[str, Any] = {
        "display_name": provider_id.title(),
        "documentation": f"https://{provider_id}.example/docs",
        "base_url": f"https://{provider_id}.example/v1",
        "secret_fields": (("api_key",),),
        "setting_fields": (),
        "credential_hosts": (),
        "is_async": False,
        "has_webhook": False,
        "has_batch": False,
        "auth": "API key",
    }
    return ProviderCard(id=provider_id, **(facts | changes))


# A public one, one that calls back, one with two kinds of secret, one with a file, one with our own role, one people
# run, and our own.
CARDS: Mapping[str, ProviderCard] = {
    card.id: card
    for card in (
        a_provider_card("public", optional_setting_fields=("organization", "endpoint_url")),
        a_provider_card(
            "caller",
            optional_secret_fields=("webhook_secret",),
            optional_setting_fields=("callbacks", "batch_api"),
            has_webhook=True,
        ),
        a_provider_card(
            "office", base_url=None, secret_fields=(("api_key",), ("tenant_id", "client_id", "client_secret"))
        ),
        a_provider_card("cloud", secret_fields=(("credentials_json",),), setting_fields=("project", "location")),
        a_provider_card("role", secret_fields=(), setting_fields=("region",), auth="the gateway's own role"),
        a_provider_card("workshop", base_url=None, secret_fields=((), ("username", "password"))),
        a_provider_card("embedded", base_url=None, secret_fields=()),
    )
}
OWN = frozenset({"embedded"})


@dataclass
class MemorySecretStore:
    """`SecretStore` in a dictionary."""

    secrets: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def has(self, provider_id: str) -> bool:
        return provider_id in self.secrets

    def write(self, provider_id: str, fields: Mapping[str, str]) -> None:
        self.secrets[provider_id] = dict(fields)

    def delete(self, provider_id: str) -> None:
        self.secrets.pop(provider_id, None)


@dataclass
class MemoryConfigurationStore:
    """`ConfigurationStore` in a dictionary."""

    settings: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def read(self) -> Mapping[str, Mapping[str, str]]:
        return self.settings

    def write(self, provider_id: str, settings: Mapping[str, str] | None) -> None:
        self.settings.pop(provider_id, None)
        if settings is not None:
            self.settings[provider_id] = dict(settings)


@dataclass
class Configured:
    """`Catalog` and `Providers` over given cards and settings."""

    given: tuple[ModelCard, ...]
    given_settings: Mapping[str, str] = field(default_factory=dict)
    given_url: str = "https://provider.example/v1"

    def cards(self) -> tuple[ModelCard, ...]:
        return self.given

    def all_cards(self) -> tuple[ModelCard, ...]:
        return self.given

    def card(self, model_id: str) -> ModelCard:
        return next(card for card in self.given if card.id == model_id)

    def provider(self, provider_id: str) -> ProviderCard:
        return a_provider_card(provider_id)

    def unconfigured(self, model_id: str) -> ProviderCard | None:
        return None

    def adapter(self, provider_id: str) -> Provider:
        raise NotImplementedError

    def base_url(self, provider_id: str) -> str:
        return self.given_url

    def settings(self, provider_id: str) -> Mapping[str, str]:
        return self.given_settings
