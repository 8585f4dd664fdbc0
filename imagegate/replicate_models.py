"""How Replicate's models name their inputs: the envelope is the same for all, what is inside is each model's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from imagegate.domain.request import MAX_SEED


class SizeStyle(StrEnum):
    """The field in which a model takes the size."""

    SIDES = "width and height"
    CUSTOM_RATIO = "aspect_ratio is the word custom, and width and height count"
    RATIO = "aspect_ratio"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """How one model names what we call otherwise; None where it has no such input."""

    size: SizeStyle
    count: str | None = None
    steps: str | None = None
    guidance: str | None = None
    strength: str | None = None
    negative_prompt: str | None = None
    image: str | None = None
    images: str | None = None
    mask: str | None = None
    output_format: str | None = "output_format"
    options: frozenset[str] = frozenset()
    # What must be said when the size of the input image is kept.
    keep_size: Mapping[str, str] | None = None
    # A fast mode without reproducible seeds, which is on unless we turn it off.
    fast_mode: str | None = None
    max_seed: int = MAX_SEED


# By the model's name on its card; from each model's published input schema, https://replicate.com/OWNER/NAME/api/schema
INPUTS: dict[str, Input] = {
    "flux-2-pro": Input(
        size=SizeStyle.CUSTOM_RATIO,
        images="input_images",
        options=frozenset({"safety_tolerance"}),
        keep_size={"aspect_ratio": "match_input_image", "resolution": "match_input_image"},
    ),
    "flux-2-dev": Input(
        size=SizeStyle.CUSTOM_RATIO,
        images="input_images",
        options=frozenset({"go_fast"}),
        keep_size={"aspect_ratio": "match_input_image"},
        fast_mode="go_fast",
    ),
    "flux-1.1-pro": Input(size=SizeStyle.CUSTOM_RATIO, options=frozenset({"safety_tolerance", "prompt_upsampling"})),
    "flux-kontext-pro": Input(
        size=SizeStyle.RATIO,
        image="input_image",
        options=frozenset({"safety_tolerance", "prompt_upsampling"}),
        keep_size={"aspect_ratio": "match_input_image"},
    ),
    "flux-dev": Input(
        size=SizeStyle.RATIO,
        count="num_outputs",
        steps="num_inference_steps",
        guidance="guidance",
        strength="prompt_strength",
        image="image",
        options=frozenset({"go_fast"}),
        fast_mode="go_fast",
    ),
    "flux-schnell": Input(
        size=SizeStyle.RATIO,
        count="num_outputs",
        steps="num_inference_steps",
        options=frozenset({"go_fast"}),
        fast_mode="go_fast",
    ),
    "ideogram-v3-quality": Input(
        size=SizeStyle.RESOLUTION,
        output_format=None,
        options=frozenset({"magic_prompt_option", "style_type"}),
        max_seed=2**31 - 1,
    ),
    "sdxl": Input(
        size=SizeStyle.SIDES,
        count="num_outputs",
        steps="num_inference_steps",
        guidance="guidance_scale",
        strength="prompt_strength",
        negative_prompt="negative_prompt",
        image="image",
        mask="mask",
        output_format=None,
    ),
}
