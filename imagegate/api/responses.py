"""Answers: domain records told as JSON, in OpenAI's shape where it has one, with what happened in `imagegate`."""

import base64
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from imagegate.api.candidates import CandidateAnswer, tell_candidate
from imagegate.domain.decision import Decision, ModerationDecision, Stage
from imagegate.domain.errors import ImagegateError
from imagegate.domain.image import Image
from imagegate.domain.job import Job, Problem, Status
from imagegate.domain.request import Background, OutputFormat, Quality
from imagegate.domain.warning import RequestWarning, WarningType

# A Lambda answer holds 6 MB; what is not base64 in ours is far below the rest.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (checked 2026-11-22)
MAX_BASE64_CHARACTERS = 6 * 1024 * 1024 - 128 * 1024


class WarningAnswer(BaseModel):
    """One difference between what was asked and what was done."""

    type: WarningType
    message: str
    param: str | None = None


class CostAnswer(BaseModel):
    """What the generation cost, and how old the price is; the amount is a decimal string."""

    amount: str
    currency: str
    price_checked_on: str
    source: str
    is_estimate: bool


class FindingAnswer(BaseModel):
    """One category a moderator saw."""

    code: str
    score: float
    source: str
    decision: Decision
    param: str | None = None


class ModerationAnswer(BaseModel):
    """The decision of one stage; no sources means that nothing judged it."""

    stage: Stage
    decision: Decision
    codes: list[str]
    sources: list[str]
    findings: list[FindingAnswer]


class ProvenanceAnswer(BaseModel):
    """Marks of origin found in the files, and marks that were added."""

    found: list[str]
    added: list[str]


class ImageAnswer(BaseModel):
    """One picture; `url` is signed and stops working after an hour."""

    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    seed: int | None = None
    url: str | None = None


class FailureAnswer(BaseModel):
    """Images of a request that were not made, by their place in it, and why."""

    first: int
    count: int
    code: str
    message: str


class ErrorDetail(BaseModel):
    """OpenAI's error object."""

    message: str
    type: str
    param: str | None = None
    code: str


class GenerationAnswer(BaseModel):
    """A generation: what was asked of whom, what became of it, and what it cost."""

    id: str
    object: Literal["generation"] = "generation"
    status: Status
    created_at: int
    completed_at: int | None = None
    latency_seconds: float | None = None
    requested_model: str
    provider: str | None = None
    model: str | None = None
    model_version: str | None = None
    attempts: int
    route: list[CandidateAnswer]
    images: list[ImageAnswer]
    failures: list[FailureAnswer]
    cost: CostAnswer | None = None
    warnings: list[WarningAnswer]
    moderation: list[ModerationAnswer]
    provenance: ProvenanceAnswer | None = None
    error: ErrorDetail | None = None


class ImageData(BaseModel):
    """One picture in OpenAI's shape: either of the two is set."""

    b64_json: str | None = None
    url: str | None = None


class ImagesAnswer(BaseModel):
    """`POST /v1/images/generations`."""

    created: int
    data: list[ImageData]
    background: Background | None = None
    output_format: OutputFormat
    quality: Quality | None = None
    size: str
    imagegate: GenerationAnswer


class UploadAnswer(BaseModel):
    """Where to send the file: POST the fields, then the file as `file`, as a multipart form."""

    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_at: int


class FileAnswer(BaseModel):
    """`POST /v1/files`: the id works as `file_id` once the file was uploaded."""

    id: str
    object: Literal["file"] = "file"
    purpose: Literal["image"] = "image"
    created_at: int
    upload: UploadAnswer


class HealthAnswer(BaseModel):
    """`GET /health`."""

    status: Literal["ok"] = "ok"


class CallbackAnswer(BaseModel):
    """`POST /v1/webhooks/{provider}`."""

    status: str


class GenerationReference(BaseModel):
    """Where to read more about an error."""

    generation_id: str


class ErrorAnswer(BaseModel):
    """Every error: OpenAI's envelope, the request's id, and the generation's where there is one."""

    error: ErrorDetail
    request_id: str | None = None
    imagegate: GenerationReference | None = None


