"""Read a model card of a configured provider."""

from dataclasses import dataclass

from imagegate.app.ports import Catalog
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ModelNotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel:
    """Models of providers that are not configured are not found."""

    catalog: Catalog

    def __call__(self, model_id: str) -> ModelCard:
        """Return the card.

        Raises:
            ModelNotFoundError: no configured provider offers the model.
        """
        for card in self.catalog.cards():
            if card.id == model_id:
                return card
        message = f"No configured provider offers the model {model_id!r}. `GET /v1/models` lists all."
        raise ModelNotFoundError(message, param="model")
