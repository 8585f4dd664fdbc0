"""The catalog: a TOML file for each provider with its models and dated prices, read strictly, as a slip costs money."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from imagegate.catalog.rows import FileRow
from imagegate.domain.card import ModelCard, ProviderCard


@dataclass(frozen=True, slots=True)
class TomlCatalog:
    """The files of the configured providers, in their order."""

    provider_ids: tuple[str, ...]

    def cards(self) -> tuple[ModelCard, ...]:
        """Return every card of the configured providers."""
        return tuple(card for provider_id in self.provider_ids for card in read_file(provider_id)[1])

    def unconfigured(self, model_id: str) -> ProviderCard | None:
        """Return the provider of a model that exists but whose provider is not configured."""
        provider_id = model_id.partition("/")[0]
        if provider_id in self.provider_ids or provider_id not in all_provider_ids():
            return None
        provider, cards = read_file(provider_id)
        return provider if any(card.id == model_id for card in cards) else None


def find_card(model_id: str) -> ModelCard:
    """Return the card with this id, which a route has found in the catalog before."""
    return next(card for card in read_file(model_id.partition("/")[0])[1] if card.id == model_id)


@cache
def all_provider_ids() -> tuple[str, ...]:
    """Return the ids of all providers that have a file; the demo model comes last, so that it is no first choice."""
    names = [file.name.removesuffix(".toml") for file in files(__package__).iterdir() if file.name.endswith(".toml")]
    return tuple(sorted(names, key=lambda name: (name == "embedded", name)))


def provider_cards() -> Mapping[str, ProviderCard]:
    """Return what is known of every provider, by its id and in the catalog's order."""
    return {provider_id: read_file(provider_id)[0] for provider_id in all_provider_ids()}


@cache
def read_file(provider_id: str) -> tuple[ProviderCard, tuple[ModelCard, ...]]:
    """Read the catalog file of one provider."""
    text = files(__package__).joinpath(f"{provider_id}.toml").read_text(encoding="utf-8")
    row = FileRow.model_validate(tomllib.loads(text))
    return row.provider.to_domain(provider_id), tuple(model.to_domain(provider_id) for model in row.models)
