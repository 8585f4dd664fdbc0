"""Azure AI Foundry: GPT Image, MAI-Image and FLUX deployments of one resource; synchronous, an API key or Entra ID.

https://learn.microsoft.com/azure/foundry/openai/how-to/dall-e (checked 2026-11-22). What Azure calls a model is the
name of a deployment: the card's version, unless the setting `deployments` (`MODEL=NAME,MODEL=NAME`) names another.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote

from pydantic import AliasChoices, AliasPath, Field

from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    InvalidRequestError,
    ModelNotFoundError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import InlineImage, RemoteImage
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Completed, Failed, ProviderCall, Refused, Submission
from imagegate.domain.request import Background, Operation, OutputFormat
from imagegate.domain.wire import ApiKeyHeader, ClientCredentials, HttpRequest, HttpResponse
from imagegate.multipart import encode
from imagegate.reading import (
    Answer,
    ErrorTable,
    Options,
    PictureBytes,
    edit_files,
    failed,
    read_answer,
    read_options,
)

_NAME = "Azure"
_READ_TIMEOUT_SECONDS = 280.0
_MAX_RESPONSE_BYTES = 96 * 1024 * 1024
_AUTH = (
    ApiKeyHeader(header="api-key"),
    ClientCredentials(
        token_url="https://login.microsoftonline.com/{tenant_id}/oauth2/v2.0/token",  # noqa: S106 - an address
        scope="https://cognitiveservices.azure.com/.default",
    ),
)


class _Wishes(Options):
    """What only Azure has; which model takes which is in the table of families."""

    moderation: Literal["auto", "low"] | None = None
    input_fidelity: Literal["low", "high"] | None = None
    safety_tolerance: Annotated[int, Field(ge=0, le=5)] | None = None


class _Picture(Answer):
    b64_json: PictureBytes | None = None
    url: str | None = None
    content_filter_results: dict[str, object] | None = None


class _Usage(Answer):
    # MAI-Image has names of its own.
    text_in: int | None = Field(
        default=None,
        validation_alias=AliasChoices(
            AliasPath("input_tokens_details", "text_tokens"), "num_input_text_tokens", "input_tokens"
        ),
    )
    image_in: int | None = Field(
        default=None,
        validation_alias=AliasChoices(AliasPath("input_tokens_details", "image_tokens"), "num_input_image_tokens"),
    )
    image_out: int | None = Field(default=None, validation_alias=AliasChoices("output_tokens", "num_output_tokens"))


class _Images(Answer):
    data: list[_Picture] | None = None
    size: str | None = None
    usage: _Usage | None = None


class _Inner(Answer):
    code: str | None = None
    filters: dict[str, object] | None = Field(
        default=None, validation_alias=AliasChoices("content_filter_results", "content_filter_result")
    )


class _Error(Answer):
    code: str | int | None = None
    message: str | None = None
    # Both spellings are seen: https://github.com/BerriAI/litellm/pull/19372 (checked 2026-11-22).
    inner: _Inner | None = Field(default=None, validation_alias=AliasChoices("inner_error", "innererror"))


class _ErrorAnswer(Answer):
    error: _Error = _Error()


class _Family(NamedTuple):
    """Where a family of models is reached and which fields it takes."""

    path: str
    fields: frozenset[str]


_COMMON = frozenset({"model", "prompt"})
_OPENAI = frozenset({*_COMMON, "n", "size", "output_format"})
_GPT_IMAGE = _Family(
    path="/openai/v1/images/{action}",
    fields=_OPENAI | {"quality", "background", "output_compression", "user", "moderation", "input_fidelity"},
)
# https://learn.microsoft.com/azure/foundry/foundry-models/how-to/use-foundry-models-mai (checked 2026-11-22)
_MAI_IMAGE = _Family(path="/mai/v1/images/{action}?api-version=preview", fields=_COMMON | {"width", "height"})
# https://docs.bfl.ai/flux_2/flux2_text_to_image (checked 2026-11-22)
_FLUX_2 = _Family(
    path="/providers/blackforestlabs/v1/{name}?api-version=preview",
    fields=_COMMON | {"width", "height", "seed", "steps", "guidance", "safety_tolerance", "output_format"},
)
_FLUX_1 = _Family(
    path="/openai/deployments/{deployment}/images/{action}?api-version=2025-04-01-preview", fields=_OPENAI
)
# By the beginning of a model's name.
_FAMILIES: dict[str, _Family] = {
    "gpt-image-": _GPT_IMAGE,
    "dall-e-": _GPT_IMAGE,
    "mai-image-": _MAI_IMAGE,
    "flux.2-": _FLUX_2,
    "flux.1-": _FLUX_1,
    "flux-1.1-": _FLUX_1,
}
# It always works at high fidelity and refuses the field.
_WITHOUT_INPUT_FIDELITY = {"gpt-image-2"}

_REFUSALS = {"moderation_blocked", "content_policy_violation", "content_filter", "ResponsibleAIPolicyViolation"}
# Some refusals name the categories in the message only, as `safety_violations=[violence]`; so this once text is read.
_VIOLATIONS = re.compile(r"safety_violations=\[([^\]]*)\]")
# Nor is there a code of its own for a resource that Azure has blocked as a whole (seen in 2026-03 and 2026-06:
# https://github.com/pollinations/pollinations/issues/9707); the same status and code also mean a missing permission.
_BLOCKED = re.compile(r"resource has been temporarily blocked", re.IGNORECASE)
_CATEGORIES: dict[str, str] = {
    "hate": "hate",
    "self_harm": "self_harm",
    "self-harm": "self_harm",
    "sexual": "sexual.explicit",
    "violence": "violence.graphic",
}

_NO_DEPLOYMENT = (
    ModelNotFoundError,
    "This Azure resource has no such deployment. An operator must make it, or name it in the setting `deployments`.",
)
# What `error.code` means, whatever the status beside it.
_BY_CODE: dict[str, tuple[type[ProviderQuotaError] | type[ModelNotFoundError], str]] = {
    "insufficient_quota": (ProviderQuotaError, "Azure's quota here is used up. An operator must have it raised."),
    "DeploymentNotFound": _NO_DEPLOYMENT,
}
_BLOCKED_RESOURCE = (
    ProviderCredentialsError,
    "Azure has blocked this whole resource for what was asked of it. An operator must turn to Azure's support.",
)
_BY_STATUS: ErrorTable = {
    400: (InvalidRequestError, "Azure does not accept this request. Change it before you send it again."),
    401: (ProviderCredentialsError, "Azure does not accept the credentials. An operator must set others."),
    403: (
        ProviderCredentialsError,
        "Azure does not let these credentials make images. An operator must give them the role or open the network.",
    ),
    404: _NO_DEPLOYMENT,
    408: (ProviderFailedError, "Azure broke the request off; it may have been charged."),
    413: (InvalidRequestError, "The input images are too large for Azure. Send smaller ones."),
    422: (InvalidRequestError, "Azure cannot process this request. Change it before you send it again."),
    429: (ProviderThrottledError, "The Azure deployment takes no more requests just now. Repeat the request later."),
    500: (ProviderFailedError, "Azure failed; the request may have been charged."),
    502: (ProviderFailedError, "Azure failed; the request may have been charged."),
    503: (ProviderUnavailableError, "Azure is overloaded. Repeat the request in a moment."),
    504: (ProviderTimeoutError, "Azure took too long. Ask for a lower quality or a smaller size."),
}


class AzureProvider:
    """Speaks to the image endpoints of one Azure AI resource."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request in the family's own shape; all but FLUX.2 take an edit as a form."""
        family = _family(call)
        fields = _fields(call, family, _read_wishes(call, family))
        is_edit = call.request.operation is Operation.EDIT
        if is_edit and "{action}" in family.path:
            body, content_type = encode([(name, str(value)) for name, value in fields.items()], edit_files(call))
        else:
            body, content_type = json.dumps({**fields, **_inline_inputs(call)}).encode(), "application/json"
        path = family.path.format(
            action="edits" if is_edit else "generations",
            name=call.card.name.replace(".", "-"),
            deployment=quote(_deployment(call), safe=""),
        )
        return HttpRequest(
            method="POST",
            # The address may be given as it stands in the portal, or as the vendor's SDK takes it.
            url=call.base_url.removesuffix("/openai/v1") + path,
            headers={"content-type": content_type},
            body=body,
            auth=_AUTH,
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
            max_response_bytes=_MAX_RESPONSE_BYTES,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the images; those that the content filter took out are counted."""
        if response.status != 200:
            return _read_error(response)
        answer = read_answer(_Images, response.body)
        if answer is None:
            return Failed(error=ProviderFailedError("Azure's answer could not be read; it may have been charged."))
        pictures = answer.data or []
        images = tuple(image for picture in pictures if (image := _image(picture)) is not None)
        filtered = [codes for picture in pictures if (codes := _filtered(picture.content_filter_results))]
        usage = _usage(call, answer.usage)
        metadata = {"size": answer.size, "deployment": _deployment(call), **_ids(response)}
        if images:
            version = call.card.version
            return Completed(
                images=images, model_version=version, withheld=len(filtered), usage=usage, metadata=metadata
            )
        if filtered:
            codes = tuple(dict.fromkeys(code for codes in filtered for code in codes))
            return Refused(message=_refusal(codes), stage=Stage.IMAGE, codes=codes, usage=usage, metadata=metadata)
        return Failed(error=ProviderFailedError("Azure reported success without an image."), metadata=metadata)


def _family(call: ProviderCall) -> _Family:
    return next(family for prefix, family in _FAMILIES.items() if call.card.name.startswith(prefix))


def _deployment(call: ProviderCall) -> str:
    pairs = (pair.partition("=") for pair in call.settings.get("deployments", "").split(","))
    names = {model.strip(): name.strip() for model, _, name in pairs}
    return names.get(call.card.name) or call.card.version


def _read_wishes(call: ProviderCall, family: _Family) -> Mapping[str, str | int]:
    wishes: dict[str, str | int] = read_options(_Wishes, call).model_dump(exclude_none=True)
    unknown = wishes.keys() - family.fields
    if call.card.name in _WITHOUT_INPUT_FIDELITY or call.request.operation is not Operation.EDIT:
        unknown |= wishes.keys() & {"input_fidelity"}
    for name in sorted(unknown):
        message = f"{call.card.id} does not take `{name}` for the operation {call.request.operation.value!r}."
        raise UnsupportedFeatureError(f"{message} Leave it out.", param=f"provider_options.azure.{name}")
    return wishes


def _fields(call: ProviderCall, family: _Family, wishes: Mapping[str, str | int]) -> dict[str, str | int | float]:
    request = call.request
    if request.background is Background.TRANSPARENT and request.output_format is OutputFormat.JPEG:
        message = "JPEG has no transparency. Ask for the output format 'png' or 'webp', or for an opaque background."
        raise UnsupportedFeatureError(message, param="output_format")
    if request.operation is Operation.EDIT and request.size is not None and family is _MAI_IMAGE:
        message = f"{call.card.id} gives an edit the size of its source. Leave `size` out."
        raise UnsupportedFeatureError(message, param="size")
    fields: dict[str, str | int | float | None] = {
        "model": _deployment(call),
        "prompt": request.prompt,
        "n": request.count,
        "size": "auto" if request.size is None else str(request.size),
        "width": request.size.width if request.size else None,
        "height": request.size.height if request.size else None,
        "quality": request.quality.value,
        "background": request.background.value,
        "output_format": request.output_format.value if request.output_format else None,
        "output_compression": request.output_compression,
        "seed": request.seed,
        "steps": request.steps,
        "guidance": request.guidance,
        "user": call.end_user,
        **wishes,
    }
    return {name: value for name, value in fields.items() if value is not None and name in family.fields}


def _inline_inputs(call: ProviderCall) -> dict[str, str]:
    names = ("input_image" if index == 0 else f"input_image_{index + 1}" for index in range(len(call.inputs)))
    return {name: base64.b64encode(one.data).decode("ascii") for name, one in zip(names, call.inputs, strict=True)}


def _image(picture: _Picture) -> InlineImage | RemoteImage | None:
    if picture.b64_json is not None:
        return InlineImage(data=picture.b64_json)
    return RemoteImage(url=picture.url) if picture.url else None


def _usage(call: ProviderCall, usage: _Usage | None) -> Usage | None:
    # FLUX is billed by the image or megapixel, whatever tokens its answer counts.
    priced = {row.unit for row in call.card.prices}
    usage = usage or _Usage()
    tokens = {
        PriceUnit.INPUT_TEXT_TOKEN: usage.text_in,
        PriceUnit.INPUT_IMAGE_TOKEN: usage.image_in,
        PriceUnit.OUTPUT_IMAGE_TOKEN: usage.image_out,
    }
    quantities = {unit: Decimal(count) for unit, count in tokens.items() if count is not None and unit in priced}
    return Usage(quantities=quantities) if quantities else None


def _read_error(response: HttpResponse) -> Submission:
    error = (read_answer(_ErrorAnswer, response.body) or _ErrorAnswer()).error
    inner = error.inner or _Inner()
    code = str(error.code)
    metadata = {"status": response.status, "code": error.code, "inner_code": inner.code, **_ids(response)}
    if _REFUSALS & {code, inner.code}:
        codes = _filtered(inner.filters) or _named(error.message or "")
        return Refused(message=_refusal(codes), codes=codes, metadata=metadata)
    table: ErrorTable = {response.status: _BY_CODE[code]} if code in _BY_CODE else _BY_STATUS
    if response.status == 403 and _BLOCKED.search(error.message or ""):
        table = {403: _BLOCKED_RESOURCE}
    return replace(failed(_NAME, table, response, error.message), metadata=metadata)


def _refusal(codes: tuple[str, ...]) -> str:
    return f"Azure refused this request under its content policy ({', '.join(codes)}). Change what you ask for."


def _filtered(results: Mapping[str, object] | None) -> tuple[str, ...]:
    hits = [name for name, one in (results or {}).items() if isinstance(one, dict) and one.get("filtered") is True]
    return tuple(dict.fromkeys(_CATEGORIES.get(name, "other") for name in hits))


def _named(message: str) -> tuple[str, ...]:
    found = _VIOLATIONS.search(message)
    names = [name.strip().lower() for name in found[1].split(",")] if found else []
    return tuple(dict.fromkeys(_CATEGORIES.get(name, "other") for name in names)) or ("other",)


def _ids(response: HttpResponse) -> dict[str, str]:
    return {"request_id": response.headers["apim-request-id"]} if "apim-request-id" in response.headers else {}


provider = AzureProvider()
