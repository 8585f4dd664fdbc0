"""Synthesizes and deploys the real CDK app onto the emulator; nothing here can reach an AWS account.

`python -m dev.deploy` only synthesizes what `make deploy` would deploy, as a check.
"""

import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dev.console import StepFailedError, exit_with, run_logged, say
from dev.emulator import ACCOUNT, CREDENTIALS, REGION, client_environment
from dev.environments import is_current
from dev.paths import CDK, CLOUD_ASSEMBLY, LOCAL, LOCAL_ASSEMBLY, ROOT, executable
from shared_names import STACK_NAME

_LOGS: Final = LOCAL / "logs"
# Nothing below these can change what is synthesized.
_NOT_SYNTHESIZED: Final = ("tests/", "docs/", "benchmarks/", ".ci/")
_DEPLOY_OPTIONS: Final = ("--require-approval", "never", "--no-notices")
_SYNTH_ADVICE: Final = "The lines above are what `app.py` and cdk-nag say; see infra/."


def cdk_environment(source: Mapping[str, str]) -> dict[str, str]:
    """What every CDK command runs with: uv on the path for bundling, no telemetry, no banner."""
    return {
        **source,
        "PATH": os.pathsep.join([str(executable("tools").parent), source.get("PATH", "")]),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        # A list of major versions. Node 20 no longer is supported upstream, yet is what many machines have, and works.
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "NODE_NO_WARNINGS": "1",
    }


def _local_environment(endpoint_url: str) -> dict[str, str]:
    environment = cdk_environment(client_environment(endpoint_url, os.environ))
    return {**environment, "CDK_HOME": str(LOCAL / "cdk-home")}


def _synth_environment() -> dict[str, str]:
    # Without credentials and endpoint: a synth that needed them would not be reproducible.
    offered = {*CREDENTIALS, "AWS_ENDPOINT_URL"} - {"AWS_EC2_METADATA_DISABLED"}
    return {name: value for name, value in _local_environment("").items() if name not in offered}


def assembly_for(context: Mapping[str, str] | None = None) -> Path:
    """Where the local assembly with these context values lies: one of others must not take its place."""
    if not context:
        return LOCAL_ASSEMBLY
    digest = hashlib.sha256(_as_text(context).encode()).hexdigest()
    return LOCAL_ASSEMBLY.with_name(f"{LOCAL_ASSEMBLY.name}-{digest[:8]}")


def _as_text(context: Mapping[str, str]) -> str:
    return json.dumps(dict(context), sort_keys=True)


def source_fingerprint(context: Mapping[str, str] | None = None) -> str | None:
    """A hash of all that could change what is synthesized, files and context; None when git cannot list the files."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    digest = hashlib.sha256(executable("infra").resolve().as_posix().encode())
    digest.update(_as_text(context or {}).encode())
    for name in sorted(set(listing.decode().split("\0"))):
        file = ROOT / name
        if name.startswith(_NOT_SYNTHESIZED) or name.endswith(".md") or not file.is_file():
            continue
        digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


@contextmanager
def _assembly_lock(assembly: Path, operation: int) -> Iterator[None]:
    # A deploy may read an assembly while another reads it, but not while it is being replaced.
    _LOGS.mkdir(parents=True, exist_ok=True)
    with (_LOGS / f"{assembly.parent.name}-{assembly.name}.lock").open("w") as lock:
        fcntl.flock(lock, operation)
        yield


def synthesize(target: str, assembly: Path, context: Mapping[str, str] | None = None) -> str | None:
    """Bring an assembly up to date, unless sources and context are unchanged, and return their fingerprint."""
    values = {**(context or {}), "target": target}
    options = [part for name, value in values.items() for part in ("--context", f"{name}={value}")]
    with _assembly_lock(assembly, fcntl.LOCK_EX):
        fingerprint = source_fingerprint(context)
        stamp = assembly / ".fingerprint"
        if fingerprint is not None and is_current(stamp, fingerprint):
            return fingerprint
        say(f"Synthesizing the stack for target={target}")
        stamp.unlink(missing_ok=True)
        run_logged(
            [CDK, "synth", "--quiet", "--no-notices", *options, "--output", assembly],
            log=_LOGS / f"synth-{target}.log",
            environment=_synth_environment(),
            folder=ROOT,
            failure="cdk synth failed",
            advice=_SYNTH_ADVICE,
        )
        if fingerprint is not None:
            stamp.write_text(fingerprint, encoding="utf-8")
        return fingerprint


def bootstrap(endpoint_url: str, folder: Path) -> None:
    """Create what CDK itself needs in the emulated account."""
    run_logged(
        [CDK, "bootstrap", f"aws://{ACCOUNT}/{REGION}", "--no-notices"],
        log=folder / "bootstrap.log",
        environment=_local_environment(endpoint_url),
        # Not the checkout: its cdk.json would make this synthesize the app first.
        folder=folder,
        failure="cdk bootstrap failed on the emulator",
        advice="`make down up` starts from an empty emulator.",
    )


def deploy(endpoint_url: str, folder: Path, assembly: Path = LOCAL_ASSEMBLY) -> dict[str, str]:
    """Deploy a local assembly onto the emulator and return the stack's outputs."""
    outputs = folder / "outputs.json"
    with _assembly_lock(assembly, fcntl.LOCK_SH):
        run_logged(
            [CDK, "deploy", STACK_NAME, "--app", assembly, *_DEPLOY_OPTIONS, "--outputs-file", outputs],
            log=folder / "deploy.log",
            environment=_local_environment(endpoint_url),
            folder=folder,
            failure="cdk deploy failed on the emulator",
            advice=f"The emulator's own log is {folder / 'emulator.log'}; `make down up` starts from an empty one.",
        )
    return read_outputs(outputs.read_text(encoding="utf-8"))


def read_outputs(text: str) -> dict[str, str]:
    """Flatten CDK's outputs file, which nests by stack."""
    stacks: dict[str, dict[str, str]] = json.loads(text)
    return {name: value for outputs in stacks.values() for name, value in outputs.items()}


def prepare(endpoint_url: str, folder: Path, context: Mapping[str, str] | None = None) -> str | None:
    """Bootstrap an empty emulator while the app is synthesized, since neither waits for the other."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        bootstrapping = pool.submit(bootstrap, endpoint_url, folder)
        fingerprint = synthesize("local", assembly_for(context), context)
        bootstrapping.result()
    return fingerprint


def main() -> None:
    """Synthesize the cloud assembly, the one `make deploy` would deploy."""
    try:
        synthesize("aws", CLOUD_ASSEMBLY)
    except StepFailedError as error:
        exit_with(error)


if __name__ == "__main__":
    main()
