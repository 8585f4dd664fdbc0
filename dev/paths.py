"""Where the tooling keeps things: everything it writes is inside the checkout and ignored by git."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
ENVIRONMENTS: Final = ROOT / ".venv"
LOCAL: Final = ROOT / ".local"
PICTURES: Final = ROOT / "out"
REQUIREMENTS: Final = ROOT / "requirements"
NODE_MODULES: Final = ROOT / "node_modules"
CDK: Final = NODE_MODULES / ".bin" / "cdk"
GATEWAY_FILE: Final = LOCAL / "gateway.json"
EMULATOR_FOLDER: Final = LOCAL / "emulator"
LOCAL_ASSEMBLY: Final = LOCAL / "cdk.out"
CLOUD_ASSEMBLY: Final = ROOT / "cdk.out"


def executable(environment: str, name: str = "python") -> Path:
    """The path of a program in one of the virtual environments."""
    return ENVIRONMENTS / environment / "bin" / name
