"""Provider secrets in Secrets Manager: one JSON object of text fields each, read when needed, and again later."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from imagegate.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

# A rotated secret is picked up within this time, without a deployment.
CACHE_SECONDS = 300.0
_FIELDS = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsManagerStore:
    """Reads and writes secrets under one prefix."""

    client: "SecretsManagerClient"
    prefix: str
    monotonic: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, Mapping[str, str]]] = field(default_factory=dict)

    def read(self, provider_id: str) -> Mapping[str, str]:
        """Return the fields of a provider's secret; none where there is no secret."""
        now = self.monotonic()
        cached = self._cache.get(provider_id)
        if cached is not None and cached[0] > now:
            return cached[1]
        fields = self._read(provider_id)
        self._cache[provider_id] = (now + CACHE_SECONDS, fields)
        return fields

    def forget(self, provider_id: str) -> None:
        """Read the secret again next time: its provider has just refused it."""
        self._cache.pop(provider_id, None)

    def has(self, provider_id: str) -> bool:
        """Tell whether there is a secret, without reading it."""
        try:
            answer = self.client.describe_secret(SecretId=f"{self.prefix}{provider_id}")
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return "DeletedDate" not in answer

    def write(self, provider_id: str, fields: Mapping[str, str]) -> None:
        """Create or replace a secret."""
        name, text = f"{self.prefix}{provider_id}", json.dumps(dict(fields), sort_keys=True)
        try:
            self.client.put_secret_value(SecretId=name, SecretString=text)
        except self.client.exceptions.ResourceNotFoundException:
            self.client.create_secret(Name=name, SecretString=text)
        self.forget(provider_id)

    def delete(self, provider_id: str) -> None:
        """Delete a secret at once: a key that was taken away must not come back, and its name must be free again."""
        with suppress(self.client.exceptions.ResourceNotFoundException):
            self.client.delete_secret(SecretId=f"{self.prefix}{provider_id}", ForceDeleteWithoutRecovery=True)
        self.forget(provider_id)

    def _read(self, provider_id: str) -> Mapping[str, str]:
        try:
            answer = self.client.get_secret_value(SecretId=f"{self.prefix}{provider_id}")
        except self.client.exceptions.ResourceNotFoundException:
            return {}
        try:
            return _FIELDS.validate_json(answer.get("SecretString", ""))
        except ValidationError as error:
            message = (
                f"The secret {self.prefix}{provider_id} is no JSON object of texts. "
                f"Run `imagegate secrets set {provider_id}`."
            )
            raise ConfigurationError(message) from error
