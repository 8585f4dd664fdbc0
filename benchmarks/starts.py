"""What a cold start costs: the CPU of each handler's import in fresh processes, and the unzipped size of what it loads.

Both are taken from the assembly that is deployed, so byte-code and stripping are as they are there.
"""

import json
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import median
from dev.emulator import CREDENTIALS
from dev.paths import executable
from shared_names import FUNCTION_ENVIRONMENT, PROVIDER_ENDPOINTS, STACK_NAME

_PROCESSES: Final = 7
_SHOWN_PACKAGES: Final = 8
_TIMED: Final = "import time; began = time.process_time(); {program}; print(time.process_time() - began)"
_SDK_ALONE: Final = (
    "from botocore.session import Session; session = Session(); "
    "session.create_client('dynamodb'); session.create_client('s3')"
)
_IMPORT_TIME: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*([\w.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The folders that Lambda unpacks for one function."""

    code: Path
    layers: dict[str, Path]

    @property
    def megabytes(self) -> float:
        """Everything that counts against Lambda's limit of 250 MB."""
        return sum(size_in_megabytes(folder) for folder in (self.code, *self.layers.values()))


def size_in_megabytes(folder: Path) -> float:
    """Add up the files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def unpacked_functions(assembly: Path) -> dict[str, Unpacked]:
    """Read from a synthesized stack which folders each function is made of."""
    template: Any = json.loads((assembly / f"{STACK_NAME}.template.json").read_text(encoding="utf-8"))
    resources: dict[str, Any] = template["Resources"]
    functions = [item["Properties"] for item in resources.values() if item["Type"] == "AWS::Lambda::Function"]
    return {properties["Handler"].split(".")[1]: _unpacked(assembly, resources, properties) for properties in functions}


def _unpacked(assembly: Path, resources: dict[str, Any], properties: dict[str, Any]) -> Unpacked:
    layers: dict[str, Path] = {}
    for reference in properties["Layers"]:
        layer = resources[reference["Ref"]]["Properties"]
        layers[layer["Description"].split()[1].rstrip(":")] = _asset(assembly, layer["Content"])
    return Unpacked(code=_asset(assembly, properties["Code"]), layers=layers)


def _asset(assembly: Path, location: dict[str, Any]) -> Path:
    return assembly / f"asset.{Path(location['S3Key']).stem}"


def import_milliseconds(name: str, unpacked: Unpacked) -> float:
    """Return the CPU time of a handler's import; the AWS SDK comes from the environment, as in Lambda's runtime."""
    return _cpu_milliseconds(f"import functions.{name}.handler", name, unpacked)


def sdk_milliseconds(name: str, unpacked: Unpacked) -> float:
    """Return what the AWS SDK alone takes for two clients: the least that a function on it can start in."""
    return _cpu_milliseconds(_SDK_ALONE, name, unpacked)


def _cpu_milliseconds(program: str, name: str, unpacked: Unpacked) -> float:
    arguments = ["-c", _TIMED.format(program=program)]
    return median(float(_python(arguments, name, unpacked).stdout) * 1000 for _ in range(_PROCESSES))


def slowest_packages(name: str, unpacked: Unpacked) -> list[tuple[str, float]]:
    """Return the packages whose modules take longest, in milliseconds of their own, under `-X importtime`."""
    log = _python(["-X", "importtime", "-c", f"import functions.{name}.handler"], name, unpacked).stderr
    spent: Counter[str] = Counter()
    for microseconds, module in _IMPORT_TIME.findall(log):
        spent[module.split(".")[0]] += int(microseconds)
    return [(package, microseconds / 1000) for package, microseconds in spent.most_common(_SHOWN_PACKAGES)]


def _python(arguments: list[str], name: str, unpacked: Unpacked) -> subprocess.CompletedProcess[str]:
    folders = [unpacked.code, *(layer / "python" for layer in unpacked.layers.values())]
    settings = {setting: "{}" if setting == PROVIDER_ENDPOINTS else "x" for setting in FUNCTION_ENVIRONMENT[name]}
    environment = {
        **CREDENTIALS,
        **settings,
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(str(folder.resolve()) for folder in folders),
        "PYTHONDONTWRITEBYTECODE": "1",
        "POWERTOOLS_SERVICE_NAME": name,
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [str(executable("dev")), *arguments]
    return subprocess.run(command, env=environment, cwd=unpacked.code, capture_output=True, text=True, check=True)
