"""Writes `docs/providers.md` from the catalog: what each provider can do here; a test holds the page to the catalog.

Usage: `.venv/dev/bin/python -m dev.provider_table`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from dev.paths import ROOT
from imagegate.catalog import all_provider_ids, read_file
from imagegate.domain.card import ModelCard, ProviderCard

PAGE: Final = ROOT / "docs" / "providers.md"

# The specification that the contract tests hold each adapter to; the embedded model's API is Lambda's own.
SPECIFICATIONS: Final[Mapping[str, str]] = {
    "openai": "openai",
    "azure": "azure",
    "vertex": "vertex",
    "firefly": "firefly",
    "stability": "stability",
    "bfl": "bfl",
    "ideogram": "ideogram",
    "replicate": "replicate",
    "fal": "fal-queue",
    "huggingface": "huggingface-endpoint",
    "bedrock": "bedrock",
    "openai_compatible": "selfhosted-openai-images",
    "comfyui": "comfyui",
    "automatic1111": "automatic1111",
}

_HEAD: Final = """# Providers

What each provider can do through this gateway. The tables are made from the catalog by
`python -m dev.provider_table`, and a test holds them to it. "Contract" names the specification that `make contract`
holds the adapter to: every operation of every model that is not retired is sent to a mock server which checks it.

**Midjourney** is not supported: it has no documented official API, and what is offered in its name drives its chat bot
against its terms of service.

**Callbacks.** Where "webhook" says yes, the gateway can ask to be called when the work is done. It polls all the same,
so a lost callback costs one interval. fal and Ideogram sign with keys that they publish and are asked from the start;
`imagegate providers set fal callbacks=off` stops it. Replicate signs with a secret of the account: run
`imagegate secrets set replicate webhook_secret=whsec_...`, which asks for the key too, and then
`imagegate providers set replicate callbacks=on`. Black Forest Labs documents no signature: with `callbacks=on` its
callbacks are hints to poll at once. A task is then asked for where it was submitted, so let `base_url` name a region,
such as `https://api.eu.bfl.ai`.
"""
# These have no word for a refusal: what they make is judged by the gateway alone.
_NEVER_REFUSE: Final = frozenset({"automatic1111", "comfyui", "embedded", "huggingface"})
# Nobody sells quota on these.
_OWN_HARDWARE: Final = frozenset({"automatic1111", "comfyui", "embedded", "openai_compatible"})
_PROVIDER_COLUMNS: Final = (
    "provider",
    "models",
    "operations",
    "answers",
    "outcomes beside success and failure",
    "webhook",
    "batch",
    "auth",
    "contract",
)
_MODEL_COLUMNS: Final = (
    "model",
    "operations",
    "sizes",
    "images",
    "fields",
    "formats",
    "billed by",
    "pinned",
    "shutdown",
)


def page() -> str:
    """Return the whole page."""
    files = [read_file(provider_id) for provider_id in all_provider_ids()]
    parts = [_HEAD, _table(_PROVIDER_COLUMNS, (_provider_row(provider, cards) for provider, cards in files))]
    for provider, cards in files:
        parts.append(f"\n## {provider.display_name} (`{provider.id}`)\n\nDocumentation: {provider.documentation}\n")
        parts.append(_table(_MODEL_COLUMNS, (_model_row(card) for card in cards)))
    return "\n".join(parts)


def _provider_row(provider: ProviderCard, cards: tuple[ModelCard, ...]) -> tuple[str, ...]:
    operations = sorted({operation.value for card in cards for operation in card.operations})
    return (
        f"`{provider.id}`",
        str(len(cards)),
        ", ".join(operations),
        "later, asked by polling" if provider.is_async else "at once",
        ", ".join(_outcomes(provider, cards)),
        _yes(provider.has_webhook),
        _yes(provider.has_batch),
        provider.auth,
        SPECIFICATIONS.get(provider.id, "AWS Lambda Invoke"),
    )


def _outcomes(provider: ProviderCard, cards: tuple[ModelCard, ...]) -> list[str]:
    told = {
        "partial success": any(card.max_count > 1 for card in cards),
        "refusal": provider.id not in _NEVER_REFUSE,
        "throttled": True,
        "quota exhausted": provider.id not in _OWN_HARDWARE,
        "unknown": True,
    }
    return [name for name, is_told in told.items() if is_told]


def _model_row(card: ModelCard) -> tuple[str, ...]:
    lifecycle = card.lifecycle
    shutdown = f"{lifecycle.shutdown_on}" if lifecycle.shutdown_on else ""
    return (
        f"`{card.name}`",
        ", ".join(sorted(card.operations)),
        card.sizes.describe() if len(card.sizes.allowed) <= 6 else f"{len(card.sizes.allowed)} sizes",
        f"up to {card.max_count}, {card.images_per_call} a call",
        ", ".join(_fields(card)),
        ", ".join(sorted(card.output_formats)),
        ", ".join(sorted({price.unit.value for price in card.prices})),
        _yes(card.is_pinned),
        f"{shutdown}, then `{lifecycle.replacement}`" if lifecycle.replacement else shutdown,
    )


def _fields(card: ModelCard) -> list[str]:
    offered = {
        "seed": card.has_seed,
        "negative_prompt": card.has_negative_prompt,
        "mask": card.has_mask,
        "steps": card.steps is not None,
        "guidance": card.guidance is not None,
        "strength": card.strength is not None,
        "quality": bool(card.qualities),
        "output_compression": card.has_compression,
        f"{card.max_input_images} input images": card.max_input_images > 0,
    }
    return [name for name, is_offered in offered.items() if is_offered]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
