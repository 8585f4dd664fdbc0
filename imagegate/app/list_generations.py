"""List the generations of a project."""

from dataclasses import dataclass, replace

from imagegate.app.generation_ports import JobList, JobPage
from imagegate.domain.listing import JobQuery
from imagegate.domain.project import Principal, hash_end_user


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGenerations:
    """An app names its own user as it does when it asks for pictures; only the digest is ever looked for."""

    jobs: JobList

    def __call__(self, principal: Principal, query: JobQuery) -> JobPage:
        """Return a page of the caller's project."""
        if query.end_user is not None:
            query = replace(query, end_user=hash_end_user(principal.project_id, query.end_user))
        return self.jobs.page(principal.project_id, query)
