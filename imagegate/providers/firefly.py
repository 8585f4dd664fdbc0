"""Adobe Firefly: the image models of Firefly Services; always asynchronous, IMS client credentials and `x-api-key`.

https://developer.adobe.com/firefly-services/docs/firefly-api/ and static/firefly-api.json in the public repository
AdobeDocs/ffs-firefly-api (checked 2026-11-22). Where a job is asked for stands in the answer to its submission, often
on another host. Input images are read from presigned addresses. Masks are white where the picture changes, see
https://developer.adobe.com/firefly-services/docs/firefly-api/guides/concepts/masking/
"""

import json
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AliasGenerator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from imagegate.domain.decision import Stage
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    MissingParameterError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderQuotaError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnsupportedFeatureError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import Completed, Failed, Pending, ProviderCall, ProviderRef, Refused, Submission
from imagegate.domain.request import JsonValue, Operation, Size
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import ClientCredentials, HttpRequest, HttpResponse
from imagegate.reading import Answer, ErrorTable, Options, ask_again, failed, grayscale_mask, read_answer, read_options

_AUTH = (
    ClientCredentials(
        token_url="https://ims-na1.adobelogin.com/ims/token/v3",  # noqa: S106 - an address
        scope="openid,AdobeID,session,additional_info,read_organizations,firefly_api,ff_apis",
        id_header="x-api-key",
    ),
)
_POLL_SECONDS = 3.0
# An organization has 4 requests for each minute by default, and its retry-after is a date.
_POLL_AGAIN_SECONDS = 15.0


class _Own(Options):
    # Without fields for endpoints without options; fields are sent under the same name, as the provider writes it.
    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))


class _Image5Options(Options):
    locale_code: str | None = None
    prompt_reasoner: Literal["quality", "speed"] | None = None


class _FillOptions(_Own):
    prompt_biasing_locale_code: str | None = None


class _Image4Options(_FillOptions):
    content_class: Literal["photo", "art"] | None = None
    visual_intensity: Annotated[int, Field(ge=2, le=10)] | None = None
    # `presets`, `strength` and `imageReference`; the provider checks them.
    style: dict[str, JsonValue] | None = None


class _CustomOptions(_FillOptions):
    custom_model_id: str
    upsampler_type: Literal["default", "low_creativity"] | None = None


class _ExpandOptions(_Own):
    # `alignment` and `inset`; the provider checks them.
    placement: dict[str, JsonValue] | None = None


class _Address(Answer):
    href: str | None = None
    url: str | None = None


class _Output(Answer):
    seed: int | None = None
    image: _Address | None = None
    presignedUrl: str | None = None  # noqa: N815 - from upscaling


class _Result(Answer):
    outputs: list[_Output] | None = None
    promptHasDeniedWords: bool | None = None  # noqa: N815
    promptHasBlockedArtists: bool | None = None  # noqa: N815


class _Reply(Answer):
    # To a submission: most give addresses, generation of version 4 and upscaling give links.
    statusUrl: str | None = None  # noqa: N815
    cancelUrl: str | None = None  # noqa: N815
    links: dict[str, _Address] | None = None
    # To a poll; the last two with every error too.
    jobId: str | None = None  # noqa: N815
    status: str | None = None
    result: _Result | None = None
    error_code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    path: str
    options: type[Options]
    # What the endpoints of version 3 take besides a size, a number of pictures and seeds.
    needs: tuple[str, ...] = ("prompt",)
    has_model: bool = True


_GENERATE = _Endpoint(path="generate-async", options=_Image4Options)
_SIMILAR = _Endpoint(path="generate-similar-async", options=_Own, needs=("image",))
# By the version on the card, which is the header `x-model-version` too where an endpoint has several models.
_ENDPOINTS: dict[str, _Endpoint] = {
    "image4_ultra": _GENERATE,
    "image4_standard": _GENERATE,
    "image4_custom": replace(_GENERATE, options=_CustomOptions),
    "image3": _GENERATE,
    "fill": _Endpoint(path="fill-async", options=_FillOptions, needs=("prompt", "image", "mask"), has_model=False),
    "expand": _Endpoint(path="expand-async", options=_ExpandOptions, needs=("image",), has_model=False),
}

