"""Pairs of a real render and its repainting: noise added half way, then taken away by the diffusion network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from embedded_model.captions import CaptionWriter, vocabulary
from embedded_model.drawing import draw
from embedded_model.scenes import sample_scene
from embedded_model.text import TextEncoder, label_probabilities
from embedded_model.unet import Unet, preconditioning
from functions.embedded.tokenizer import PADDING_ID, Tokenizer

_STEPS = 4
_BATCH = 40
_LOWEST_LEVEL = 0.03
_LEVELS = (0.3, 0.72)


def load_networks(folder: Path) -> tuple[TextEncoder, Unet]:
    """The frozen text encoder and the averaged diffusion network of a checkpoint folder."""
    text, unet = TextEncoder(len(vocabulary())), Unet()
    text.load_state_dict(torch.load(folder / "text.pt"))
    unet.load_state_dict(torch.load(folder / "diffusion.pt")["average"])
    return text.eval(), unet.eval()


def rehearse(folder: Path, count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Real pictures at 128 pixels and, for each, a repainted one at 32 (channels first, from -1 to 1)."""
    rng = np.random.default_rng(seed)
    writer, tokenizer = CaptionWriter(rng), Tokenizer(vocabulary())
    text, unet = load_networks(folder)
    real, repainted = [], []
    for _ in range(count // _BATCH):
        scenes = [sample_scene(rng) for _ in range(_BATCH)]
        large = np.stack([draw(scene, rng, 128) for scene in scenes])
        ids = torch.tensor([tokenizer.encode(writer.write(scene)).ids for scene in scenes])
        small = functional.avg_pool2d(torch.from_numpy(large).permute(0, 3, 1, 2).float() / 127.5 - 1, 4)
        real.append(large)
        repainted.append(repaint(text, unet, ids, small, float(rng.uniform(*_LEVELS))).numpy())
    return np.concatenate(real), np.concatenate(repainted)


@torch.no_grad()
def repaint(text: TextEncoder, unet: Unet, ids: Tensor, small: Tensor, level: float) -> Tensor:
    """Adds noise up to a level and lets the network take it away again in a few steps."""
    words, scores = text(ids)
    bias = (ids == PADDING_ID).float() * -1e4
    bias[:, 0] = 0.0
    ratios = np.linspace(np.log((1 - level) / level), np.log((1 - _LOWEST_LEVEL) / _LOWEST_LEVEL), _STEPS)
    levels = [float(value) for value in 1 / (1 + np.exp(ratios))]
    x = (1 - level) * small + level * torch.randn_like(small)
    clean = x
    for now, following in zip(levels, [*levels[1:], 0.0], strict=True):
        at = torch.full((len(x),), now)
        skip, out = preconditioning(at)
        clean = (skip * x + out * unet(x, at, words, label_probabilities(scores), bias)).clamp(-1.05, 1.05)
        x = following / now * x + (1 - following - following / now * (1 - now)) * clean
    return clean
