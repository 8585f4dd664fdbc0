"""The embedded model's function: one event in, finished images out; a bad event is answered, never raised."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from functions.embedded.event import InvalidRequestError, Request, parse_event
from functions.embedded.picture import encode, fit
from functions.embedded.sampler import Painter, Settings
from functions.embedded.weights import read_weights, weights_bytes

PAINTER = Painter(read_weights(weights_bytes()))


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Paints the images an event asks for."""
    started = time.perf_counter()
    try:
        request = parse_event(event)
    except InvalidRequestError as error:
        return {"status": "failed", "error": {"code": "invalid_request", "message": str(error)}}
    images = [_image(request, seed) for seed in request.seeds]
    seconds = round(time.perf_counter() - started, 4)
    _log(request, seconds)
    return {
        "status": "succeeded",
        "model_version": PAINTER.model_version,
        "images": images,
        "unknown_words": list(PAINTER.tokenizer.encode(request.prompt).unknown_words),
        "seconds": seconds,
    }


def _image(request: Request, seed: int) -> dict[str, Any]:
    settings = Settings(
        seed=seed,
        steps=request.steps or PAINTER.default_steps,
        guidance=PAINTER.default_guidance if request.guidance is None else request.guidance,
    )
    picture = PAINTER.paint(request.prompt, request.negative_prompt, settings)
    image = fit(picture, request.width, request.height)
    content = encode(image, request.output_format, request.output_compression)
    return {
        "b64_json": base64.b64encode(content).decode(),
        "media_type": f"image/{request.output_format}",
        "width": image.width,
        "height": image.height,
        "seed": seed,
    }


def _log(request: Request, seconds: float) -> None:
    line = {
        "event": "embedded_images_painted",
        "seconds": seconds,
        "size": f"{request.width}x{request.height}",
        "count": request.count,
        "steps": request.steps or PAINTER.default_steps,
    }
    print(json.dumps(line))  # noqa: T201 (the log line; the function carries no logging library)
