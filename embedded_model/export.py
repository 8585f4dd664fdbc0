"""Writes a checkpoint folder's four networks as one half-precision archive that numpy reads without pickle."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from embedded_model.captions import vocabulary
from embedded_model.paths import WEIGHTS
from embedded_model.text import LABEL_SIZES
from embedded_model.unet import DATA_STD


def export(folder: Path, target: Path, about: dict[str, Any]) -> int:
    """Writes the archive and returns the number of parameters in it."""
    states = {
        "text": torch.load(folder / "text.pt"),
        "unet": torch.load(folder / "diffusion.pt")["average"],
        "upscaler": torch.load(folder / "upscaler.pt"),
        "enlarger": torch.load(folder / "enlarger.pt"),
    }
    arrays = {
        f"{part}.{name}": tensor.contiguous().numpy().astype(np.float16)
        for part, state in states.items()
        for name, tensor in state.items()
    }
    about |= {"words": vocabulary(), "label_sizes": list(LABEL_SIZES), "data_std": DATA_STD}
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    return sum(array.size for array in arrays.values())


def main() -> None:
    """Command line: where the checkpoints are and what the archive says about itself."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--target", type=Path, default=WEIGHTS)
    parser.add_argument("--version", required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--guidance", type=float, default=2.0)
    arguments = parser.parse_args()
    about = {"model_version": arguments.version, "steps": arguments.steps, "guidance": arguments.guidance}
    count = export(arguments.folder, arguments.target, about)
    print(f"{arguments.target}: {count} parameters, {arguments.target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