# `pending`, `running`, `cancel_pending` and every status that nobody knows are work in progress.
# By the status of a job that is over, or by a code that says more of one that failed.
_ENDED: dict[str, tuple[type[ProviderFailedError | ProviderTimeoutError], str]] = {
    "failed": (ProviderFailedError, "Adobe Firefly could not make the picture."),
    "cancelled": (ProviderFailedError, "The job was canceled at Adobe Firefly."),
    "canceled": (ProviderFailedError, "The job was canceled at Adobe Firefly."),
    "timeout": (ProviderTimeoutError, "Adobe Firefly gave up waiting for its own model."),
    "timeout_error": (ProviderTimeoutError, "Adobe Firefly gave up waiting for its own model."),
}
# The codes of status 451; older endpoints send them with 400, 403 or 422, and polls with a job that failed.
_REFUSALS: dict[str, tuple[Stage, str]] = {
    "legal_error": (Stage.PROVIDER, "The content was refused for legal reasons."),
    "prompt_unsafe": (Stage.PROMPT, "The prompt was refused."),
    "prompt_entity_denied": (Stage.PROMPT, "The prompt names somebody or something that is not allowed."),
    "image_unsafe": (Stage.IMAGE, "The picture that was made was withheld."),
    "reference_image_unsafe_error": (Stage.PROVIDER, "The input image was refused."),
    "input_media_unsafe": (Stage.PROVIDER, "The input image was refused."),
}
_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "Adobe Firefly did not accept the request."),
    401: (ProviderCredentialsError, "Adobe does not accept the client id and secret. An operator must set them again."),
    403: (ProviderCredentialsError, "These credentials may not use this Adobe Firefly model."),
    408: (ProviderTimeoutError, "Adobe Firefly gave up waiting."),
    413: (InvalidRequestError, "The request is too large for Adobe Firefly."),
    415: (InvalidRequestError, "Adobe Firefly does not read input images of this type."),
    422: (InvalidRequestError, "Adobe Firefly did not accept the request."),
    429: (ProviderThrottledError, "Adobe Firefly takes no more requests just now. Repeat the request in a moment."),
    500: (ProviderFailedError, "Adobe Firefly failed. The request may have been charged."),
    503: (ProviderUnavailableError, "Adobe Firefly is busy. Repeat the request in a moment."),
    504: (ProviderTimeoutError, "Adobe Firefly gave up waiting."),
}
_QUOTA: ErrorTable = {403: (ProviderQuotaError, "The organization's Adobe Firefly quota is used up.")}
_Body = dict[str, JsonValue]


class FireflyProvider:
    """Speaks to firefly-api.adobe.io and to the hosts that it names for its jobs."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the submission of one job."""
        path, body, model = _describe(call)
        version = {"x-model-version": model} if model else {}
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}{path}",
            headers={"content-type": "application/json", **version},
            body=json.dumps(_pruned(body)).encode(),
            auth=_AUTH,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read where the job can be asked for and canceled."""
        if response.status not in {200, 202}:
            return _read_problem(response)
        reply = read_answer(_Reply, response.body) or _Reply()
        links = {name: link.href for name, link in (reply.links or {}).items()}
        status_url, cancel_url = reply.statusUrl or links.get("result"), reply.cancelUrl or links.get("cancel")
        if not status_url:
            return _failed("answered with something that could not be read")
        ref = {"status_url": status_url, **({"cancel_url": cancel_url} if cancel_url else {})}
        return Pending(ref=ref, poll_after_seconds=_POLL_SECONDS)

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the question how far the job is."""
        return HttpRequest(method="GET", url=ref["status_url"], auth=_AUTH, read_timeout_seconds=10.0)

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read how far the job is; a poll that was shed says nothing about it."""
        if again := ask_again(ref, response, _POLL_AGAIN_SECONDS):
            return again
        if response.status not in {200, 202}:
            return _read_problem(response)
        job = read_answer(_Reply, response.body)
        if job is None or job.status is None:
            return _failed("answered with something that could not be read")
        if job.status == "succeeded":
            return _read_result(call, job.jobId, job.result or _Result())
        if job.status in _ENDED:
            return _read_end(job.status, job.error_code or "")
        return Pending(ref=ref, poll_after_seconds=_POLL_SECONDS, metadata={"status": job.status})

    def cancel(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request that stops the job; its id is the last part of the address that asks for it."""
        job_id = ref["status_url"].partition("?")[0].rpartition("/")[2]
        url = ref.get("cancel_url") or f"{call.base_url}/v3/cancel/{job_id}"
        return HttpRequest(method="PUT", url=url, auth=_AUTH)

    def read_canceled(self, response: HttpResponse) -> bool:
        """Tell whether the job stops, or was stopped before; any other job that is over answers 409 or 410 too."""
        code = (read_answer(_Reply, response.body) or _Reply()).error_code
        return response.status in {200, 202, 204} or code == "job_already_canceled"


def _describe(call: ProviderCall) -> tuple[str, _Body, str | None]:
    version = call.card.version
    if version == "image5":
        return "/v4/images/generate-async", _image5(call), version
    if version not in _ENDPOINTS:
        return "/v3/images/upscale", _upscale(call), version
    endpoint = _SIMILAR if call.request.operation is Operation.VARIATION else _ENDPOINTS[version]
    return f"/v3/images/{endpoint.path}", _version_3(endpoint, call), version if endpoint.has_model else None


def _image5(call: ProviderCall) -> _Body:
    options = read_options(_Image5Options, call)
    if call.request.size is not None and call.inputs:
        raise UnsupportedFeatureError(f"{call.card.id} keeps a picture's shape. Leave `size` out.", param="size")
    label = call.card.sizes.labels[call.request.size] if call.request.size else ""
    ratio, _, resolution = label.partition(" ")
    return {
        "prompt": _prompt(call),
        "modelId": "firefly_image",
        "aspectRatio": ratio or None,
        "resolutionLevel": resolution or None,
        "numVariations": 1,
        "seeds": _seeds(call),
        "referenceBlobs": [{**_source(call), "usage": "general"}] if call.inputs else None,
        "modelSpecificPayload": {"localeCode": options.locale_code, "prompt_reasoner": options.prompt_reasoner},
    }


