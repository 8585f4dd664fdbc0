"""Read usage: what a project used and paid, added up as it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from imagegate.app.ports import Clock
from imagegate.app.usage_ports import UsageCells
from imagegate.domain.errors import InvalidValueError
from imagegate.domain.project import Principal, hash_end_user
from imagegate.domain.usage import UsageCell
from imagegate.domain.usage_report import Dimension, UsageQuery, UsageRow, report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUsage:
    """An app names its own user as it does when it asks for pictures; only the digest is ever looked for."""

    usage: UsageCells
    clock: Clock
    # What one function can read and tell while its caller waits.
    most_cells: int = 250_000
    most_rows: int = 8_000

    def __call__(self, principal: Principal, query: UsageQuery) -> tuple[UsageRow, ...]:
        """Return the rows of the caller's project.

        Raises:
            InvalidValueError: they are more than one answer can hold.
        """
        end_user = query.only.get(Dimension.END_USER)
        if end_user is not None:
            digest = hash_end_user(principal.project_id, end_user)
            query = replace(query, only={**query.only, Dimension.END_USER: digest})
        rows = report(self._bounded(self.usage.cells(principal.project_id, query)), query)
        if len(rows) > self.most_rows:
            message = (
                f"These are {len(rows)} rows, and one answer holds {self.most_rows}. Ask for fewer days or groups."
            )
            raise InvalidValueError(message, param="group_by")
        return rows

    def _bounded(self, cells: Iterator[UsageCell]) -> Iterator[UsageCell]:
        for number, cell in enumerate(cells, start=1):
            if number > self.most_cells:
                message = "There is more usage in these days than can be added up at once. Ask for fewer days."
                raise InvalidValueError(message, param="start_date")
            yield cell
