"""How the models at fal name their inputs: the queue is the same for all, what is sent into it is each model's own."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """How one model names what we call otherwise; None where it has no such input."""

    # `image_size` with both sides; `aspect_ratio`, with a `resolution` where the card's label has two words; no size.
    size: Literal["sides", "ratio", "input"] = "sides"
    # The app that edits, where it is not the one that generates.
    edit_path: str | None = None
    edits_keep_size: bool = False
    count: str | None = None
    image: str | None = None
    images: str | None = None
    has_format: bool = True
    quality: str | None = None
    options: frozenset[str] = frozenset()


_SAFETY = frozenset({"safety_tolerance"})


def _banana(name: str) -> Input:
    return Input(
        size="ratio",
        edit_path=f"fal-ai/{name}/edit",
        count="num_images",
        images="image_urls",
        options=_SAFETY | {"enable_web_search"},
    )


# By the model's name on its card; from each model's published schema,
# https://api.fal.ai/v1/models?endpoint_id=ID&expand=openapi-3.0
INPUTS: dict[str, Input] = {
    "flux-3": Input(
        size="ratio",
        edit_path="blackforestlabs/flux-3/edit-image",
        images="image_urls",
        options=frozenset({"enable_prompt_expansion"}),
    ),
    "flux-2-pro": Input(edit_path="fal-ai/flux-2-pro/edit", images="image_urls", options=_SAFETY),
    "flux-pro-1.1": Input(count="num_images", options=_SAFETY | {"enhance_prompt"}),
    "flux-pro-1.1-ultra": Input(size="ratio", count="num_images", options=_SAFETY | {"enhance_prompt", "raw"}),
    "flux-dev": Input(
        edit_path="fal-ai/flux/dev/image-to-image",
        edits_keep_size=True,
        count="num_images",
        image="image_url",
        options=frozenset({"acceleration"}),
    ),
    "flux-schnell": Input(count="num_images", options=frozenset({"acceleration"})),
    "nano-banana-2": _banana("nano-banana-2"),
    "nano-banana-pro": _banana("nano-banana-pro"),
    "ideogram-v3": Input(
        count="num_images", has_format=False, quality="rendering_speed", options=frozenset({"expand_prompt", "style"})
    ),
    "clarity-upscaler": Input(size="input", image="image_url", has_format=False, options=frozenset({"upscale_factor"})),
    "bria-background-remove": Input(size="input", image="image_url", has_format=False),
}
