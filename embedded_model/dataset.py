"""Renders the training set once, in parallel, into one uncompressed archive outside the repository."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedded_model.captions import CaptionWriter, scene_labels, vocabulary
from embedded_model.drawing import draw
from embedded_model.scenes import sample_scene
from functions.embedded.tokenizer import Tokenizer

SIDE = 32
CAPTIONS_PER_SCENE = 4
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures (N, 32, 32, 3), word numbers (N, captions, words) and labels (N, heads)."""

    pictures: NDArray[np.uint8]
    ids: NDArray[np.int16]
    labels: NDArray[np.int16]


def render_chunk(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.int16]]:
    """A block of scenes: drawn at 64 pixels and averaged down to 32, with several captions each."""
    rng = np.random.default_rng(seed)
    writer, tokenizer = CaptionWriter(rng), Tokenizer(vocabulary())
    scenes = [sample_scene(rng) for _ in range(_CHUNK)]
    pictures = [draw(scene, rng, 2 * SIDE).reshape(SIDE, 2, SIDE, 2, 3).mean((1, 3)) + 0.5 for scene in scenes]
    ids = [[tokenizer.encode(writer.write(scene)).ids for _ in range(CAPTIONS_PER_SCENE)] for scene in scenes]
    labels = [scene_labels(scene) for scene in scenes]
    return np.array(pictures).astype(np.uint8), np.array(ids, np.int16), np.array(labels, np.int16)


def load_or_render(path: Path, count: int, seed: int = 1) -> Dataset:
    """The training set at `path`, rendered first when the file is absent."""
    if not path.exists():
        with get_context("fork").Pool(2) as pool:
            chunks = pool.map(render_chunk, range(seed * 100_000, seed * 100_000 + count // _CHUNK))
        pictures, ids, labels = (np.concatenate([chunk[part] for chunk in chunks]) for part in range(3))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, pictures=pictures, ids=ids, labels=labels)
    with np.load(path) as archive:
        return Dataset(archive["pictures"], archive["ids"], archive["labels"])
