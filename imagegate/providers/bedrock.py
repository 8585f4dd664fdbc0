"""Amazon Bedrock: Stability's models behind AWS's InvokeModel; synchronous, with the gateway's own role or an API key.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html and, for the bodies,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-stability-diffusion.html (checked 2026-11-22)
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import Field

from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    CallerError,
    InvalidRequestError,
    ModelNotFoundError,
    ModelRetiredError,
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
from imagegate.domain.provider import Completed, Failed, ProviderCall, Refused, Submission
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse, SigV4
from imagegate.reading import (
    Answer,
    PictureBytes,
    failed,
    grayscale_mask,
    read_answer,
    read_options,
    shorten,
)
from imagegate.stable_image import SIDES, Needs, StableImageOptions, check_needs

_DEFAULT_REGION = "us-west-2"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
# The answer comes when the picture is made; a creative upscale takes minutes.
_READ_TIMEOUT_SECONDS = 280.0
# 0 means "random" there; this stands for it.
_SEED_FOR_ZERO = 2_147_483_647


class _Verdict(Answer):
    finish_reasons: tuple[str | None, ...] = ()


class _Made(Answer):
    images: tuple[PictureBytes, ...] = Field(min_length=1)
    seeds: tuple[int | None, ...] = ()


class _Problem(Answer):
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body(Needs):
    """What one model takes: keys it does not know are errors at AWS, so only these are ever sent."""

    has_prompt: bool = True


_TEXT_OR_IMAGE = _Body(needs_pictures=0, strength=0.7)

# By the version in the model card. Those that begin with `us.` are cross-region inference profiles.
_BODIES: Mapping[str, _Body] = {
    "stability.stable-image-core-v1:1": _Body(pictures=(), needs_pictures=0),
    "stability.stable-image-ultra-v1:1": _TEXT_OR_IMAGE,
    "stability.sd3-5-large-v1:0": _TEXT_OR_IMAGE,
    "us.stability.stable-image-inpaint-v1:0": _Body(options=("grow_mask", "style_preset")),
    "us.stability.stable-image-erase-object-v1:0": _Body(options=("grow_mask",), has_prompt=False),
    "us.stability.stable-outpaint-v1:0": _Body(
        options=(*SIDES, "creativity", "style_preset"), needs_one_of=SIDES, needs_prompt=False
    ),
    "us.stability.stable-image-search-replace-v1:0": _Body(
        options=("search_prompt", "grow_mask", "style_preset"), needs_one_of=("search_prompt",)
    ),
    "us.stability.stable-image-search-recolor-v1:0": _Body(
        options=("select_prompt", "grow_mask", "style_preset"), needs_one_of=("select_prompt",)
    ),
    "us.stability.stable-image-remove-background-v1:0": _Body(has_prompt=False),
    "us.stability.stable-image-control-sketch-v1:0": _Body(options=("control_strength", "style_preset")),
    "us.stability.stable-image-control-structure-v1:0": _Body(options=("control_strength", "style_preset")),
    "us.stability.stable-image-style-guide-v1:0": _Body(
        options=("fidelity", "style_preset"), has_ratio_with_pictures=True
    ),
    "us.stability.stable-style-transfer-v1:0": _Body(
        options=("style_strength", "composition_fidelity", "change_strength"),
        needs_prompt=False,
        pictures=("init_image", "style_image"),
        needs_pictures=2,
    ),
    "us.stability.stable-fast-upscale-v1:0": _Body(has_prompt=False),
    "us.stability.stable-conservative-upscale-v1:0": _Body(options=("creativity",)),
    "us.stability.stable-creative-upscale-v1:0": _Body(options=("creativity", "style_preset")),
}

# A 200 with one of these is a refusal; AWS does not say whether it is billed.
_REFUSALS: Mapping[str, tuple[Stage, str]] = {
    "Filter reason: prompt": (Stage.PROMPT, "The prompt was flagged. Change it."),
    "Filter reason: input image": (Stage.IMAGE, "An input image was flagged. Send another one."),
    "Filter reason: output image": (Stage.IMAGE, "The picture it made was flagged. Change the prompt."),
}

# By the `x-amzn-errortype` header.
_ERRORS: Mapping[str, tuple[type[ProviderError] | type[CallerError], str]] = {
    "ValidationException": (InvalidRequestError, "Amazon Bedrock did not accept the request. Change what it names."),
    "ServiceQuotaExceededException": (
        ProviderQuotaError,
        "The AWS account's quota for this model is used up. Raise it under Service Quotas.",
    ),
    "AccessDeniedException": (
        ProviderCredentialsError,
        "AWS does not let the gateway use this model. Allow bedrock:InvokeModel and the account's access to the model.",
    ),
    "ResourceNotFoundException": (
        ModelNotFoundError,
        "Amazon Bedrock does not have this model in this region: it was shut down, or lives elsewhere. Choose another.",
    ),
    "ModelTimeoutException": (ProviderTimeoutError, "The model at Amazon Bedrock took too long. Repeat the request."),
    "ModelErrorException": (ProviderFailedError, "The model at Amazon Bedrock failed. Repeat the request."),
    "ThrottlingException": (ProviderThrottledError, "Amazon Bedrock takes no more requests just now. Repeat later."),
    "ModelNotReadyException": (ProviderUnavailableError, "The model at Amazon Bedrock is not ready. Repeat later."),
    "InternalServerException": (
        ProviderFailedError,
        "Amazon Bedrock failed. It may have charged; look there before you repeat the request.",
    ),
    "ServiceUnavailableException": (ProviderUnavailableError, "Amazon Bedrock is not available. Repeat later."),
}
# Where something between us and AWS answered, and the header is missing or is not one of Bedrock's own.
_TYPES: Mapping[int, str] = {
    400: "ValidationException",
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
    504: "ModelTimeoutException",
}


class BedrockProvider:
    """Speaks to the InvokeModel API of one region."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the invocation; the model's id is part of the path, where its colon must be escaped."""
        body = _body(call)
        options = read_options(StableImageOptions, call).model_dump(exclude_none=True)
        check_needs(call, body, options, has_prompt=body.has_prompt)
        region = _region(call)
        base_url = call.base_url.replace(f".{_DEFAULT_REGION}.amazonaws.com", f".{region}.amazonaws.com")
        return HttpRequest(
            method="POST",
            url=f"{base_url}/model/{quote(call.card.version, safe='')}/invoke",
            headers={"content-type": "application/json", "accept": "application/json"},
            body=json.dumps(_fields(call, body, options)).encode(),
            # Without a key in the provider's secret, the role signs.
            auth=(ApiKeyHeader(prefix="Bearer "), SigV4(service="bedrock", region=region)),
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the verdict before the pictures: what comes with a refusal is no picture."""
        if response.status != 200:
            return _failure(response)
        metadata = {"request_id": response.headers.get("x-amzn-requestid")}
        verdict = read_answer(_Verdict, response.body)
        reason = next((one for one in verdict.finish_reasons if one is not None), None) if verdict else None
        if reason is not None and reason in _REFUSALS:
            stage, message = _REFUSALS[reason]
            return Refused(message=message, stage=stage, metadata={**metadata, "finish_reason": reason})
        if reason is not None:
            return _unusable(f"Amazon Bedrock made no picture: {shorten(reason)}. Repeat the request.")
        made = read_answer(_Made, response.body)
        if made is None:
            return _unusable("Amazon Bedrock reported success without a picture. It may have charged; look there.")
        seeds = (*made.seeds, *(None for _ in made.images))
        return Completed(
            images=tuple(InlineImage(data=data, seed=seed) for data, seed in zip(made.images, seeds, strict=False)),
            warnings=_warnings(call, body=_body(call)),
            metadata=metadata,
        )


def _body(call: ProviderCall) -> _Body:
    body = _BODIES.get(call.card.version)
    if body is None:
        message = f"{call.card.id} was shut down. Use {call.card.lifecycle.replacement} in its place."
        raise ModelRetiredError(message, param="model")
    return body


def _region(call: ProviderCall) -> str:
    region = call.settings.get("region", _DEFAULT_REGION)
    if not _REGION.fullmatch(region):
        message = f"{region!r} is no AWS region. Run `imagegate providers set bedrock region=us-west-2`."
        raise ProviderNotConfiguredError(message, param="model")
    return region


def _fields(call: ProviderCall, body: _Body, options: Mapping[str, object]) -> dict[str, object]:
    request = call.request
    strength = request.strength if request.strength is not None else body.strength
    mask = grayscale_mask(call)
    values: dict[str, object] = {
        "prompt": (request.prompt or None) if body.has_prompt else None,
        "negative_prompt": request.negative_prompt,
        "mode": "image-to-image" if body.strength is not None and call.inputs else None,
        "aspect_ratio": call.card.sizes.labels.get(request.size) if request.size else None,
        "seed": _SEED_FOR_ZERO if request.seed == 0 else request.seed,
        "strength": strength if call.inputs else None,
        "output_format": request.output_format.value if request.output_format else None,
        **options,
        **{name: _base64(picture.data) for name, picture in zip(body.pictures, call.inputs, strict=False)},
        "mask": _base64(mask.data) if mask else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _warnings(call: ProviderCall, body: _Body) -> tuple[RequestWarning, ...]:
    found = []
    if not body.has_prompt and call.request.prompt.strip():
        message = f"{call.card.id} takes no prompt; it was not used."
        found.append(RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="prompt"))
    if call.request.seed == 0:
        message = f"Amazon Bedrock takes the seed 0 as none; {_SEED_FOR_ZERO} was sent."
        found.append(RequestWarning(type=WarningType.ADJUSTED, message=message, param="seed"))
    return tuple(found)


def _failure(response: HttpResponse) -> Failed:
    # AWS may add a colon and an address to the name.
    kind = response.headers.get("x-amzn-errortype", "").partition(":")[0]
    known = _ERRORS.get(kind) or _ERRORS.get(_TYPES.get(response.status, ""))
    problem = read_answer(_Problem, response.body) or _Problem()
    # Only a complaint about the request is passed on; others name the account and its resources.
    detail = problem.message if known and known[0] is InvalidRequestError else None
    told = failed("Amazon Bedrock", {response.status: known} if known else {}, response, detail)
    return Failed(error=told.error, metadata={"status": response.status, "type": kind or None})


def _unusable(message: str) -> Failed:
    return Failed(error=ProviderFailedError(message))


provider = BedrockProvider()
