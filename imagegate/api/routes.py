"""`POST /v1/routes/explain`: the plan of a request that is not done, told as JSON, and its description."""

from typing import Literal

from pydantic import BaseModel

from imagegate.api.candidates import CandidateAnswer, tell_candidate
from imagegate.api.generations import GenerationBody
from imagegate.api.operations import Json, body_of, operation, schema_of
from imagegate.api.responses import ErrorDetail
from imagegate.domain.planning import Plan
from imagegate.domain.request import GenerationRequest

EXPLAIN = "/v1/routes/explain"


class PlannedAnswer(CandidateAnswer):
    """A candidate, and when it would be tried: 1 is the first; null where it would not be."""

    position: int | None = None


class RouteAnswer(BaseModel):
    """`POST /v1/routes/explain`: the candidates in order, and the error that the request itself would end in."""

    object: Literal["route"] = "route"
    requested_model: str
    candidates: list[PlannedAnswer]
    error: ErrorDetail | None = None


def tell_plan(request: GenerationRequest, plan: Plan) -> RouteAnswer:
    """Tell a plan; those that would be tried come first, in their order."""
    error = plan.error
    told = [
        PlannedAnswer(**tell_candidate(one).model_dump(), position=place if one.taken else None)
        for place, one in enumerate(plan.route.candidates, start=1)
    ]
    return RouteAnswer(
        requested_model=request.model,
        candidates=told,
        error=ErrorDetail(message=error.message, type=error.type, param=error.param, code=error.code)
        if error
        else None,
    )


def route_paths() -> Json:
    """Describe the path."""
    return {
        EXPLAIN: {
            "post": operation(
                operation_id="explainRoute",
                summary="Tell which models a generation would go to, and why; nothing is made, spent or kept.",
                answer=schema_of(RouteAnswer),
                errors=("400", "413"),
                requestBody=body_of(GenerationBody),
            )
        }
    }
