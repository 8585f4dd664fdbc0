"""Trains the four networks one after another; learning rates fall with the wall clock, so runs end on time."""

from __future__ import annotations

import argparse
import copy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from embedded_model.captions import vocabulary
from embedded_model.dataset import Dataset, load_or_render
from embedded_model.enlarger import train_enlarger
from embedded_model.optimizer import Muon, split_parameters
from embedded_model.text import LABEL_SIZES, TextEncoder, label_probabilities
from embedded_model.unet import DATA_STD, Unet
from embedded_model.upscaler import train_upscaler
from functions.embedded.tokenizer import PADDING_ID, UNKNOWN_ID

BATCH = 48
MUON_RATE = 0.02
ADAM_RATE = 2e-3
LEVEL_MEAN, LEVEL_STD = 1.0, 1.2


@dataclass(frozen=True, slots=True)
class Options:
    """Where files live and how long each part may take."""

    folder: Path
    minutes: float
    scenes: int


def damaged_ids(ids: NDArray[np.int16], rng: np.random.Generator, empty_share: float) -> Tensor:
    """Word numbers with some words unknown, some unknown words in front and some captions emptied."""
    out = ids.astype(np.int64)
    shift = rng.random(len(out)) < 0.06
    out[shift] = np.concatenate([np.full((int(shift.sum()), 1), UNKNOWN_ID), out[shift, :-1]], 1)
    out[(rng.random(out.shape) < 0.02) & (out != PADDING_ID)] = UNKNOWN_ID
    out[rng.random(len(out)) < empty_share] = PADDING_ID
    return torch.from_numpy(out)


