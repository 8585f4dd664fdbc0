"""Fakes of the vendors who answer with the picture; refusals and throttles are recorded answers where possible."""

import base64
import json
from typing import Any, Final

from tests.e2e.vendor_batches import with_batches
from tests.e2e.vendor_parts import Answers, Fake, Mood, at_once, key_of, picture_of, throttled, told
from tests.fixtures import fixture_json
from tests.loopback import Reply

GOOGLE_TOKEN: Final = "fake-google-token"
_A1111_USER: Final = ("artist", "fake password")
_IMAGES: Final = "POST .*/images/(generations|edits)"


def _base64(color: str) -> str:
    return base64.b64encode(picture_of(color)).decode()


def _bearer(key: str) -> tuple[str, str]:
    return "authorization", f"Bearer {key}"


def _png(body: bytes, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(headers={"content-type": "image/png", **names}, body=body)


def _openai(color: str) -> Answers:
    made: dict[str, Any] = fixture_json("openai/succeeded.json")
    return {
        Mood.OBLIGE: told({**made, "data": [{"b64_json": _base64(color)}]}, x_request_id="req_fake"),
        Mood.REFUSE: told(fixture_json("openai/moderation_blocked.json"), 400),
        Mood.THROTTLE: throttled(fixture_json("openai/rate_limited.json")),
        Mood.FAIL: told({"error": {"type": "server_error", "message": "Fake failure."}}, 500),
        Mood.EMPTY: told({**made, "data": []}),
    }


def _azure(color: str) -> Answers:
    return {
        **_openai(color),
        Mood.REFUSE: told(fixture_json("azure/content_filter.json"), 400),
        Mood.THROTTLE: throttled(fixture_json("azure/rate_limited.json")),
    }


def _vertex(color: str) -> Answers:
    made: dict[str, Any] = fixture_json("vertex/made.json")
    parts = [{"inlineData": {"mimeType": "image/png", "data": _base64(color)}}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
    error = {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED"}
    return {
        Mood.OBLIGE: told({**made, "candidates": [candidate]}),
        Mood.REFUSE: told(fixture_json("vertex/prompt_blocked.json")),
        Mood.THROTTLE: throttled({"error": error}),
        Mood.FAIL: told({"error": {"code": 500, "message": "Fake failure.", "status": "INTERNAL"}}, 500),
        Mood.EMPTY: told({**made, "candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}]}),
    }


def _bedrock(color: str) -> Answers:
    made: dict[str, Any] = fixture_json("bedrock/made.json")
    return {
        Mood.OBLIGE: told({**made, "images": [_base64(color)]}, x_amzn_requestid="fake"),
        Mood.REFUSE: told(fixture_json("bedrock/prompt_filtered.json")),
        Mood.THROTTLE: throttled({"message": "Too many requests."}, x_amzn_errortype="ThrottlingException"),
        Mood.FAIL: told({"message": "Fake failure."}, 500, x_amzn_errortype="InternalServerException"),
        Mood.EMPTY: told({"images": [], "seeds": [], "finish_reasons": [None]}),
    }


def _stability(color: str) -> Answers:
    return {
        Mood.OBLIGE: _png(picture_of(color), finish_reason="SUCCESS", seed="343940597"),
        Mood.REFUSE: told(fixture_json("stability/content_moderation.json"), 403),
        Mood.THROTTLE: throttled(fixture_json("stability/rate_limit_exceeded.json")),
        Mood.FAIL: told({"id": "fake", "name": "internal_error", "errors": ["Fake failure."]}, 500),
        Mood.EMPTY: _png(b"", finish_reason="SUCCESS", seed="343940597"),
    }


def _huggingface(color: str) -> Answers:
    return {
        Mood.OBLIGE: _png(picture_of(color)),
        Mood.THROTTLE: throttled({"error": "Too many requests."}),
        Mood.FAIL: told({"error": "Fake failure."}, 500),
        Mood.EMPTY: _png(b""),
    }


def _openai_compatible(color: str) -> Answers:
    made: dict[str, Any] = fixture_json("openai_compatible/vllm_omni.json")
    return {
        Mood.OBLIGE: told({**made, "data": [{"b64_json": _base64(color)}]}),
        Mood.THROTTLE: throttled({"error": {"code": 429, "message": "Too many requests.", "type": "TooManyRequests"}}),
        Mood.FAIL: told({"error": {"code": 500, "message": "Fake failure.", "type": "InternalServerError"}}, 500),
        Mood.EMPTY: told({**made, "data": []}),
    }


def _automatic1111(color: str) -> Answers:
    info = json.dumps({"all_seeds": [7], "index_of_first_image": 0, "sd_model_name": "sd_xl_base_1.0"})
    return {
        Mood.OBLIGE: told({"images": [_base64(color)], "parameters": {}, "info": info}),
        Mood.THROTTLE: throttled({"detail": "Too many requests."}),
        Mood.FAIL: told({"error": "RuntimeError", "detail": "", "errors": "Fake failure."}, 500),
        Mood.EMPTY: told({"images": [], "parameters": {}, "info": info}),
    }


def _fake(provider: str, model: str, color: str, submits: str, answers: Answers, **more: Any) -> Fake:
    found = {"credential": _bearer(key_of(provider)), "secret": {"api_key": key_of(provider)}, **more}
    return Fake(
        **{"provider": provider, "model": model, "color": color, "submits": submits}
        | {"respond": at_once(submits, answers)}
        | found
    )


AT_ONCE: Final = (
    _fake(
        "openai",
        "gpt-image-2",
        "maroon",
        _IMAGES,
        _openai("maroon"),
        respond=with_batches("openai", _IMAGES, _openai("maroon")),
        settings={"batch_api": "on"},
    ),
    _fake("azure", "gpt-image-2.5-flare", "navy", _IMAGES, _azure("navy"), credential=("api-key", key_of("azure"))),
    # Its secret is a service account, which is made when the server's address is known.
    _fake(
        "vertex",
        "gemini-3.1-flash-image",
        "olive",
        "POST /v1/projects/fake-project/locations/global/publishers/google/models/[^/]+:generateContent",
        _vertex("olive"),
        credential=_bearer(GOOGLE_TOKEN),
        secret={},
        settings={"project": "fake-project"},
    ),
    # No secret: the gateway's own role signs.
    _fake(
        "bedrock",
        "stable-image-core",
        "teal",
        "POST /model/[^/]+/invoke",
        _bedrock("teal"),
        credential=("authorization", r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/us-west-2/bedrock/aws4_request, .*"),
        secret={},
    ),
    _fake("stability", "core", "purple", "POST /v2beta/stable-image/.*", _stability("purple")),
    _fake("huggingface", "flux.1-schnell", "lime", "POST /(hf-inference/models/.*)?", _huggingface("lime")),
    _fake("openai_compatible", "default", "aqua", _IMAGES, _openai_compatible("aqua")),
    _fake(
        "automatic1111",
        "checkpoint",
        "silver",
        "POST /sdapi/v1/(txt2img|img2img|extra-single-image)",
        _automatic1111("silver"),
        credential=("authorization", f"Basic {base64.b64encode(':'.join(_A1111_USER).encode()).decode()}"),
        secret=dict(zip(("username", "password"), _A1111_USER, strict=True)),
    ),
)
