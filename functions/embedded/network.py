"""The text encoder and the diffusion network in numpy, weight for weight the networks of `embedded_model`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from functions.embedded.layers import (
    Parameters,
    attention,
    conv,
    conv_matrix,
    group_norm,
    kernel_matrix,
    layer_norm,
    linear,
    shuffle,
    silu,
    softmax,
    unshuffle,
)
from functions.embedded.tokenizer import PADDING_ID
from functions.embedded.weights import Array, Weights

_TEXT_HEADS = 4
_HEAD_WIDTH = 32
_SLOTS = 3
_SCENE_HEADS = 4
_HIDDEN = np.float32(-1e4)


@dataclass(frozen=True, slots=True)
class Context:
    """What a batch of prompts says to the network; the same for every step."""

    pooled: Array
    tokens: Array
    bias: Array
    planes: tuple[Array, ...]


class TextEncoder:
    """Word numbers to word vectors and soft labels."""

    def __init__(self, weights: Weights) -> None:
        self._parameters = weights.part("text.")
        self._sizes: list[int] = weights.about["label_sizes"]

    def encode(self, ids: Array) -> tuple[Array, Array, Array]:
        """Word vectors, label probabilities and the bias that hides padding words."""
        bias = np.where(ids == PADDING_ID, _HIDDEN, np.float32(0))
        bias[:, 0] = 0
        parameters = self._parameters
        x = parameters["embed.weight"][ids.astype(np.int64)] + parameters["position"]
        for block in ("blocks.0.", "blocks.1."):
            x = self._block(block, x, bias[:, None, None, :])
        x = layer_norm(parameters, "norm", x)
        scale = np.float32(x.shape[2] ** -0.5 * 3.0)
        pooled = softmax(parameters["slots"] @ x.transpose(0, 2, 1) * scale + bias[:, None, :]) @ x
        edges = np.cumsum([0, *self._sizes])
        spans = [slice(a, b) for a, b in pairwise(edges)]
        matrix, offset = parameters["classes.weight"], parameters["classes.bias"]
        products = [pooled[:, i] @ matrix[span].T + offset[span] for i, span in enumerate(spans)]
        return x, np.concatenate([softmax(part.astype(np.float32)) for part in products], 1), bias

    def _block(self, name: str, x: Array, bias: Array) -> Array:
        parameters = self._parameters
        qkv = linear(parameters, f"{name}qkv", layer_norm(parameters, f"{name}norm1", x))
        query, key, value = np.split(qkv, 3, 2)
        x = x + linear(parameters, f"{name}out", attention(query, key, value, _TEXT_HEADS, bias))
        wide = silu(linear(parameters, f"{name}up", layer_norm(parameters, f"{name}norm2", x)))
        return x + linear(parameters, f"{name}down", wide)


class Unet:
    """Predicts the clean picture from a noisy one at 32x32."""

    def __init__(self, weights: Weights) -> None:
        self._parameters = weights.part("unet.")
        self._matrices = {
            name: kernel_matrix(array) for name, array in self._parameters.items() if array.shape[2:] == (3, 3)
        }
        self._data_std = float(weights.about["data_std"])
        self._sizes: list[int] = weights.about["label_sizes"]

    def context(self, words: Array, labels: Array, bias: Array) -> Context:
        """Everything the prompts contribute, computed once per picture."""
        parameters: Parameters = self._parameters
        scene, thing = sum(self._sizes[:_SCENE_HEADS]), sum(self._sizes[_SCENE_HEADS : _SCENE_HEADS + 4])
        shown = (bias == 0).astype(np.float32)[:, :, None]
        mean = (words * shown).sum(1) / shown.sum(1)
        pooled = linear(parameters, "condition.labels", labels) + linear(parameters, "condition.pooled", mean)
        parts = labels[:, scene:].reshape(-1, _SLOTS, thing)
        told = np.concatenate([parts, np.repeat(labels[:, None], _SLOTS, 1)], 2)
        things = linear(parameters, "condition.thing2", silu(linear(parameters, "condition.thing1", told)))
        sky = linear(parameters, "condition.scene", labels[:, None, :scene])
        tokens = np.concatenate([linear(parameters, "condition.words", words), sky, things], 1)
        start = self._sizes[_SCENE_HEADS] + self._sizes[_SCENE_HEADS + 1]
        places = parts[:, :, start : start + self._sizes[_SCENE_HEADS + 2]]
        values = linear(parameters, "condition.layout", silu(things))
        planes = tuple(self._plane(places, values, index) for index in range(3))
        return Context(pooled, tokens, np.pad(bias, ((0, 0), (0, 1 + _SLOTS)))[:, None, None, :], planes)

    def _plane(self, places: Array, values: Array, index: int) -> Array:
        maps = self._parameters[f"condition.planes.{index}"]
        gates = np.tensordot(places, maps, 1)
        grouped = values.reshape(*values.shape[:2], maps.shape[1], -1)
        plane = np.einsum("nsghw,nsgc->nhwgc", gates, grouped).reshape(len(values), *maps.shape[2:], -1)
        return conv(self._parameters, f"condition.spread.{index}", plane)

    def denoise(self, noisy: Array, level: float, context: Context) -> Array:
        """The clean picture, as far as it can be told, at a noise level between 0 and 1."""
        variance = (1 - level) ** 2 * self._data_std**2 + level**2
        prediction = self._predict(noisy * np.float32(variance**-0.5), level, context)
        skip = np.float32((1 - level) * self._data_std**2 / variance)
        return skip * noisy + np.float32(level * self._data_std * variance**-0.5) * prediction

    def _predict(self, x_in: Array, level: float, context: Context) -> Array:
        parameters = self._parameters
        pooled = silu(context.pooled + self._time(level))
        x = self._conv("enter", unshuffle(x_in)) + self._position(0) + context.planes[0]
        x = self._block("down.0", x, pooled)
        skips = [x]
        for index in (1, 2):
            x = conv(parameters, f"shrink.{index - 1}", unshuffle(x)) + self._position(index) + context.planes[index]
            x = self._attend(f"attend_down.{index - 1}", self._block(f"down.{index}", x, pooled), context)
            skips.append(x)
        for index in (2, 1):
            x = self._attend(f"attend_up.{index - 1}", self._block(f"up.{index}", x, pooled), context)
            x = shuffle(conv(parameters, f"grow.{index - 1}", x)) + skips[index - 1]
        x = self._block("up.0", x, pooled)
        fine = shuffle(conv(parameters, "leave", silu(group_norm(x)))) + self._conv("detail1", x_in)
        return self._conv("detail3", silu(self._conv("detail2", silu(fine))))

    def _conv(self, name: str, x: Array) -> Array:
        return conv_matrix(x, self._matrices[f"{name}.weight"], self._parameters[f"{name}.bias"], "constant")

    def _position(self, index: int) -> Array:
        return self._parameters[f"positions.{index}"].transpose(1, 2, 0)

    def _time(self, level: float) -> Array:
        steps = np.exp(np.linspace(-1.5, 2.5, 32, dtype=np.float32)) * np.float32(np.log(level / (1 - level)) * 0.25)
        waves = np.concatenate([np.sin(steps), np.cos(steps)])[None]
        return linear(self._parameters, "condition.time2", silu(linear(self._parameters, "condition.time1", waves)))

    def _block(self, name: str, x: Array, pooled: Array) -> Array:
        scale, shift = np.split(linear(self._parameters, f"{name}.film", pooled)[:, None, None, :], 2, 3)
        hidden = self._conv(f"{name}.conv1", silu(group_norm(x)))
        hidden = group_norm(hidden) * (1 + scale) + shift
        return x + self._conv(f"{name}.conv2", silu(hidden))

    def _attend(self, name: str, x: Array, context: Context) -> Array:
        count, side, _, width = x.shape
        pixels = group_norm(x).reshape(count, side * side, width)
        query, key, value = np.split(linear(self._parameters, f"{name}.qkv", pixels), 3, 2)
        more_keys, more_values = np.split(linear(self._parameters, f"{name}.context", context.tokens), 2, 2)
        keys, values = np.concatenate([key, more_keys], 1), np.concatenate([value, more_values], 1)
        bias = np.pad(context.bias, ((0, 0), (0, 0), (0, 0), (side * side, 0)))
        mixed = attention(query, keys, values, width // _HEAD_WIDTH, bias)
        return x + linear(self._parameters, f"{name}.out", mixed).reshape(x.shape)


class Upscaler:
    """Makes a picture four times as large: a bilinear enlargement plus learned detail."""

    _FACTOR = 4

    def __init__(self, weights: Weights, name: str) -> None:
        parameters = weights.part(f"{name}.")
        self._layers = [
            (kernel_matrix(parameters[f"convs.{index}.weight"]), parameters[f"convs.{index}.bias"])
            for index in range(len(parameters) // 2)
        ]

    def enlarge(self, x: Array) -> Array:
        """A picture (count, side, side, 3) from -1 to 1, four times as large."""
        first, *inner, last = self._layers
        hidden = conv_matrix(x, *first, "edge")
        for layer in inner:
            hidden += conv_matrix(silu(hidden), *layer, "edge")
        detail = shuffle(conv_matrix(silu(hidden), *last, "edge"), self._FACTOR)
        return self._smooth(self._smooth(x, 1), 2) + detail

    def _smooth(self, x: Array, axis: int) -> Array:
        factor, side = self._FACTOR, x.shape[axis]
        at = ((np.arange(side * factor) + 0.5) / factor - 0.5).clip(0, side - 1)
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, side - 1)
        shape = [1] * x.ndim
        shape[axis] = -1
        share = (at - low).astype(np.float32).reshape(shape)
        between: Array = x.take(low, axis) * (1 - share) + x.take(high, axis) * share
        return between
