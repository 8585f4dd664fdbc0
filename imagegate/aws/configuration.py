"""Which providers are configured, and their settings that are no secret: one small item, read again after a minute."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagegate.aws.items import from_item, key, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

CACHE_SECONDS = 60.0
_KEY = key("CONFIGURATION", "PROVIDERS")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """The settings of every configured provider, by its id."""

    providers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoConfigurationStore:
    """Reads and writes the settings."""

    client: "DynamoDBClient"
    table: str
    monotonic: Callable[[], float] = time.monotonic
    _cache: list[tuple[float, ProviderSettings]] = field(default_factory=list)

    def read(self) -> Mapping[str, Mapping[str, str]]:
        """Return the settings of every configured provider."""
        now = self.monotonic()
        if not self._cache or self._cache[0][0] <= now:
            self._cache[:] = [(now + CACHE_SECONDS, self._read())]
        return self._cache[0][1].providers

    def write(self, provider_id: str, settings: Mapping[str, str] | None) -> None:
        """Configure a provider, or take it away with None."""
        providers = {name: value for name, value in self._read().providers.items() if name != provider_id}
        if settings is not None:
            providers[provider_id] = dict(settings)
        self.client.put_item(TableName=self.table, Item=to_item(_KEY, ProviderSettings(providers=providers)))
        self._cache.clear()

    def _read(self) -> ProviderSettings:
        # Consistent: a write that begins with an old state would take back what was written a moment before.
        answer = self.client.get_item(TableName=self.table, Key=_KEY, ConsistentRead=True)
        return from_item(ProviderSettings, answer["Item"]) if "Item" in answer else ProviderSettings()
