"""The second x4 step, 128 to 512 pixels: it sharpens soft edges, so that every delivered size looks crisp."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from embedded_model.drawing import draw
from embedded_model.scenes import sample_scene
from embedded_model.upscaler import FACTOR, Upscaler, padded

_PICTURES = 900
_SMALL_SIDE = 128
_CROP = 32
_BATCH = 16
_RATE = 2e-3


def new_enlarger() -> Upscaler:
    """The network, narrower than the first step because it sees sixteen times as many pixels."""
    return Upscaler(width=32, layers=7)


def render_large(count: int, seed: int) -> NDArray[np.uint8]:
    """Real pictures at 512 pixels."""
    rng = np.random.default_rng(seed)
    return np.stack([draw(sample_scene(rng), rng, _SMALL_SIDE * FACTOR) for _ in range(count)])


def blurred(small: Tensor, rng: np.random.Generator) -> Tensor:
    """A picture made soft to a random degree, with a little noise."""
    for _ in range(int(rng.integers(0, 7))):
        small = functional.avg_pool2d(padded(small), 3, 1)
    return small + torch.randn_like(small) * float(rng.uniform(0, 0.015))


def crops(pictures: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
    """Random pieces of random pictures, from -1 to 1."""
    side = _CROP * FACTOR
    corners = rng.integers(0, (_SMALL_SIDE - _CROP) + 1, (_BATCH, 2)) * FACTOR
    picks = rng.integers(0, len(pictures), _BATCH)
    pieces = [pictures[p, y : y + side, x : x + side] for p, (y, x) in zip(picks, corners, strict=True)]
    return torch.from_numpy(np.stack(pieces)).permute(0, 3, 1, 2).float() / 127.5 - 1


def train_enlarger(folder: Path, minutes: float) -> None:
    """Trains on blurred real renders, where the right sharp edge follows from the soft one."""
    torch.manual_seed(4)
    rng = np.random.default_rng(8)
    start, step = time.monotonic(), 0
    pictures = render_large(_PICTURES, 9)
    print(f"enlarger: {len(pictures)} pictures after {time.monotonic() - start:.0f} s", flush=True)
    model = new_enlarger()
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    while (passed := (time.monotonic() - start) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = _RATE * min(1.0, (step + 1) / 50) * (1 - passed)
        large = crops(pictures, rng)
        loss = functional.l1_loss(model(blurred(functional.avg_pool2d(large, FACTOR), rng)), large)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 0:
            print(f"enlarger step {step} loss {loss.item():.4f}", flush=True)
    torch.save(model.state_dict(), folder / "enlarger.pt")
