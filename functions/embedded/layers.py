"""Network layers in numpy; pictures are (count, height, width, channels), a convolution is one matrix product."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from functions.embedded.weights import Array

Parameters = dict[str, Array]
_GROUPS = 8
_EPSILON = np.float32(1e-5)


def silu(x: Array) -> Array:
    """x times its logistic function, by tanh, which cannot overflow."""
    half = x * np.float32(0.5)
    gated: Array = half + half * np.tanh(half)
    return gated


def softmax(x: Array) -> Array:
    """Softmax over the last axis."""
    grown = np.exp(x - x.max(-1, keepdims=True))
    shares: Array = grown / grown.sum(-1, keepdims=True)
    return shares


def linear(parameters: Parameters, name: str, x: Array) -> Array:
    """A matrix product and an offset; weights are stored (out, in)."""
    return x @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]


def layer_norm(parameters: Parameters, name: str, x: Array) -> Array:
    """Normalisation over the last axis."""
    centered = x - x.mean(-1, keepdims=True)
    scale = np.sqrt(np.square(centered).mean(-1, keepdims=True) + _EPSILON)
    scaled: Array = centered / scale * parameters[f"{name}.weight"] + parameters[f"{name}.bias"]
    return scaled


def group_norm(x: Array) -> Array:
    """Normalisation over the picture and groups of channels, without weights of its own."""
    count, height, width, channels = x.shape
    grouped = x.reshape(count, height * width, _GROUPS, channels // _GROUPS)
    centered = grouped - grouped.mean((1, 3), keepdims=True)
    variance = np.square(centered).mean((1, 3), keepdims=True)
    scaled: Array = (centered / np.sqrt(variance + _EPSILON)).reshape(x.shape)
    return scaled


def conv(parameters: Parameters, name: str, x: Array, *, padding: str = "constant") -> Array:
    """A convolution of size 3 (or 1, by the kernel's shape); `padding` is numpy's mode for the border."""
    kernel = parameters[f"{name}.weight"]
    bias = parameters[f"{name}.bias"]
    if kernel.shape[-1] == 1:
        return x @ kernel[:, :, 0, 0].T + bias
    return conv_matrix(x, kernel_matrix(kernel), bias, padding)


def kernel_matrix(kernel: Array) -> Array:
    """A stored kernel (out, in, 3, 3) as a matrix (9 in, out)."""
    return kernel.transpose(2, 3, 1, 0).reshape(-1, kernel.shape[0])


def conv_matrix(x: Array, matrix: Array, bias: Array, padding: str) -> Array:
    """A convolution of size 3 as one product over gathered neighbourhoods."""
    count, height, width, channels = x.shape
    padded = pad_border(x, padding)
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return (windows.reshape(-1, 9 * channels) @ matrix + bias).reshape(count, height, width, -1)


def pad_border(x: Array, padding: str) -> Array:
    """One pixel more on each side: zeros ("constant") or copies ("edge")."""
    count, height, width, channels = x.shape
    out = np.zeros((count, height + 2, width + 2, channels), np.float32)
    out[:, 1:-1, 1:-1] = x
    if padding == "edge":
        out[:, 0], out[:, -1] = out[:, 1], out[:, -2]
        out[:, :, 0], out[:, :, -1] = out[:, :, 1], out[:, :, -2]
    return out


def unshuffle(x: Array, factor: int = 2) -> Array:
    """Space to depth."""
    count, height, width, channels = x.shape
    blocks = x.reshape(count, height // factor, factor, width // factor, factor, channels)
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(count, height // factor, width // factor, -1)


def shuffle(x: Array, factor: int = 2) -> Array:
    """Depth to space, the opposite of `unshuffle`."""
    count, height, width, channels = x.shape
    blocks = x.reshape(count, height, width, channels // factor**2, factor, factor)
    return blocks.transpose(0, 1, 4, 2, 5, 3).reshape(count, height * factor, width * factor, -1)


def attention(query: Array, key: Array, value: Array, heads: int, bias: Array | None = None) -> Array:
    """Softmax attention over (count, length, width); `bias` is added to the scores."""
    count, length, width = query.shape

    def split(x: Array) -> Array:
        return x.reshape(count, -1, heads, width // heads).transpose(0, 2, 1, 3)

    scores = split(query) @ split(key).transpose(0, 1, 3, 2) * np.float32((width // heads) ** -0.5)
    mixed = softmax(scores if bias is None else scores + bias) @ split(value)
    return mixed.transpose(0, 2, 1, 3).reshape(count, length, width)
