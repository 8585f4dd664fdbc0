"""The x4 upscaler, 32 to 128 pixels: it turns what the diffusion network leaves into what a scene looks like."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from embedded_model.rehearsal import rehearse

FACTOR = 4
_PICTURES = 4000
_KEPT_BACK = 200
_BATCH = 16
_RATE = 2e-3


class Upscaler(nn.Module):
    """Adds learned detail to a bilinear enlargement."""

    def __init__(self, width: int = 48, layers: int = 7) -> None:
        super().__init__()
        sizes = [3, *[width] * (layers - 1), 3 * FACTOR**2]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3) for a, b in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """A picture four times as large."""
        first, *inner, last = self.convs
        h = first(padded(x))
        for conv in inner:
            h = h + conv(padded(functional.silu(h)))
        h = last(padded(functional.silu(h)))
        smooth = functional.interpolate(x, scale_factor=FACTOR, mode="bilinear", align_corners=False)
        return smooth + functional.pixel_shuffle(h, FACTOR)


def padded(x: Tensor) -> Tensor:
    return functional.pad(x, (1, 1, 1, 1), mode="replicate")


def softened(small: Tensor) -> Tensor:
    """A real small picture made a little soft and noisy."""
    count = small.shape[0]
    soft = functional.avg_pool2d(padded(small), 3, 1)
    mix = torch.rand(count, 1, 1, 1) ** 2 * 0.6
    noise = torch.randn_like(small) * torch.rand(count, 1, 1, 1) ** 2 * 0.12
    return (small * (1 - mix) + soft * mix + noise).clamp(-1.05, 1.05)


def train_upscaler(folder: Path, minutes: float) -> None:
    """Trains on repainted pictures, with softened real ones among them; absolute differences keep edges crisp."""
    torch.manual_seed(3)
    rng = np.random.default_rng(6)
    start, step = time.monotonic(), 0
    pictures, repainted = rehearse(folder, _PICTURES, 5)
    print(f"upscaler: {len(pictures)} pictures after {time.monotonic() - start:.0f} s", flush=True)
    model = Upscaler()
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    while (passed := (time.monotonic() - start) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = _RATE * min(1.0, (step + 1) / 50) * (1 - passed)
        picks = rng.integers(0, len(pictures) - _KEPT_BACK, _BATCH)
        large = _as_tensor(pictures[picks])
        is_real = torch.from_numpy(rng.random((_BATCH, 1, 1, 1)) < 0.3)
        small = torch.where(is_real, softened(functional.avg_pool2d(large, FACTOR)), torch.from_numpy(repainted[picks]))
        loss = functional.l1_loss(model(small), large)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 0:
            print(f"upscaler step {step} loss {loss.item():.4f}", flush=True)
    _report(model, _as_tensor(pictures[-_KEPT_BACK:]), torch.from_numpy(repainted[-_KEPT_BACK:]))
    torch.save(model.state_dict(), folder / "upscaler.pt")


def _as_tensor(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def _report(model: Upscaler, large: Tensor, repainted: Tensor) -> None:
    """Prints the error on pictures kept back, against plain bicubic enlargement."""
    for name, small in (("real", functional.avg_pool2d(large, FACTOR)), ("repainted", repainted)):
        bicubic = functional.interpolate(small, scale_factor=FACTOR, mode="bicubic", align_corners=False)
        decibels = [10 * np.log10(4 / functional.mse_loss(x, large).item()) for x in (model(small), bicubic)]
        print(f"upscaler on {name} pictures: {decibels[0]:.1f} dB, bicubic {decibels[1]:.1f} dB", flush=True)
