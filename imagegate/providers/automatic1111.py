"""AUTOMATIC1111 and Forge: the operator's own server, started with `--api`; synchronous, HTTP Basic where it is set up.

One lock serves one call at a time and lets the others wait without a word, so the time to wait is long.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/API and modules/api of that repository (checked
2026-11-22); a running server tells its own shapes at /openapi.json.
"""

import base64
import json
from typing import Annotated

from pydantic import Field, ValidationError

from imagegate.domain.errors import (
    InvalidRequestError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from imagegate.domain.image import InlineImage
from imagegate.domain.provider import Completed, Failed, InputPicture, ProviderCall, Submission
from imagegate.domain.request import JsonValue, Operation, Quality, Size
from imagegate.domain.warning import RequestWarning, WarningType
from imagegate.domain.wire import HttpBasic, HttpRequest, HttpResponse
from imagegate.reading import (
    Answer,
    ErrorTable,
    Options,
    PictureBytes,
    failed,
    grayscale_mask,
    read_answer,
    read_options,
)

_NAME = "The AUTOMATIC1111 server"
_READ_TIMEOUT_SECONDS = 300.0
_MULTIPLE = 8


class _Options(Options):
    """What only this server knows; nothing here names a script, a file or an address."""

    sampler_name: Annotated[str, Field(max_length=64)] | None = None
    scheduler: Annotated[str, Field(max_length=64)] | None = None
    tiling: bool | None = None
    mask_blur: Annotated[int, Field(ge=0, le=64)] | None = None


class _UpscaleOptions(Options):
    """How an upscale is done; the factor counts only where no size is asked for."""

    upscaler: Annotated[str, Field(max_length=64)] = "R-ESRGAN 4x+"
    upscale_factor: Annotated[float, Field(gt=1, le=4)] = 2.0


class _Pictures(Answer):
    images: list[PictureBytes] | None = None
    # JSON inside a string of JSON.
    info: str = "{}"


class _Info(Answer):
    all_seeds: list[int] = Field(default_factory=list)
    # One where a grid of the whole batch comes first.
    index_of_first_image: int = 0
    sd_model_name: str | None = None
    sd_model_hash: str | None = None


class _Upscaled(Answer):
    image: PictureBytes | None = None


class _Problem(Answer):
    """`error` is the name of the exception; `detail` is a list where a field of the request is wrong."""

    error: str = ""
    detail: str | list[JsonValue] = ""
    errors: str = ""


# The server's own default of 50 steps is slow and rarely better.
_STEPS: dict[Quality, int] = {Quality.LOW: 12, Quality.MEDIUM: 25, Quality.HIGH: 50}

# Pictures only: no grid of a batch in front, no mask behind.
_ONLY_PICTURES = {"return_grid": False, "return_mask": False, "return_mask_composite": False}

_ERRORS: ErrorTable = {
    400: (InvalidRequestError, "The AUTOMATIC1111 server did not accept the request."),
    401: (ProviderCredentialsError, "The AUTOMATIC1111 server did not accept our user name or password."),
    403: (ProviderCredentialsError, "The AUTOMATIC1111 server, or a proxy before it, does not let us in."),
    404: (ProviderFailedError, "There is no API at the AUTOMATIC1111 server's address. Start it with `--api`."),
    413: (InvalidRequestError, "The input is too large for the AUTOMATIC1111 server."),
    422: (InvalidRequestError, "The AUTOMATIC1111 server did not accept the input."),
    429: (
        ProviderThrottledError,
        "The AUTOMATIC1111 server takes no more requests just now. Repeat the request later.",
    ),
    502: (ProviderUnavailableError, "The AUTOMATIC1111 server is not running behind its proxy."),
    503: (ProviderUnavailableError, "The AUTOMATIC1111 server is not available. Repeat the request later."),
    504: (ProviderTimeoutError, "A proxy gave up waiting for the AUTOMATIC1111 server."),
}

# 404 is also how the server says, in exactly these words, that something in a request does not exist.
_NOT_FOUND = frozenset({"Sampler not found", "Init image not found"})

# The names of exceptions that come with 500 and have a remedy.
_EXCEPTIONS: dict[str, str] = {
    "OutOfMemoryError": "The AUTOMATIC1111 server ran out of GPU memory. Ask for a smaller picture or fewer of them."
}


class Automatic1111Provider:
    """Draws with whatever checkpoint the server has, or with the one in the setting `checkpoint`."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request; input images travel inside it, so that the server needs to fetch nothing."""
        if call.request.operation is Operation.UPSCALE:
            path, body = "extra-single-image", _upscale(call)
        elif call.inputs:
            path, body = "img2img", {**_drawing(call), **_from_image(call)}
        else:
            path, body = "txt2img", _drawing(call)
        return HttpRequest(
            method="POST",
            url=f"{call.base_url}/sdapi/v1/{path}",
            headers={"content-type": "application/json"},
            body=json.dumps(body).encode(),
            auth=(HttpBasic(),),
            read_timeout_seconds=_READ_TIMEOUT_SECONDS,
        )

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the pictures, and the seed of each from the text beside them."""
        if response.status != 200:
            return _failure(response)
        if call.request.operation is Operation.UPSCALE:
            return _read_upscaled(call, response)
        pictures = read_answer(_Pictures, response.body)
        info = _info(pictures.info) if pictures else None
        if pictures is None or info is None:
            return _failed("The AUTOMATIC1111 server's answer could not be read.")
        # A grid that comes all the same stands in front, masks stand behind; there is a seed for each picture.
        count = len(info.all_seeds) or call.request.count
        images = (pictures.images or [])[info.index_of_first_image :][:count]
        if not images:
            return _failed(
                "The AUTOMATIC1111 server reported success without an image. Was the work interrupted there?"
            )
        seeds: list[int | None] = [*info.all_seeds, *(None for _ in images)]
        return Completed(
            images=tuple(InlineImage(data=data, seed=seed) for data, seed in zip(images, seeds, strict=False)),
            model_version=info.sd_model_hash or info.sd_model_name,
            warnings=_size_warnings(call),
            metadata={"checkpoint": info.sd_model_name},
        )


def _drawing(call: ProviderCall) -> dict[str, JsonValue]:
    request = call.request
    size = _size(call)
    checkpoint = call.settings.get("checkpoint")
    wishes: dict[str, JsonValue] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "width": size.width,
        "height": size.height,
        "batch_size": request.count,
        "seed": -1 if request.seed is None else request.seed,
        "steps": _STEPS[request.quality] if request.steps is None else request.steps,
        "cfg_scale": request.guidance,
        "override_settings": {**_ONLY_PICTURES, **({"sd_model_checkpoint": checkpoint} if checkpoint else {})},
        "send_images": True,
        "save_images": False,
        **read_options(_Options, call).model_dump(),
    }
    return {name: value for name, value in wishes.items() if value is not None}


def _from_image(call: ProviderCall) -> dict[str, JsonValue]:
    mask = grayscale_mask(call)
    wishes: dict[str, JsonValue] = {
        "init_images": [_base64(call.inputs[0])],
        # Cut to the asked shape, not squeezed into it.
        "resize_mode": 1,
        "denoising_strength": call.request.strength,
        "mask": _base64(mask) if mask else None,
        # What was there is where the drawing under the mask begins.
        "inpainting_fill": 1 if mask else None,
    }
    return {name: value for name, value in wishes.items() if value is not None}


def _upscale(call: ProviderCall) -> dict[str, JsonValue]:
    options = read_options(_UpscaleOptions, call)
    size = call.request.size
    wanted: dict[str, JsonValue] = (
        {"resize_mode": 0, "upscaling_resize": options.upscale_factor}
        if size is None
        else {"resize_mode": 1, "upscaling_resize_w": size.width, "upscaling_resize_h": size.height}
    )
    return {"image": _base64(call.inputs[0]), "upscaler_1": options.upscaler, **wanted}


def _size(call: ProviderCall) -> Size:
    """Return the asked size or that of the input image, which the server would otherwise take to be 512x512."""
    if call.request.size is not None:
        return call.request.size
    rule, image = call.card.sizes, call.inputs[0]
    scale = min(1.0, rule.max_side / max(image.width, image.height))
    sides = [max(int(side * scale) // _MULTIPLE * _MULTIPLE, rule.min_side) for side in (image.width, image.height)]
    return Size(*sides)


def _size_warnings(call: ProviderCall) -> tuple[RequestWarning, ...]:
    if call.request.size is not None:
        return ()
    size, image = _size(call), call.inputs[0]
    if (size.width, size.height) == (image.width, image.height):
        return ()
    message = f"{call.card.id} cannot make {image.width}x{image.height}, the size of the input image, and made {size}."
    return (RequestWarning(type=WarningType.ADJUSTED, message=message, param="size"),)


def _read_upscaled(call: ProviderCall, response: HttpResponse) -> Submission:
    upscaled = read_answer(_Upscaled, response.body)
    if upscaled is None:
        return _failed("The AUTOMATIC1111 server's answer could not be read.")
    if not upscaled.image:
        return _failed("The AUTOMATIC1111 server reported success without an image.")
    message = "An upscaler does not read the prompt."
    unread = RequestWarning(type=WarningType.UNSUPPORTED, message=message, param="prompt")
    return Completed(images=(InlineImage(data=upscaled.image),), warnings=(unread,) if call.request.prompt else ())


def _info(text: str) -> _Info | None:
    try:
        return _Info.model_validate_json(text)
    except ValidationError:
        return None


def _base64(picture: InputPicture) -> str:
    return base64.b64encode(picture.data).decode("ascii")


def _failure(response: HttpResponse) -> Failed:
    problem = read_answer(_Problem, response.body) or _Problem()
    text = problem.detail if isinstance(problem.detail, str) else json.dumps(problem.detail)
    if response.status == 404 and text in _NOT_FOUND:
        error = InvalidRequestError(f"The AUTOMATIC1111 server says: {text}. Check the options.")
        return Failed(error=error, metadata={"status": 404})
    if problem.error in _EXCEPTIONS:
        return Failed(error=ProviderFailedError(_EXCEPTIONS[problem.error]), metadata={"status": response.status})
    return failed(_NAME, _ERRORS, response, text or problem.errors)


def _failed(message: str) -> Failed:
    return Failed(error=ProviderFailedError(message))


provider = Automatic1111Provider()
