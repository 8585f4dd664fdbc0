"""From a prompt to a 512x512 picture: a second-order multistep solver over a fixed noise schedule, with guidance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.embedded.network import Context, TextEncoder, Unet, Upscaler
from functions.embedded.sharpen import calmed, sharpened
from functions.embedded.tokenizer import Tokenizer
from functions.embedded.weights import Array, Weights

SIDE = 32
_HIGHEST, _LOWEST = 0.998, 0.03
_CLIP = np.float32(1.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one picture is sampled."""

    seed: int
    steps: int
    guidance: float


class Painter:
    """The whole model, ready to paint; holds weights only, so calls do not influence each other."""

    def __init__(self, weights: Weights) -> None:
        self.model_version = str(weights.about["model_version"])
        self.default_steps = int(weights.about["steps"])
        self.default_guidance = float(weights.about["guidance"])
        self.tokenizer = Tokenizer(weights.about["words"])
        self._text = TextEncoder(weights)
        self._unet = Unet(weights)
        self._upscaler = Upscaler(weights, "upscaler")
        self._enlarger = Upscaler(weights, "enlarger")

    def paint(self, prompt: str, negative_prompt: str | None, settings: Settings) -> NDArray[np.uint8]:
        """A picture (512, 512, 3) as bytes; the negative prompt takes the place of the empty one."""
        guided = settings.guidance != 1.0
        context = self._context([prompt, negative_prompt or ""] if guided else [prompt])
        small = self._sample(context, settings)
        medium = calmed(sharpened(self._upscaler.enlarge(small[None])[0].clip(-1, 1), reach=3, rim=1), side=5)
        large = self._enlarger.enlarge(medium[None])[0].clip(-1, 1)
        return to_bytes(sharpened(large, reach=4, rim=2))

    def _context(self, prompts: list[str]) -> Context:
        ids = np.array([self.tokenizer.encode(prompt).ids for prompt in prompts], np.float32)
        return self._unet.context(*self._text.encode(ids))

    def _sample(self, context: Context, settings: Settings) -> Array:
        generator = np.random.Generator(np.random.Philox(settings.seed))
        x = generator.standard_normal((SIDE, SIDE, 3), np.float32)
        levels = noise_levels(settings.steps)
        before: Array | None = None
        for index, level in enumerate(levels[:-1]):
            clean = self._denoise(x, level, context, settings.guidance)
            ahead, back = _log_ratio(levels[index + 1]) - _log_ratio(level), 1.0
            guess = clean
            if before is not None:
                back = _log_ratio(level) - _log_ratio(levels[index - 1])
                guess = clean + np.float32(ahead / (2 * back)) * (clean - before)
            following = levels[index + 1]
            x = np.float32(following / level) * x + np.float32((1 - following) * -np.expm1(-ahead)) * guess
            before = clean
        return self._denoise(x, levels[-1], context, settings.guidance)

    def _denoise(self, x: Array, level: float, context: Context, guidance: float) -> Array:
        guesses = self._unet.denoise(np.stack([x] * len(context.pooled)), level, context)
        wanted, unwanted = guesses[0], guesses[-1]
        clean: Array = (unwanted + np.float32(guidance) * (wanted - unwanted)).clip(-_CLIP, _CLIP)
        return clean


def noise_levels(steps: int) -> list[float]:
    """Falling noise levels, even in the logarithm of the signal-to-noise ratio."""
    ratios = np.linspace(_log_ratio(_HIGHEST), _log_ratio(_LOWEST), steps)
    return [float(level) for level in 1 / (1 + np.exp(ratios))]


def _log_ratio(level: float) -> float:
    return float(np.log((1 - level) / level))


def to_bytes(picture: Array) -> NDArray[np.uint8]:
    """A picture from -1 to 1 as bytes."""
    return (picture * np.float32(127.5) + np.float32(128)).clip(0, 255).astype(np.uint8)
