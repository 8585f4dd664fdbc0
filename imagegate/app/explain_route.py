"""Explain a route: plan a request as if it were to be done, and do nothing."""

from dataclasses import dataclass, replace

from imagegate.app.authenticate import project_of
from imagegate.app.choose_route import ChooseRoute
from imagegate.app.ports import Clock, ProjectStore
from imagegate.domain.planning import Plan
from imagegate.domain.project import Principal
from imagegate.domain.request import GenerationRequest, InputImage

# A plan depends on how many pictures there are, and on nothing in them, so they need not even be fetched.
_UNREAD = InputImage(key="", media_type="", width=0, height=0, sha256="")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRoute:
    """Moderates, reserves, writes and sends nothing; it reads the project."""

    projects: ProjectStore
    choose_route: ChooseRoute
    clock: Clock

    def __call__(self, principal: Principal, request: GenerationRequest, images: int, *, has_mask: bool) -> Plan:
        """Return the plan for a request with so many pictures."""
        project = project_of(principal, self.projects)
        whole = replace(request, input_images=(_UNREAD,) * images, mask=_UNREAD if has_mask else None)
        return self.choose_route.explain(project, whole, self.clock().date())
