"""Candidates of a route told as JSON: which models were considered, and why each was taken or skipped."""

from pydantic import BaseModel

from imagegate.domain.route import Candidate


class CandidateAnswer(BaseModel):
    """A model that was considered; the cost is an estimate as a decimal text, null where nobody knows the price."""

    model: str
    model_version: str | None = None
    taken: bool
    reason: str
    estimated_cost: str | None = None
    currency: str | None = None
    expected_seconds: float | None = None


def tell_candidate(candidate: Candidate) -> CandidateAnswer:
    """Tell a candidate."""
    cost = candidate.cost
    return CandidateAnswer(
        model=candidate.model,
        model_version=candidate.model_version,
        taken=candidate.taken,
        reason=candidate.reason,
        estimated_cost=f"{cost.amount:f}" if cost else None,
        currency=cost.currency if cost else None,
        expected_seconds=candidate.seconds,
    )
