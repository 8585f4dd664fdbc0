"""Adapters, one file a provider, found by file name and imported only when a route has chosen them."""

import importlib

from imagegate.domain.provider import Provider


def load(provider_id: str) -> Provider:
    """Import the adapter of a provider that has a catalog file."""
    module = importlib.import_module(f"imagegate.providers.{provider_id}")
    adapter: Provider = module.provider
    return adapter
