"""The configured providers: which of the catalog's can be asked now, where, and with which settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from imagegate.catalog import TomlCatalog, all_provider_ids, find_card, read_file
from imagegate.domain.card import ModelCard, ProviderCard
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.provider import Provider
from imagegate.providers import load

BASE_URL = "base_url"
EMBEDDED = "embedded"

Settings = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredProviders:
    """`Providers` and `Catalog` over what an operator configured; the demo model is always there."""

    read_settings: Callable[[], Settings]
    # Addresses that follow from the deployment itself.
    own: Mapping[str, str]
    # Addresses that win over everything, so that a stand-in can take any provider's place in a test.
    stand_ins: Mapping[str, str]

    def adapter(self, provider_id: str) -> Provider:
        """Load the adapter."""
        return load(provider_id)

    def settings(self, provider_id: str) -> Mapping[str, str]:
        """Return the provider's settings that are no secret."""
        return self.read_settings().get(provider_id, {})

    def base_url(self, provider_id: str) -> str:
        """Return the address: a test's, the operator's, or the provider's public one.

        Raises:
            ConfigurationError: the provider has no public address and none was configured.
        """
        url = (
            self.stand_ins.get(provider_id)
            or self.own.get(provider_id)
            or self.settings(provider_id).get(BASE_URL)
            or self.provider(provider_id).base_url
        )
        if url is None:
            message = (
                f"{provider_id} needs an address. Run `imagegate providers set {provider_id} base_url=https://...`."
            )
            raise ConfigurationError(message)
        return url.rstrip("/")

    def trusted_origins(self) -> frozenset[str]:
        """Return the origins of the stand-ins, which may lie on this machine."""
        parts = [urlsplit(url) for url in self.stand_ins.values()]
        return frozenset(f"{one.scheme}://{one.netloc}" for one in parts)

    def configured_ids(self) -> tuple[str, ...]:
        """Return the ids of the providers that can be asked, in the catalog's order."""
        configured = {*self.own, *self.stand_ins, *self.read_settings()}
        return tuple(provider_id for provider_id in all_provider_ids() if provider_id in configured)

    def cards(self) -> tuple[ModelCard, ...]:
        """Return the cards of the configured providers."""
        return self._catalog().cards()

    def all_cards(self) -> tuple[ModelCard, ...]:
        """Return the cards of every provider there is."""
        return TomlCatalog(all_provider_ids()).cards()

    def card(self, model_id: str) -> ModelCard:
        """Return the card of a model that a route has chosen."""
        return find_card(model_id)

    def provider(self, provider_id: str) -> ProviderCard:
        """Return what is known of a provider."""
        return read_file(provider_id)[0]

    def unconfigured(self, model_id: str) -> ProviderCard | None:
        """Return the provider of a model that exists but whose provider is not configured."""
        return self._catalog().unconfigured(model_id)

    def _catalog(self) -> TomlCatalog:
        return TomlCatalog(self.configured_ids())