def train_text(options: Options, data: Dataset) -> TextEncoder:
    """Teaches the text encoder to read labels from captions."""
    torch.manual_seed(0)
    rng = np.random.default_rng(7)
    model = TextEncoder(len(vocabulary()))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    start, step = time.monotonic(), 0
    while (passed := (time.monotonic() - start) / (60 * options.minutes)) < 1:
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1.0, (step + 1) / 100) * (1 - passed)
        picks = rng.integers(0, len(data.ids) - 2000, 128)
        ids = damaged_ids(data.ids[picks, rng.integers(0, data.ids.shape[1], 128)], rng, 0.03)
        loss = model.loss(ids, torch.from_numpy(data.labels[picks].astype(np.int64)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 200 == 0:
            print(f"text step {step} loss {loss.item():.4f}", flush=True)
    print(f"text: {step} steps, fully read: {text_accuracy(model, data):.4f}", flush=True)
    torch.save(model.state_dict(), options.folder / "text.pt")
    return model


@torch.no_grad()
def text_accuracy(model: TextEncoder, data: Dataset) -> float:
    """Share of the last 2000 scenes whose caption is read with no mistake in any label."""
    labels = torch.from_numpy(data.labels[-2000:].astype(np.int64))
    scores = model(torch.from_numpy(data.ids[-2000:, 0].astype(np.int64)))[1]
    guesses = torch.stack([part.argmax(1) for part in scores.split(LABEL_SIZES, 1)], 1)
    return float((guesses == labels).all(1).float().mean())


class DiffusionTrainer:
    """The diffusion run: one object so that a checkpoint can hold all of its state."""

    def __init__(self, options: Options, data: Dataset, text: TextEncoder) -> None:
        torch.manual_seed(0)
        self.options, self.data, self.text = options, data, text.eval().requires_grad_(False)
        self.model = Unet().to(memory_format=torch.channels_last)
        torch.nn.init.zeros_(self.model.detail3.weight)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        inner, other = split_parameters(self.model)
        self.muon = Muon(inner)
        self.adam = torch.optim.AdamW(other, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)
        self.rng = np.random.default_rng(11)
        self.elapsed, self.steps = 0.0, 0

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs."""
        return {
            "model": self.model.state_dict(), "average": self.average.state_dict(), "adam": self.adam.state_dict(),
            "muon": self.muon.buffers, "elapsed": self.elapsed, "steps": self.steps,
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        """Continues from a saved state."""
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.adam.load_state_dict(state["adam"])
        self.muon.buffers = state["muon"]
        self.elapsed, self.steps = state["elapsed"], state["steps"]
        self.rng = np.random.default_rng([11, self.steps])

    def batch_loss(self) -> Tensor:
        """The preconditioned flow-matching loss of one random batch."""
        picks = self.rng.integers(0, len(self.data.ids) - 2000, BATCH)
        ids = damaged_ids(self.data.ids[picks, self.rng.integers(0, self.data.ids.shape[1], BATCH)], self.rng, 0.1)
        with torch.no_grad():
            words, scores = self.text(ids)
            labels = label_probabilities(scores)
        bias = (ids == PADDING_ID).float() * -1e4
        bias[:, 0] = 0.0
        clean = torch.from_numpy(self.data.pictures[picks]).permute(0, 3, 1, 2).float() / 127.5 - 1
        even = torch.from_numpy((np.arange(BATCH) + self.rng.random(BATCH)) / BATCH).float().clamp(1e-4, 1 - 1e-4)
        level = torch.sigmoid(LEVEL_MEAN + LEVEL_STD * torch.special.ndtri(even)).clamp(0.005, 0.998)
        at = level[:, None, None, None]
        noisy = (1 - at) * clean + at * torch.randn_like(clean)
        scale = torch.rsqrt((1 - at) ** 2 * DATA_STD**2 + at**2)
        target = (clean - (1 - at) * DATA_STD**2 * scale**2 * noisy) / (at * DATA_STD * scale)
        return functional.mse_loss(self.model(noisy, level, words, labels, bias), target)

    def step(self, passed: float) -> float:
        """One update with rates scaled to the time left."""
        loss = self.batch_loss()
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        factor = min(1.0, (self.steps + 1) / 60) * max(0.0, 1 - passed)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        self.adam.param_groups[0]["lr"] = ADAM_RATE * factor
        self.adam.step()
        self.muon.step(MUON_RATE * factor)
        self.steps += 1
        decay = min(0.9985, (1 + self.steps) / (12 + self.steps))
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
        return float(loss.item())

    def run(self) -> None:
        """Trains until the wall-clock budget is used, saving every three minutes."""
        start, saved, losses = time.monotonic() - self.elapsed, self.elapsed, []
        budget = 60 * self.options.minutes
        while self.elapsed < budget:
            losses.append(self.step(self.elapsed / budget))
            self.elapsed = time.monotonic() - start
            if self.steps % 100 == 0:
                speed = self.steps * BATCH / self.elapsed
                print(f"step {self.steps} {self.elapsed:.0f}s loss {np.mean(losses):.4f} {speed:.0f}/s", flush=True)
                losses = []
            if self.elapsed - saved > 180 or self.elapsed >= budget:
                saved = self.elapsed
                self.save()

    def save(self) -> None:
        """Writes the checkpoint in one move, so that a reader never sees half a file."""
        path = self.options.folder / "diffusion.pt"
        torch.save(self.state(), path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)


def main() -> None:
    """Command line: which part to train, for how long, where."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["text", "diffusion", "upscaler", "enlarger"])
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=160_000)
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)
    torch.set_num_threads(2)
    options = Options(arguments.folder, arguments.minutes, arguments.scenes)
    if arguments.part == "upscaler":
        train_upscaler(options.folder, options.minutes)
        return
    if arguments.part == "enlarger":
        train_enlarger(options.folder, options.minutes)
        return
    data = load_or_render(options.folder / "scenes.npz", options.scenes)
    if arguments.part == "text":
        train_text(options, data)
        return
    text = TextEncoder(len(vocabulary()))
    text.load_state_dict(torch.load(options.folder / "text.pt"))
    trainer = DiffusionTrainer(options, data, text)
    if (options.folder / "diffusion.pt").exists():
        trainer.load(torch.load(options.folder / "diffusion.pt"))
    trainer.run()


if __name__ == "__main__":
    main()
