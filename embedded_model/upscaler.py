"""The x4 upscaler, 32 to 128 pixels: six convolutions at the small size, then depth to space on a smooth base."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from embedded_model.drawing import draw
from embedded_model.scenes import sample_scene

WIDTH = 32
FACTOR = 4
LAYERS = 6


class Upscaler(nn.Module):
    """Adds learned detail to a bilinear enlargement."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [3, *[WIDTH] * (LAYERS - 1), 3 * FACTOR**2]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3) for a, b in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """A picture four times as large."""
        first, *inner, last = self.convs
        h = first(_padded(x))
        for conv in inner:
            h = h + conv(_padded(functional.silu(h)))
        h = last(_padded(functional.silu(h)))
        smooth = functional.interpolate(x, scale_factor=FACTOR, mode="bilinear", align_corners=False)
        return smooth + functional.pixel_shuffle(h, FACTOR)


def _padded(x: Tensor) -> Tensor:
    return functional.pad(x, (1, 1, 1, 1), mode="replicate")


def render_pairs(count: int, seed: int) -> NDArray[np.uint8]:
    """Real pictures at 128 pixels."""
    rng = np.random.default_rng(seed)
    return np.stack([draw(sample_scene(rng), rng, 128) for _ in range(count)])


def damaged(small: Tensor) -> Tensor:
    """A small picture with the kind of softness and noise the diffusion network leaves."""
    count = small.shape[0]
    soft = functional.avg_pool2d(_padded(small), 3, 1)
    mix = torch.rand(count, 1, 1, 1) ** 2 * 0.6
    noise = torch.randn_like(small) * torch.rand(count, 1, 1, 1) ** 2 * 0.12
    return (small * (1 - mix) + soft * mix + noise).clamp(-1.05, 1.05)


def train_upscaler(folder: Path, minutes: float) -> None:
    """Trains on real renders, some of them damaged; a sharper loss than squares keeps edges crisp."""
    torch.manual_seed(3)
    pictures, rng = render_pairs(6000, 5), np.random.default_rng(6)
    model = Upscaler()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    start, step = time.monotonic(), 0
    while (passed := (time.monotonic() - start) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1.0, (step + 1) / 50) * (1 - passed)
        picks = rng.integers(0, len(pictures) - 200, 16)
        large = torch.from_numpy(pictures[picks]).permute(0, 3, 1, 2).float() / 127.5 - 1
        small = functional.avg_pool2d(large, FACTOR)
        loss = functional.l1_loss(model(damaged(small)), large)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
    with torch.no_grad():
        large = torch.from_numpy(pictures[-200:]).permute(0, 3, 1, 2).float() / 127.5 - 1
        error = functional.mse_loss(model(functional.avg_pool2d(large, FACTOR)), large).item()
    print(f"upscaler: {step} steps, {10 * np.log10(4 / error):.1f} dB on clean inputs", flush=True)
    torch.save(model.state_dict(), folder / "upscaler.pt")
