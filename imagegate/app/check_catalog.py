"""Check the catalog: compare its rows with what the configured providers themselves say of their models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from imagegate.app.ports import Catalog, Providers, Transport, TransportError
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ConfigurationError, ImagegateError
from imagegate.domain.money import PriceRow
from imagegate.domain.signal import Quote, Signal, SignalSource


class DifferenceKind(StrEnum):
    """What a difference is about."""

    UNKNOWN_MODEL = "unknown_model"
    SHUTDOWN = "shutdown"
    PRICE = "price"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that is not what its provider says."""

    model: str
    kind: DifferenceKind
    in_catalog: str
    at_provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """A provider or one of its models about which nothing could be found out."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogReport:
    """What was compared, how it differs, and what could not be compared."""

    checked: tuple[str, ...]
    differences: tuple[Difference, ...]
    unchecked: tuple[Unchecked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCatalog:
    """Asks every configured provider that can be asked; a failure of one is told and stops no other."""

    catalog: Catalog
    providers: Providers
    sources: Mapping[str, SignalSource]
    transport: Transport
    today: Callable[[], date]

    def __call__(self) -> CatalogReport:
        """Compare every row of the configured providers."""
        cards: dict[str, list[ModelCard]] = {}
        for card in self.catalog.cards():
            cards.setdefault(card.provider, []).append(card)
        reports = [self._check(provider_id, rows) for provider_id, rows in cards.items()]
        return CatalogReport(
            checked=tuple(model for report in reports for model in report.checked),
            differences=tuple(one for report in reports for one in report.differences),
            unchecked=tuple(one for report in reports for one in report.unchecked),
        )

    def _check(self, provider_id: str, cards: Sequence[ModelCard]) -> CatalogReport:
        source = self.sources.get(provider_id)
        if source is None:
            return _not_checked(provider_id, "it publishes nothing that a program could compare")
        try:
            request = source.ask(cards, self.providers.base_url(provider_id), self.providers.settings(provider_id))
            response = self.transport.send(request, provider_id)
        except (ConfigurationError, ImagegateError, TransportError) as error:
            return _not_checked(provider_id, str(error) or type(error).__name__)
        if response.status != 200:
            return _not_checked(provider_id, f"it answered with status {response.status}")
        try:
            signals = {signal.name: signal for signal in source.read(response)}
        except ValueError:
            return _not_checked(provider_id, "its answer is not what it documents")
        return compare([(card, signals.get(source.name_of(card))) for card in cards], self.today())


def compare(pairs: Sequence[tuple[ModelCard, Signal | None]], today: date) -> CatalogReport:
    """Compare cards with what their provider says of them; a model that is gone need not be listed there."""
    differences: list[Difference] = []
    unchecked: list[Unchecked] = []
    for card, signal in pairs:
        if signal is None:
            if not _is_gone(card, today):
                differences.append(_difference(card, DifferenceKind.UNKNOWN_MODEL, card.version, "not listed"))
            continue
        if signal.tells_shutdown and signal.shutdown_on != card.lifecycle.shutdown_on:
            told, said = _day(card.lifecycle.shutdown_on), _day(signal.shutdown_on)
            differences.append(_difference(card, DifferenceKind.SHUTDOWN, told, said))
        if signal.quote:
            rows = [row for row in card.prices if row.unit is signal.quote.unit]
            if not rows:
                unchecked.append(Unchecked(name=card.id, reason=f"its price is told as {_quote(signal.quote)}"))
            elif not any(_is_same(row, signal.quote) for row in rows):
                told = " or ".join(_row(row) for row in rows)
                differences.append(_difference(card, DifferenceKind.PRICE, told, _quote(signal.quote)))
    checked = tuple(card.id for card, _ in pairs)
    return CatalogReport(checked=checked, differences=tuple(differences), unchecked=tuple(unchecked))


def _not_checked(provider_id: str, reason: str) -> CatalogReport:
    return CatalogReport(checked=(), differences=(), unchecked=(Unchecked(name=provider_id, reason=reason),))


def _difference(card: ModelCard, kind: DifferenceKind, in_catalog: str, at_provider: str) -> Difference:
    return Difference(model=card.id, kind=kind, in_catalog=in_catalog, at_provider=at_provider)


def _is_gone(card: ModelCard, today: date) -> bool:
    return card.lifecycle.shutdown_on is not None and card.lifecycle.shutdown_on <= today


def _is_same(row: PriceRow, quote: Quote) -> bool:
    return row.amount == quote.amount and row.currency == quote.currency


def _day(day: date | None) -> str:
    return day.isoformat() if day else "none"


def _row(row: PriceRow) -> str:
    return f"{row.amount:f} {row.currency}/{row.unit}"


def _quote(quote: Quote) -> str:
    return f"{quote.amount:f} {quote.currency}/{quote.unit_name}"