def fits_base64(sizes: Sequence[int]) -> bool:
    """Tell whether pictures of these sizes in bytes fit into one answer as base64."""
    return sum((size + 2) // 3 * 4 for size in sizes) <= MAX_BASE64_CHARACTERS


def too_large_warning() -> RequestWarning:
    """Say that an address was sent in place of the bytes."""
    message = "The pictures are too large for one answer as base64; `url` was sent in its place."
    return RequestWarning(type=WarningType.ADJUSTED, message=message, param="response_format")


def tell_images(job: Job, data: Sequence[str | bytes], extra_warnings: tuple[RequestWarning, ...] = ()) -> ImagesAnswer:
    """Tell a succeeded job in OpenAI's shape; `data` holds an address or the bytes of each picture."""
    first = job.images[0]
    request = job.request
    return ImagesAnswer.model_construct(
        created=int(job.created_at.timestamp()),
        data=[_image_data(one) for one in data],
        background=None if request.background is Background.AUTO else request.background,
        output_format=OutputFormat(first.media_type.removeprefix("image/")),
        quality=None if request.quality is Quality.AUTO else request.quality,
        size=f"{first.width}x{first.height}",
        imagegate=tell_generation(job, extra_warnings=extra_warnings),
    )


def tell_generation(
    job: Job, urls: Sequence[str] = (), extra_warnings: tuple[RequestWarning, ...] = ()
) -> GenerationAnswer:
    """Tell a job, with addresses for its pictures where they are given."""
    target = job.target if job.attempts else None
    completed = job.completed_at
    return GenerationAnswer(
        id=job.id,
        status=job.status,
        created_at=int(job.created_at.timestamp()),
        completed_at=int(completed.timestamp()) if completed else None,
        latency_seconds=round((completed - job.created_at).total_seconds(), 3) if completed else None,
        requested_model=job.request.model,
        provider=target.provider if target else None,
        model=target.model if target else None,
        model_version=target.model_version if target else None,
        attempts=len(job.attempts),
        route=_candidates(job),
        images=[_image(image, urls[index] if urls else None) for index, image in enumerate(job.images)],
        failures=_failures(job),
        cost=_cost(job),
        warnings=[_warning(warning) for warning in (*job.warnings, *extra_warnings)],
        moderation=[tell_moderation(decision) for decision in job.moderation],
        provenance=_provenance(job),
        error=_problem(job.problem) if job.problem else None,
    )


def tell_moderation(decision: ModerationDecision) -> ModerationAnswer:
    """Tell a moderation decision with its findings."""
    return ModerationAnswer(
        stage=decision.stage,
        decision=decision.decision,
        codes=list(decision.codes),
        sources=list(decision.sources),
        findings=[
            FindingAnswer(
                code=finding.code,
                score=finding.score,
                source=finding.source,
                decision=finding.decision,
                param=finding.param,
            )
            for finding in decision.findings
        ],
    )


def tell_error(error: ImagegateError, request_id: str | None) -> ErrorAnswer:
    """Tell an error; only its own message and codes leave the house."""
    detail = ErrorDetail(message=error.message, type=error.type, param=error.param, code=error.code)
    reference = GenerationReference(generation_id=error.generation_id) if error.generation_id else None
    return ErrorAnswer(error=detail, request_id=request_id, imagegate=reference)


def tell_problem(job: Job, problem: Problem, request_id: str | None) -> ErrorAnswer:
    """Tell a generation that ended without a picture as the error of the request that asked for it."""
    return ErrorAnswer(
        error=_problem(problem), request_id=request_id, imagegate=GenerationReference(generation_id=job.id)
    )


def _image_data(one: str | bytes) -> ImageData:
    # Our own values need no validation, which would look at megabytes again.
    if isinstance(one, bytes):
        return ImageData.model_construct(b64_json=base64.b64encode(one).decode("ascii"), url=None)
    return ImageData.model_construct(b64_json=None, url=one)


def _image(image: Image, url: str | None) -> ImageAnswer:
    return ImageAnswer(
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        sha256=image.sha256,
        seed=image.seed,
        url=url,
    )


def _candidates(job: Job) -> list[CandidateAnswer]:
    candidates = job.route.candidates if job.route else ()
    return [tell_candidate(one) for one in candidates]


def _failures(job: Job) -> list[FailureAnswer]:
    if not job.attempts:
        return []
    return [
        FailureAnswer(first=one.first, count=one.count, code=one.problem.code, message=one.problem.message)
        for one in job.current_attempts
        if one.problem is not None
    ]


def _cost(job: Job) -> CostAnswer | None:
    if job.cost is None:
        return None
    money = job.cost.money
    return CostAnswer(
        amount=f"{money.amount:f}",
        currency=money.currency,
        price_checked_on=job.cost.price_checked_on.isoformat(),
        source=job.cost.source,
        is_estimate=job.cost.is_estimate,
    )


def _warning(warning: RequestWarning) -> WarningAnswer:
    return WarningAnswer(type=warning.type, message=warning.message, param=warning.param)


def _provenance(job: Job) -> ProvenanceAnswer | None:
    if job.provenance is None:
        return None
    return ProvenanceAnswer(found=list(job.provenance.found), added=list(job.provenance.added))


def _problem(problem: Problem) -> ErrorDetail:
    return ErrorDetail(message=problem.message, type=problem.type, param=problem.param, code=problem.code)
