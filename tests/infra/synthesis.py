"""Runs `app.py` as the CDK command line does, with the infra environment's own Python; needs neither CLI nor AWS."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dev.paths import ROOT, executable

# Makes every cdk-nag exception vanish before the app is built.
APP_WITHOUT_EXCEPTIONS: Final = (
    "-c",
    "import infra.findings; infra.findings.acknowledge = lambda *_arguments: None; import app; app.main()",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """How one run of the app ended, and the folder of its cloud assembly."""

    folder: Path
    status: int
    errors: str


def synthesize(folder: Path, *program: str, **context: str) -> Synthesis:
    """Synthesize into a folder without building the bundles, as `cdk list` would."""
    settings: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    settings |= {"aws:cdk:bundling-stacks": [], **context}
    result = subprocess.run(
        [executable("infra"), *(program or ("app.py",))],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps(settings),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return Synthesis(folder=folder, status=result.returncode, errors=result.stderr)
