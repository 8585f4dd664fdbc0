"""What a deployment may choose, read from the CDK context; knows nothing of CDK, so that it is tested without it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DEFAULT_NAME: Final = "imagegate"
DEFAULT_PUBLISHED_DAYS: Final = 365


class ConfigurationError(ValueError):
    """A context value that cannot be used; the message names it and says what would do."""


class Target(StrEnum):
    """Where the stack will run: the wheels it carries and whether its data outlives it depend on this."""

    AWS = "aws"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The checked choices; `provider_endpoints` stays the JSON text that the route function reads."""

    target: Target
    name: str
    provider_endpoints: str
    keeps_data: bool
    published_days: int
    alarm_email: str | None

    def named(self, base: str) -> str:
        """Turn one of the shared resource names into this deployment's, for accounts that hold several."""
        return self.name + base.removeprefix(DEFAULT_NAME)


def read(context: Callable[[str], object]) -> Configuration:
    """Read the configuration from a context lookup such as `app.node.try_get_context`."""
    target = _target(context("target"))
    return Configuration(
        target=target,
        name=_name(context("name")),
        provider_endpoints=_provider_endpoints(context("provider_endpoints")),
        keeps_data=_boolean("keeps_data", context("keeps_data"), default=target is Target.AWS),
        published_days=_days("published_days", context("published_days"), default=DEFAULT_PUBLISHED_DAYS),
        alarm_email=_optional_text(context("alarm_email")),
    )


def _target(value: object) -> Target:
    try:
        return Target(str(value or Target.AWS))
    except ValueError as error:
        raise ConfigurationError(f"target is {value!r}; use `-c target=aws` or `-c target=local`") from error


def _name(value: object) -> str:
    name = str(value or DEFAULT_NAME)
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,29}", name):
        raise ConfigurationError(f"name is {name!r}; use 2 to 30 lower-case letters, digits and hyphens")
    return name


def _provider_endpoints(value: object) -> str:
    try:
        endpoints = json.loads(value) if isinstance(value, str) else (value or {})
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"provider_endpoints is not JSON: {error}") from error
    if not isinstance(endpoints, Mapping) or not all(isinstance(url, str) for url in endpoints.values()):
        raise ConfigurationError('provider_endpoints must be an object, such as {"openai": "https://proxy.example"}')
    return json.dumps(endpoints, sort_keys=True, separators=(",", ":"))


def _boolean(name: str, value: object, *, default: bool) -> bool:
    if value is None:
        return default
    text = str(value).lower()
    if text not in {"true", "false"}:
        raise ConfigurationError(f"{name} is {value!r}; use true or false")
    return text == "true"


def _days(name: str, value: object, *, default: int) -> int:
    text = str(default if value is None else value)
    if not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(f"{name} is {value!r}; use a whole number of days, at least 1")
    return int(text)


def _optional_text(value: object) -> str | None:
    return str(value) if value else None
