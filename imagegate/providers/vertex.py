"""Google Vertex AI (Gemini Enterprise Agent Platform): Gemini's image models; synchronous, with a Google token.

Masks died with Imagen, and so did upscaling. https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference
and the discovery document of aiplatform v1, revision 20261106 (checked 2026-11-22)
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    CallerError,
    EmptyPromptError,
    InvalidRequestError,
    InvalidValueError,
    MissingParameterError,
    ModelNotFoundError,
    ProviderCredentialsError,
    ProviderError,
    ProviderFailedError,
    ProviderNotConfiguredError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Refused, Submission
from imagegate.domain.request import JsonValue, Operation, OutputFormat
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import GoogleToken, HttpRequest, HttpResponse
from imagegate.reading import Answer, Options, PictureBytes, failed, read_answer, read_options, shorten

_AUTH = (GoogleToken(scope="https://www.googleapis.com/auth/cloud-platform"),)
_READ_TIMEOUT_SECONDS = 180.0
_GLOBAL_HOST = "https://aiplatform.googleapis.com"
# An int32 there.
_MAX_SEED = 2**31 - 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]*")

_Threshold = Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]


class VertexOptions(Options):
    """What a caller may put into `provider_options.vertex`."""

    safety_threshold: _Threshold | None = None
    system_instruction: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    thinking_level: Literal["MINIMAL", "LOW", "MEDIUM", "HIGH"] | None = None


class _Json(Answer):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


class _Blob(_Json):
    data: PictureBytes
    mime_type: str | None = None


class _Part(_Json):
    text: str | None = None
    thought: bool | None = None
    inline_data: _Blob | None = None


class _Content(_Json):
    parts: tuple[_Part, ...] = ()


class _Rating(_Json):
    category: str | None = None
    blocked: bool | None = None


class _Candidate(_Json):
    content: _Content = _Content()
    finish_reason: str | None = None
    safety_ratings: tuple[_Rating, ...] = ()


class _Feedback(_Json):
    block_reason: str | None = None
    safety_ratings: tuple[_Rating, ...] = ()


class _Count(_Json):
    modality: str | None = None
    token_count: int = 0


class _UsageMetadata(_Json):
    prompt_token_count: int = 0
    prompt_tokens_details: tuple[_Count, ...] = ()
    candidates_token_count: int = 0
    candidates_tokens_details: tuple[_Count, ...] = ()
    thoughts_token_count: int = 0
    traffic_type: str | None = None


class _Generated(_Json):
    candidates: tuple[_Candidate, ...] = ()
    prompt_feedback: _Feedback = _Feedback()
    usage_metadata: _UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None


class _Detail(_Json):
    reason: str | None = None


class _Status(_Json):
    status: str | None = None
    message: str | None = None
    details: tuple[_Detail, ...] = ()


class _Problem(_Json):
    error: _Status


# The categories that a safety threshold sets, and what we call them.
_CATEGORIES: Mapping[str, str] = {
    "HARM_CATEGORY_HATE_SPEECH": "hate",
    "HARM_CATEGORY_DANGEROUS_CONTENT": "illicit",
    "HARM_CATEGORY_HARASSMENT": "harassment",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT": "sexual.explicit",
    "HARM_CATEGORY_IMAGE_HATE": "hate",
    "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT": "illicit",
    "HARM_CATEGORY_IMAGE_HARASSMENT": "harassment",
    "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT": "sexual.explicit",
}

# How tokens of a modality are billed; anything else is billed as text.
_INPUT_TOKENS: Mapping[str, PriceUnit] = {"IMAGE": PriceUnit.INPUT_IMAGE_TOKEN}
_OUTPUT_TOKENS: Mapping[str, PriceUnit] = {"IMAGE": PriceUnit.OUTPUT_IMAGE_TOKEN}

# Why a candidate has no picture, all with status 200; any other reason without a picture is a failure.
_REFUSALS: Mapping[str, Stage] = {
    "SAFETY": Stage.PROVIDER,
    "PROHIBITED_CONTENT": Stage.PROVIDER,
    "RECITATION": Stage.PROVIDER,
    "SPII": Stage.PROVIDER,
    "BLOCKLIST": Stage.PROVIDER,
    "MODEL_ARMOR": Stage.PROVIDER,
    "IMAGE_SAFETY": Stage.IMAGE,
    "IMAGE_PROHIBITED_CONTENT": Stage.IMAGE,
    "IMAGE_RECITATION": Stage.IMAGE,
    "IMAGE_OTHER": Stage.IMAGE,
    "NO_IMAGE": Stage.PROVIDER,
}

# By `error.status`; the HTTP status stands in where the body is not Google's.
_ERRORS: Mapping[str, tuple[type[ProviderError] | type[CallerError], str]] = {
    "INVALID_ARGUMENT": (InvalidRequestError, "Vertex AI did not accept the request. Change what it names."),
    "FAILED_PRECONDITION": (ProviderCredentialsError, "Vertex AI cannot serve this project and location. Check both."),
    "UNAUTHENTICATED": (ProviderCredentialsError, "Google refused the token. Run `imagegate secrets set vertex`."),
    "PERMISSION_DENIED": (ProviderCredentialsError, "Grant the credentials the role Vertex AI User in the project."),
    "BILLING_DISABLED": (ProviderQuotaError, "Billing is off for the Google Cloud project. Turn it on there."),
    "NOT_FOUND": (ModelNotFoundError, "Vertex AI does not have this model at this location any more. Choose another."),
    # Shared capacity, not a quota of ours.
    "RESOURCE_EXHAUSTED": (ProviderThrottledError, "Vertex AI has no capacity just now. Repeat the request later."),
    "INTERNAL": (ProviderFailedError, "Vertex AI failed. It may have charged; look there before you repeat it."),
    "UNAVAILABLE": (ProviderUnavailableError, "Vertex AI is not available. Repeat the request later."),
    "DEADLINE_EXCEEDED": (ProviderTimeoutError, "Vertex AI took too long. Repeat the request, or ask for less."),
}
_STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class VertexProvider:
    """Speaks to `generateContent` of one project and location."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the call: what to draw is a text part, and what to draw it from are picture parts after it."""
        options = read_options(VertexOptions, call)
        _check(call)
        project, location = _setting(call, "project"), _setting(call, "location", "global")
        host = _GLOBAL_HOST if location == "global" else f"https://{location}-aiplatform.googleapis.com"
        base_url = host if call.base_url == _GLOBAL_HOST else call.base_url
        model = f"projects/{project}/locations/{location}/publishers/google/models/{call.card.version}"
        return HttpRequest(
            method="POST",
            url=f"{base_url}/v1/{model}:generateContent",
            headers={"content-type": "application/json"},
            body=json.dumps(_body(call, options)).encode(),
            auth=_AUTH,
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Judge by block reason, then by finish reason, then by whether there is a picture; 200 alone says nothing."""
        if response.status != 200:
            return _failure(response)
        answer = read_answer(_Generated, response.body)
        if answer is None:
            return _unusable("Vertex AI's answer could not be read. It may have charged; look there.")
        feedback = answer.prompt_feedback
        if feedback.block_reason is not None:
            return _refused(answer, feedback.block_reason, Stage.PROMPT, feedback.safety_ratings)
        return _judged(call, answer, answer.candidates[0] if answer.candidates else _Candidate())


def _check(call: ProviderCall) -> None:
    request = call.request
    if request.operation is Operation.EDIT and not call.inputs:
        raise MissingParameterError(f"{call.card.id} needs an input image to edit.", param="image")
    if not request.prompt.strip():
        raise EmptyPromptError(f"{call.card.id} needs a prompt. Say what to draw.", param="prompt")
    if request.seed is not None and request.seed > _MAX_SEED:
        raise InvalidValueError(f"{call.card.id} takes seeds from 0 to {_MAX_SEED}.", param="seed")


def _setting(call: ProviderCall, name: str, default: str = "") -> str:
    value = call.settings.get(name, default)
    if not _NAME.fullmatch(value):
        message = f"Vertex AI needs the setting {name!r}. Run `imagegate providers set vertex {name}=...`."
        raise ProviderNotConfiguredError(message, param="model")
    return value


def _body(call: ProviderCall, options: VertexOptions) -> dict[str, JsonValue]:
    request = call.request
    # The words of `responseFormat`; the older `imageConfig` has others and is deprecated.
    ratio, _, size = call.card.sizes.labels[request.size].partition(" ") if request.size else ("", "", "")
    # JPEG is the only format it can be told; PNG is what it mostly makes otherwise.
    media_type = "IMAGE_JPEG" if request.output_format is OutputFormat.JPEG else None
    image = _given(aspectRatio=ratio or None, imageSize=size or None, mimeType=media_type)
    pictures = [
        {"inlineData": {"mimeType": one.media_type, "data": base64.b64encode(one.data).decode("ascii")}}
        for one in call.inputs
    ]
    threshold = options.safety_threshold
    return _given(
        contents=[{"role": "user", "parts": [{"text": request.prompt}, *pictures]}],
        systemInstruction={"parts": [{"text": options.system_instruction}]} if options.system_instruction else None,
        generationConfig=_given(
            responseModalities=["TEXT", "IMAGE"],
            responseFormat=[{"image": image}] if image else None,
            seed=request.seed,
            temperature=options.temperature,
            topP=options.top_p,
            thinkingConfig={"thinkingLevel": options.thinking_level} if options.thinking_level else None,
        ),
        safetySettings=[{"category": one, "threshold": threshold} for one in _CATEGORIES] if threshold else None,
    )


def _given(**values: JsonValue) -> dict[str, JsonValue]:
    return {name: value for name, value in values.items() if value is not None}


def _judged(call: ProviderCall, answer: _Generated, candidate: _Candidate) -> Submission:
    reason = candidate.finish_reason or "none"
    if reason in _REFUSALS:
        return _refused(answer, reason, _REFUSALS[reason], candidate.safety_ratings)
    pictures = [part.inline_data for part in candidate.content.parts if part.inline_data and not part.thought]
    if pictures:
        return _completed(call, answer, pictures[-1], reason)
    if reason == "STOP" and any(part.text for part in candidate.content.parts):
        return _refused(answer, "TEXT_ONLY", Stage.PROVIDER, ())
    return _unusable(f"Vertex AI made no picture (finish reason {shorten(reason)}). Repeat the request.")


def _completed(call: ProviderCall, answer: _Generated, picture: _Blob, reason: str) -> Completed:
    wanted = call.request.output_format
    warnings = []
    if wanted is not None and picture.mime_type not in {None, wanted.media_type}:
        message = f"Vertex AI answered with {picture.mime_type} in place of {wanted.media_type}."
        warnings.append(RequestWarning(type=WarningType.ADJUSTED, message=message, param="output_format"))
    return Completed(
        # The seed is not echoed; what was sent is what was used.
        images=(InlineImage(data=picture.data, seed=call.request.seed),),
        model_version=answer.model_version,
        warnings=tuple(warnings),
        usage=_usage(answer, has_picture=True),
        metadata=_metadata(answer, reason),
    )


def _refused(answer: _Generated, reason: str, stage: Stage, ratings: tuple[_Rating, ...]) -> Refused:
    codes = sorted({_CATEGORIES.get(one.category or "", "other") for one in ratings if one.blocked})
    return Refused(
        message=f"It made no picture ({reason}). Change the prompt or the input images.",
        stage=stage,
        codes=tuple(codes) or ("other",),
        # The tokens of the prompt are reported; whether they are billed is not said.
        usage=_usage(answer, has_picture=False),
        metadata=_metadata(answer, reason),
    )


def _metadata(answer: _Generated, reason: str) -> dict[str, JsonValue]:
    traffic = answer.usage_metadata.traffic_type if answer.usage_metadata else None
    return {"response_id": answer.response_id, "finish_reason": reason, "traffic_type": traffic}


def _usage(answer: _Generated, *, has_picture: bool) -> Usage | None:
    counts = answer.usage_metadata
    if counts is None:
        return None
    prompt = counts.prompt_tokens_details or (_Count(modality="TEXT", tokenCount=counts.prompt_token_count),)
    made = "IMAGE" if has_picture else "TEXT"
    output = counts.candidates_tokens_details or (_Count(modality=made, tokenCount=counts.candidates_token_count),)
    # Thinking is billed as text.
    tokens = Counter({PriceUnit.OUTPUT_TEXT_TOKEN: counts.thoughts_token_count})
    for count in prompt:
        tokens[_INPUT_TOKENS.get(count.modality or "", PriceUnit.INPUT_TEXT_TOKEN)] += count.token_count
    for count in output:
        tokens[_OUTPUT_TOKENS.get(count.modality or "", PriceUnit.OUTPUT_TEXT_TOKEN)] += count.token_count
    return Usage(quantities={unit: Decimal(number) for unit, number in tokens.items() if number})


def _failure(response: HttpResponse) -> Failed:
    problem = read_answer(_Problem, response.body)
    status = problem.error if problem else _Status()
    reasons = (*(one.reason for one in status.details), status.status, _STATUSES.get(response.status))
    known = next((_ERRORS[one] for one in reasons if one is not None and one in _ERRORS), None)
    # Only a complaint about the request is passed on; others name the project.
    detail = status.message if known and known[0] is InvalidRequestError else None
    told = failed("Vertex AI", {response.status: known} if known else {}, response, detail)
    return Failed(error=told.error, metadata={"status": response.status, "code": status.status})


def _unusable(message: str) -> Failed:
    return Failed(error=ProviderFailedError(message))


provider = VertexProvider()
