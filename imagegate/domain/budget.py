"""Budgets: an estimate is reserved before the provider is called and settled with the true cost after."""

from dataclasses import dataclass
from datetime import datetime

from imagegate.domain.ids import ProjectId
from imagegate.domain.money import Money
from imagegate.domain.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An amount held against a project's month; `limit` is None where the project has no budget."""

    project_id: ProjectId
    month: str
    amount: Money
    limit: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The end of a reservation: what was held is replaced by what was spent, zero for a release."""

    reservation: Reservation
    actual: Money

    @property
    def difference(self) -> Money:
        """What must be added to the month's total; negative when less was spent than held."""
        held = self.reservation.amount
        return Money(amount=self.actual.amount - held.amount, currency=held.currency)


def reserve(project: Project, estimate: Money, now: datetime) -> Reservation | None:
    """Hold the estimate against the project's calendar month in UTC; free pictures need no reservation."""
    if not estimate.amount:
        return None
    return Reservation(
        project_id=project.id, month=now.strftime("%Y-%m"), amount=estimate, limit=project.monthly_budget
    )
