"""Negotiate prices: the operator tells what a project pays for a unit of a model, for what is accepted from now on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from imagegate.app.manage_projects import UnknownProjectError
from imagegate.app.ports import Clock, ProjectStore
from imagegate.domain.card import ModelCard
from imagegate.domain.ids import ProjectId
from imagegate.domain.money import PriceUnit
from imagegate.domain.negotiated import NegotiatedPrice, billable_units
from imagegate.domain.project import Project


class PriceNotAcceptedError(ValueError):
    """The model does not exist, or nothing would ever be billed by such a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiatePrices:
    """Keeps a price for each unit of a model; generations that were accepted before keep theirs."""

    projects: ProjectStore
    cards: Callable[[], tuple[ModelCard, ...]]
    clock: Clock

    def __call__(self, project_id: ProjectId, model: str, unit: PriceUnit, amount: Decimal | None) -> Project:
        """Set a price, or with None go back to the price book's, and return the written project.

        Raises:
            UnknownProjectError: the project does not exist.
            PriceNotAcceptedError: there is no such model, or it is never billed by this unit.
        """
        project = self.projects.read_project(project_id)
        if project is None:
            raise UnknownProjectError(project_id)
        others = tuple(price for price in project.prices.get(model, ()) if price.unit is not unit)
        agreed = others if amount is None else (*others, self._price(model, unit, amount))
        prices = {**project.prices, model: agreed}
        project = replace(project, prices={name: rows for name, rows in prices.items() if rows})
        self.projects.write_project(project)
        return project

    def _price(self, model: str, unit: PriceUnit, amount: Decimal) -> NegotiatedPrice:
        card = next((one for one in self.cards() if one.id == model), None)
        if card is None:
            message = f"There is no model {model!r}; `imagegate models --all` lists the catalog."
            raise PriceNotAcceptedError(message)
        units = billable_units(card)
        if unit not in units:
            message = f"{model} is never billed by the {unit.value}; take one of {', '.join(sorted(units))}."
            raise PriceNotAcceptedError(message)
        # What one project pays is added up, so it stays in the currency of the book.
        currency = card.prices[0].currency
        return NegotiatedPrice(unit=unit, amount=amount, currency=currency, agreed_on=self.clock().date())
