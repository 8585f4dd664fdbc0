"""Signals: what a provider itself says, machine-readably, of its models; the catalog is compared with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from imagegate.domain.card import ModelCard
from imagegate.domain.money import PriceUnit
from imagegate.domain.wire import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price in the provider's words; `unit` is None where ours has no word for it."""

    amount: Decimal
    currency: str
    unit: PriceUnit | None
    unit_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One model; without `tells_shutdown` a missing date means nothing."""

    name: str
    tells_shutdown: bool = False
    shutdown_on: date | None = None
    quote: Quote | None = None


class SignalSource(Protocol):
    """How one provider is asked about its models; like an adapter it sends nothing itself."""

    def ask(self, cards: Sequence[ModelCard], base_url: str, settings: Mapping[str, str]) -> HttpRequest:
        """Describe the request.

        Raises:
            ConfigurationError: a setting is missing without which there is nobody to ask.
        """
        ...

    def read(self, response: HttpResponse) -> tuple[Signal, ...]:
        """Read a successful answer.

        Raises:
            ValueError: it is not what the provider documents.
        """
        ...

    def name_of(self, card: ModelCard) -> str:
        """Return the name under which the provider lists a model."""
        ...
