"""Stable Image, as both Stability AI and Amazon Bedrock offer it: its options, and what an operation needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from imagegate.domain.errors import EmptyPromptError, MissingParameterError, UnsupportedFeatureError
from imagegate.domain.provider import ProviderCall
from imagegate.reading import Options

_PRESETS = (
    "3d-model|analog-film|anime|cinematic|comic-book|digital-art|enhance|fantasy-art|isometric|line-art|low-poly|"
    "modeling-compound|neon-punk|origami|photographic|pixel-art|tile-texture"
)

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
ZeroToOne = Annotated[float, Field(ge=0, le=1)]
_Pixels = Annotated[int, Field(ge=0, le=2000)]

SIDES = ("left", "right", "up", "down")


class StableImageOptions(Options):
    """What a caller may put into `provider_options` for both; which of it a model takes stands with its `Needs`."""

    style_preset: Annotated[str, Field(pattern=f"^({_PRESETS})$")] | None = None
    grow_mask: Annotated[int, Field(ge=0, le=100)] | None = None
    creativity: ZeroToOne | None = None
    left: _Pixels | None = None
    right: _Pixels | None = None
    up: _Pixels | None = None
    down: _Pixels | None = None
    search_prompt: Text | None = None
    select_prompt: Text | None = None
    control_strength: ZeroToOne | None = None
    fidelity: ZeroToOne | None = None
    style_strength: ZeroToOne | None = None
    composition_fidelity: ZeroToOne | None = None
    change_strength: ZeroToOne | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one operation takes of a call, and what it cannot do without."""

    options: tuple[str, ...] = ()
    needs_one_of: tuple[str, ...] = ()
    needs_prompt: bool = True
    pictures: tuple[str, ...] = ("image",)
    needs_pictures: int = 1
    # What to send with an input image when the caller names no strength: image-to-image insists on one.
    strength: float | None = None
    has_ratio_with_pictures: bool = False


def check_needs(call: ProviderCall, needs: Needs, options: Mapping[str, object], *, has_prompt: bool) -> None:
    """Check a call against what its operation takes.

    Raises:
        MissingParameterError, EmptyPromptError: something is absent that the operation cannot do without.
        UnsupportedFeatureError: it cannot do what is asked.
    """
    name, request = call.card.id, call.request
    if len(call.inputs) < needs.needs_pictures:
        message = f"{name} needs {needs.needs_pictures} input image(s): {', '.join(needs.pictures)}."
        raise MissingParameterError(message, param="image")
    if has_prompt and needs.needs_prompt and not request.prompt.strip():
        raise EmptyPromptError(f"{name} needs a prompt. Say what to draw.", param="prompt")
    if call.inputs and request.size is not None and not needs.has_ratio_with_pictures:
        message = f"{name} keeps the shape of the input image. Leave `size` and `aspect_ratio` out."
        raise UnsupportedFeatureError(message, param="size")
    _check_options(call, needs, options)


def _check_options(call: ProviderCall, needs: Needs, options: Mapping[str, object]) -> None:
    place = f"provider_options.{call.card.provider}"
    for name in options:
        if name not in needs.options:
            known = ", ".join(needs.options) or "none"
            message = f"{call.card.id} does not take the option {name!r}. Its options: {known}."
            raise UnsupportedFeatureError(message, param=f"{place}.{name}")
    if needs.needs_one_of and not any(options.get(name) for name in needs.needs_one_of):
        wanted = " or ".join(f"`{place}.{name}`" for name in needs.needs_one_of)
        raise MissingParameterError(f"{call.card.id} needs {wanted}.", param=f"{place}.{needs.needs_one_of[0]}")
