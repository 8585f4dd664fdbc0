"""Manage providers: secrets go in and are never read back here, settings can be seen; each answer says what is missing.

A provider is configured as soon as it has an entry in the configuration; it can be asked once nothing is missing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from imagegate.app.ports import ConfigurationStore, SecretStore
from imagegate.domain.callback import CALLBACKS_SETTING, OFF, ON
from imagegate.domain.card import ProviderCard
from imagegate.domain.origin import is_private_host
from imagegate.domain.slot import MAX_IN_FLIGHT_SETTING, MOST_SLOTS, is_limit
from imagegate.domain.vendor_batch import BATCH_API

BASE_URL = "base_url"
# Fields with this ending hold a whole JSON file.
JSON_ENDING = "_json"
_URL_ENDING = "_url"
HOW_TO_LIST = "`imagegate providers list` shows all."


class UnknownProviderError(LookupError):
    """The catalog has no provider with this id."""


class InvalidProviderValueError(ValueError):
    """A secret or a setting cannot be accepted; the message says which ones can, and never repeats a secret's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """What is known and configured of one provider; `commands` is how to supply what is `missing`."""

    card: ProviderCard
    is_configured: bool
    has_secret: bool
    settings: Mapping[str, str]
    missing: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def lacks_secret(self) -> bool:
        """Whether nothing can be sent to it for want of a secret."""
        return _needs_secret(self.card) and not self.has_secret

    @property
    def is_ready(self) -> bool:
        """Whether requests can be routed to it and sent."""
        return self.is_configured and not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageProviders:
    """Configures the providers of the catalog."""

    cards: Mapping[str, ProviderCard]
    # Providers that come with the deployment and need no configuration.
    own: frozenset[str]
    secrets: SecretStore
    configuration: ConfigurationStore

    def card(self, provider_id: str) -> ProviderCard:
        """Return the card of a provider that an operator may configure.

        Raises:
            UnknownProviderError: there is no such provider.
            InvalidProviderValueError: it comes with the deployment.
        """
        if provider_id not in self.cards:
            raise UnknownProviderError(provider_id)
        if provider_id in self.own:
            message = f"{provider_id} comes with the gateway: there is nothing to configure."
            raise InvalidProviderValueError(message)
        return self.cards[provider_id]

    def set_secret(self, provider_id: str, fields: Mapping[str, str]) -> ProviderState:
        """Replace the provider's secret and configure the provider, which keeps its settings.

        Raises:
            UnknownProviderError, InvalidProviderValueError: nothing was changed.
        """
        card = self.card(provider_id)
        clean = {name: _clean(name, value) for name, value in fields.items()}
        _check_fields(card, frozenset(clean))
        self.secrets.write(provider_id, clean)
        self.configuration.write(provider_id, self.configuration.read().get(provider_id, {}))
        return self.read(provider_id)

    def remove_secret(self, provider_id: str) -> ProviderState:
        """Delete the secret; a provider that cannot work without one is not configured any longer.

        Raises:
            UnknownProviderError, InvalidProviderValueError: nothing was changed.
        """
        card = self.card(provider_id)
        if _needs_secret(card):
            self.configuration.write(provider_id, None)
        self.secrets.delete(provider_id)
        return self.read(provider_id)

    def set_settings(self, provider_id: str, settings: Mapping[str, str]) -> ProviderState:
        """Configure the provider with more settings; an empty value takes a setting away.

        Raises:
            UnknownProviderError, InvalidProviderValueError: nothing was changed.
        """
        card = self.card(provider_id)
        _check_settings(card, settings)
        merged = {**self.configuration.read().get(provider_id, {}), **settings}
        self.configuration.write(provider_id, {name: value for name, value in merged.items() if value})
        return self.read(provider_id)

    def remove(self, provider_id: str, *, with_secret: bool = False) -> ProviderState:
        """Forget the provider's settings, so that nothing is routed to it; its secret stays unless it is to go too.

        Raises:
            UnknownProviderError, InvalidProviderValueError: nothing was changed.
        """
        self.card(provider_id)
        self.configuration.write(provider_id, None)
        if with_secret:
            self.secrets.delete(provider_id)
        return self.read(provider_id)

    def read(self, provider_id: str) -> ProviderState:
        """Return how one provider of the catalog stands."""
        card, settings = self.cards[provider_id], self.configuration.read().get(provider_id)
        if provider_id in self.own:
            return ProviderState(
                card=card, is_configured=True, has_secret=False, settings=settings or {}, missing=(), commands=()
            )
        has_secret = bool(card.secret_fields) and self.secrets.has(provider_id)
        unset = _unset(card, settings or {})
        lacks_secret = _needs_secret(card) and not has_secret
        return ProviderState(
            card=card,
            is_configured=settings is not None,
            has_secret=has_secret,
            settings=settings or {},
            missing=((f"secret ({alternatives(card)})",) if lacks_secret else ()) + unset,
            commands=_commands(card, lacks_secret, unset, settings is not None),
        )

    def list(self) -> tuple[ProviderState, ...]:
        """Return how every provider of the catalog stands, in its order."""
        return tuple(self.read(provider_id) for provider_id in self.cards)


