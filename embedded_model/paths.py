"""Where the shipped results of training live in the repository."""

from pathlib import Path
from typing import Final

WEIGHTS: Final = Path(__file__).parent / "weights" / "embedded.npz"
SCORES: Final = Path(__file__).parent / "scores.json"
