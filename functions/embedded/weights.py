"""Finds and reads the weights archive: from the deployed layer when there is one, else from the repository."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_LAYER_PACKAGE = "embedded_weights"
_FILE = "embedded.npz"
_REPOSITORY_FILE = Path(__file__).resolve().parents[2] / "embedded_model" / "weights" / _FILE


@dataclass(frozen=True, slots=True)
class Weights:
    """Named single-precision arrays and the model's description (version, words, sizes, sampler defaults)."""

    arrays: dict[str, Array]
    about: dict[str, Any]

    def part(self, prefix: str) -> dict[str, Array]:
        """The arrays below a prefix, with the prefix cut off."""
        return {name[len(prefix) :]: array for name, array in self.arrays.items() if name.startswith(prefix)}


def read_weights(content: bytes) -> Weights:
    """Reads an archive of half-precision arrays; a pickle inside is refused."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        about = json.loads(archive["about"].tobytes())
        arrays = {name: archive[name].astype(np.float32) for name in archive.files if name != "about"}
    return Weights(arrays, about)


def weights_bytes() -> bytes:
    """The archive of the deployed layer, else the one in the repository."""
    try:
        return files(_LAYER_PACKAGE).joinpath(_FILE).read_bytes()
    except ModuleNotFoundError:
        return _REPOSITORY_FILE.read_bytes()