def alternatives(card: ProviderCard) -> str:
    """Say which fields a secret may consist of."""
    return " or ".join(" + ".join(fields) for fields in card.secret_fields if fields)


def _needs_secret(card: ProviderCard) -> bool:
    return bool(card.secret_fields) and all(card.secret_fields)


def _unset(card: ProviderCard, settings: Mapping[str, str]) -> tuple[str, ...]:
    needed = dict.fromkeys((*card.setting_fields, *(() if card.base_url else (BASE_URL,))))
    return tuple(name for name in needed if name not in settings)


def _commands(card: ProviderCard, lacks_secret: bool, unset: tuple[str, ...], is_configured: bool) -> tuple[str, ...]:
    secret = (f"imagegate secrets set {card.id}",) if lacks_secret else ()
    if unset or not (lacks_secret or is_configured):
        pairs = [f"{name}={'https://...' if name == BASE_URL else '...'}" for name in unset]
        return (*secret, " ".join(["imagegate providers set", card.id, *pairs]))
    return secret


def _clean(name: str, value: str) -> str:
    text = value.strip()
    if not text:
        message = f"The field {name!r} is empty."
        raise InvalidProviderValueError(message)
    if name.endswith(JSON_ENDING):
        _check_json(name, text)
    elif not (text.isascii() and text.isprintable()):
        message = f"The field {name!r} holds line breaks or characters that cannot be sent in a header."
        raise InvalidProviderValueError(message)
    return text


def _check_json(name: str, text: str) -> None:
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        message = f"The field {name!r} must hold a JSON object. Pass the file: `--from-file {name}=key.json`."
        raise InvalidProviderValueError(message)


def _consists_of(card: ProviderCard) -> str:
    optional = f", and may have {', '.join(card.optional_secret_fields)}" if card.optional_secret_fields else ""
    return f"consists of {alternatives(card)}{optional}"


def _check_fields(card: ProviderCard, given: frozenset[str]) -> None:
    complete = [frozenset(fields) for fields in card.secret_fields if fields and given.issuperset(fields)]
    left_over = given.difference(*complete, card.optional_secret_fields)
    if complete and not left_over:
        return
    if not card.secret_fields:
        message = f"{card.id} takes no secret: it is used with {card.auth}."
    elif unknown := sorted(given - _secret_names(card)):
        message = f"The secret of {card.id} has no field {', '.join(unknown)}. It {_consists_of(card)}."
    else:
        told = ", ".join(sorted(given)) or "nothing"
        message = f"The secret of {card.id} {_consists_of(card)}; given was {told}."
    raise InvalidProviderValueError(message)


def _secret_names(card: ProviderCard) -> frozenset[str]:
    return frozenset(card.optional_secret_fields).union(*card.secret_fields)


def _check_settings(card: ProviderCard, settings: Mapping[str, str]) -> None:
    own = (BASE_URL, MAX_IN_FLIGHT_SETTING)
    known = tuple(dict.fromkeys((*card.setting_fields, *card.optional_setting_fields, *own)))
    for name, value in settings.items():
        if name not in known:
            message = f"{card.id} has no setting {name!r}. It has {', '.join(known)}."
            if name in _secret_names(card):
                message += f" For secrets there is `imagegate secrets set {card.id}`."
            raise InvalidProviderValueError(message)
        if value != value.strip() or not value.isprintable():
            message = f"The setting {name!r} begins or ends with a space, or holds a line break."
            raise InvalidProviderValueError(message)
        if name in {CALLBACKS_SETTING, BATCH_API} and value not in {ON, OFF, ""}:
            message = f"The setting {name!r} is {ON!r} or {OFF!r}."
            raise InvalidProviderValueError(message)
        if name == MAX_IN_FLIGHT_SETTING and value and not is_limit(value):
            message = f"The setting {name!r} is a whole number from 1 to {MOST_SLOTS}."
            raise InvalidProviderValueError(message)
        if name.endswith(_URL_ENDING) and value:
            # A provider without a public address is one that people run themselves, perhaps inside their own network.
            _check_url(f"{name} of {card.id}", value, may_be_private=card.base_url is None or name != BASE_URL)


def _check_url(what: str, url: str, *, may_be_private: bool) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port_is_valid = parts.port != 0
    except ValueError:
        parts, host, port_is_valid = urlsplit(""), "", False
    is_plain = port_is_valid and not (parts.username or parts.password or parts.query or parts.fragment)
    if not host or not is_plain or parts.scheme not in {"http", "https"}:
        message = f"{url!r} is no usable address: it must look like https://HOST/PATH, without credentials or a query."
        raise InvalidProviderValueError(message)
    if parts.scheme == "https":
        return
    if not may_be_private or not is_private_host(host):
        allowed = ", or with http:// and a loopback or private host" if may_be_private else ""
        message = f"The {what} must begin with https://{allowed}: credentials go there."
        raise InvalidProviderValueError(message)
