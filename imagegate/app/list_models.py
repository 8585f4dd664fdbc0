"""List models: those that can be asked for now, or the whole catalog with what is configured marked."""

from dataclasses import dataclass

from imagegate.app.ports import Catalog
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ModelNotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model card, and whether it can be asked for."""

    card: ModelCard
    is_configured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListModels:
    """Reads the catalog; nothing is asked of any provider."""

    catalog: Catalog

    def __call__(self, *, wants_all: bool = False) -> tuple[ListedModel, ...]:
        """Return the configured models, or every one."""
        configured = {card.id for card in self.catalog.cards()}
        cards = self.catalog.all_cards() if wants_all else self.catalog.cards()
        return tuple(ListedModel(card=card, is_configured=card.id in configured) for card in cards)

    def read(self, model_id: str) -> ModelCard:
        """Return the card of one configured model.

        Raises:
            ModelNotFoundError: no configured provider offers the model.
        """
        for card in self.catalog.cards():
            if card.id == model_id:
                return card
        message = f"No configured provider offers the model {model_id!r}. `GET /v1/models` lists all."
        raise ModelNotFoundError(message, param="model")
