"""What a card's flags allow a caller to wish for, as pairs of requests that must not be described alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from imagegate.catalog import read_file
from imagegate.domain.card import ModelCard, SizeRule
from imagegate.domain.errors import CallerError, InvalidRequestError
from imagegate.domain.fit import fit
from imagegate.domain.provider import InputPicture, ProviderCall
from imagegate.domain.request import GenerationRequest, InputImage, Operation, OutputFormat, Size
from imagegate.providers import load
from tests.pictures import picture

Wish = dict[str, Any]

# As large as anybody's least input picture.
SIDE = 512
INPUT = InputImage(key="inputs/one.png", media_type="image/png", width=SIDE, height=SIDE, sha256="00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a model cannot do without besides a prompt and one input image."""

    options: Mapping[str, object] = field(default_factory=dict)
    inputs: int = 1
    mask: bool = False


_OUTPAINT, _REPLACE, _RECOLOR, _STYLE, _MASK = (
    Needs(options={"left": 64}),
    Needs(options={"search_prompt": "hat"}),
    Needs(options={"select_prompt": "hat"}),
    Needs(inputs=2),
    Needs(mask=True),
)
NEEDS = {
    "bedrock/outpaint": _OUTPAINT,
    "bedrock/search-replace": _REPLACE,
    "bedrock/search-recolor": _RECOLOR,
    "bedrock/style-transfer": _STYLE,
    "firefly/image4-custom": Needs(options={"custom_model_id": "urn:aaid:sc:1"}),
    "firefly/fill": _MASK,
    "stability/outpaint": _OUTPAINT,
    "stability/search-and-replace": _REPLACE,
    "stability/search-and-recolor": _RECOLOR,
    "stability/style-transfer": _STYLE,
}
# Settings that have to be more than a word.
SETTINGS = {"huggingface": {"endpoint_url": "https://one.endpoints.huggingface.cloud"}}
RATIOS = ("1:1", "3:2", "2:3", "16:9", "9:16", "2:1")


def a_call(card: ModelCard, operation: Operation, **wishes: Any) -> ProviderCall:
    """Return a call as the gateway makes it, with every setting that the provider needs."""
    provider = read_file(card.provider)[0]
    needs = NEEDS.get(card.id, Needs())
    inputs = 0 if operation is Operation.GENERATE else needs.inputs
    request = GenerationRequest(
        model=card.id,
        prompt="a red circle",
        operation=operation,
        input_images=(INPUT,) * inputs,
        mask=INPUT if needs.mask else None,
        provider_options={card.provider: needs.options},
    )
    bytes_of_input = InputPicture(
        data=picture("png", SIDE, SIDE), media_type="image/png", width=SIDE, height=SIDE, url="https://images.example/1"
    )
    return ProviderCall(
        request=fit(replace(request, **wishes), card).request,
        card=card,
        base_url=provider.base_url or f"https://{card.provider}.example",
        settings={name: f"{name}-1" for name in provider.setting_fields} | SETTINGS.get(card.provider, {}),
        inputs=(bytes_of_input,) * inputs,
        mask=bytes_of_input if needs.mask else None,
        end_user="5feceb66ffc86f38",
        nonce="gen_1/1",
    )


def pairs(card: ModelCard) -> Iterator[tuple[str, Wish, Wish]]:
    """Return each field with two values of it that must not be described alike."""
    for name, is_offered, wish in (
        ("seed", card.has_seed, 1234),
        ("negative_prompt", card.has_negative_prompt, "text"),
        ("count", card.images_per_call > 1, 2),
    ):
        if is_offered:
            yield name, {}, {name: wish}
    for name, allowed in (("steps", card.steps), ("guidance", card.guidance), ("strength", card.strength)):
        if allowed is not None and allowed.minimum < allowed.maximum:
            whole = int if name == "steps" else float
            yield name, {name: whole(allowed.minimum)}, {name: whole(allowed.maximum)}
    yield from _choices("quality", sorted(card.qualities))
    yield from _choices("output_format", sorted(card.output_formats))
    yield from _choices("background", sorted(card.backgrounds))
    yield from _choices("size", _sizes(card.sizes))
    for lossy in sorted(card.output_formats - {OutputFormat.PNG}):
        if card.has_compression:
            common = {"output_format": lossy}
            yield "output_compression", common | {"output_compression": 10}, common | {"output_compression": 90}


def _choices(name: str, values: list[Any]) -> Iterator[tuple[str, Wish, Wish]]:
    for one, other in pairwise(values):
        yield name, {name: one}, {name: other}


def _sizes(rule: SizeRule) -> list[Size]:
    if rule.allowed:
        return list(rule.allowed)
    found = [rule.of_ratio(ratio) for ratio in RATIOS] if rule.max_side else []
    return sorted({size for size in found if size is not None})


def described(card: ModelCard, operation: Operation, wishes: Wish) -> tuple[object, ...] | None:
    """Return what would be sent, or None where that is refused, which is no silence."""
    try:
        request = load(card.provider).submit(a_call(card, operation, **wishes))
    except CallerError:
        return None
    return request.url, request.headers, request.body


def is_dropped(card: ModelCard, name: str, one: Wish, other: Wish) -> list[str]:
    """Return the operations in which two wishes are described alike, or all where each of them refuses the field.

    Which size is possible may depend on the input image, so a size may be refused everywhere.
    """
    alike, told = [], 0
    for operation in sorted(card.operations):
        first, second = described(card, operation, one), described(card, operation, other)
        told += first is not None and second is not None
        if first is not None and first == second:
            alike.append(operation.value)
    return alike if told or name == "size" else sorted(operation.value for operation in card.operations)


def can_be_fitted(card: ModelCard, operation: Operation, wishes: Wish) -> bool:
    """Tell whether the core itself lets this through."""
    try:
        a_call(card, operation, **wishes)
    except InvalidRequestError:
        return False
    return True