def _version_3(endpoint: _Endpoint, call: ProviderCall) -> _Body:
    request = call.request
    if request.negative_prompt and endpoint is _SIMILAR:
        raise UnsupportedFeatureError("Variations take no `negative_prompt`. Leave it out.", param="negative_prompt")
    mask = grayscale_mask(call)
    if mask is None and "mask" in endpoint.needs:
        raise MissingParameterError(f"{call.card.id} paints where a mask is white. Send one as `mask`.", param="mask")
    size = request.size or call.card.sizes.default
    words = _prompt(call) if "prompt" in endpoint.needs else request.prompt or None
    return {
        "prompt": None if endpoint is _SIMILAR else words,
        "negativePrompt": request.negative_prompt,
        "image": _source(call) if "image" in endpoint.needs else None,
        "mask": {"source": {"url": mask.url}} if mask else None,
        "size": {"width": size.width, "height": size.height},
        "numVariations": request.count,
        "seeds": _seeds(call),
        **read_options(endpoint.options, call).model_dump(by_alias=True),
    }


def _upscale(call: ProviderCall) -> _Body:
    read_options(_Own, call)
    return {"image": _source(call), "seeds": _seeds(call) or [0], "upscaleFactor": _factor(call)}  # it needs a seed


def _pruned(body: _Body) -> _Body:
    pruned = {name: _pruned(value) if isinstance(value, dict) else value for name, value in body.items()}
    return {name: value for name, value in pruned.items() if value not in (None, {})}


def _seeds(call: ProviderCall) -> list[JsonValue] | None:
    seed = call.request.seed
    return None if seed is None else [seed + number for number in range(call.request.count)]


def _prompt(call: ProviderCall) -> str:
    if not call.request.prompt.strip():
        raise EmptyPromptError(f"{call.card.id} needs a prompt. Say what to draw.", param="prompt")
    return call.request.prompt


def _source(call: ProviderCall) -> _Body:
    if not call.inputs:
        raise MissingParameterError(f"{call.card.id} works on a picture. Send one as `image`.", param="image")
    return {"source": {"url": call.inputs[0].url}}


def _factor(call: ProviderCall) -> int:
    # Without a size, twice as large.
    size = call.request.size
    for one in (2, 3, 4, 6):
        if size in {None, Size(call.inputs[0].width * one, call.inputs[0].height * one)}:
            return one
    message = f"{call.card.id} makes pictures 2, 3, 4 or 6 times as wide and high. Ask for such a `size` or for none."
    raise UnsupportedFeatureError(message, param="size")


def _read_result(call: ProviderCall, job_id: str | None, result: _Result) -> Submission:
    found = [(one.presignedUrl or (one.image.url if one.image else None), one.seed) for one in result.outputs or ()]
    images = tuple(RemoteImage(url=url, seed=seed) for url, seed in found if url)
    if not images:
        return _failed("reported success without an image")
    warnings = []
    if result.promptHasDeniedWords or result.promptHasBlockedArtists:
        message = "Adobe Firefly took denied words or names of artists out of the prompt."
        warnings.append(RequestWarning(type=WarningType.ADJUSTED, message=message, param="prompt"))
    if call.request.operation in {Operation.UPSCALE, Operation.VARIATION} and call.request.prompt.strip():
        message = f"{call.card.id} takes no prompt; it was not used."
        warnings.append(RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="prompt"))
    return Completed(images=images, warnings=tuple(warnings), metadata={"job_id": job_id})


def _read_end(status: str, code: str) -> Submission:
    if code in _REFUSALS:
        return _refused(code, status)
    kind, message = _ENDED.get(code, _ENDED[status])
    return Failed(error=kind(message), metadata={"status": status, "error_code": code})


def _read_problem(response: HttpResponse) -> Submission:
    # Not every answer is JSON: status 413 comes with a page of HTML.
    problem = read_answer(_Reply, response.body) or _Reply()
    if problem.error_code in _REFUSALS or response.status == 451:
        return _refused(problem.error_code or "", response.status)
    if response.status == 403 and response.headers.get("x-access-error") == "quota_exhausted":
        return failed("Adobe Firefly", _QUOTA, response)
    return failed("Adobe Firefly", _ERRORS, response, problem.message)


def _refused(code: str, status: str | int) -> Refused:
    stage, message = _REFUSALS.get(code, (Stage.PROVIDER, "The content was refused."))
    return Refused(message=message, stage=stage, metadata={"status": status, "error_code": code})


def _failed(what: str) -> Failed:
    return Failed(error=ProviderFailedError(f"Adobe Firefly {what}. The request may have been charged."))


provider = FireflyProvider()
