"""A gateway on the emulator: how to reach it, with which keys, kept in a file that only its owner may read."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dev import deploy, emulator
from dev.console import StepFailedError, say
from dev.emulator import Emulator
from dev.paths import ROOT, executable
from shared_names import (
    AUDIT_TABLE,
    IMAGES_BUCKET,
    OUTPUT_API_ID,
    OUTPUT_AUDIT_TABLE,
    OUTPUT_IMAGES_BUCKET,
    OUTPUT_STAGE,
    OUTPUT_TABLE,
    TABLE,
)

_CLI_SECONDS: Final = 120
_CLI_SETTINGS: Final = {TABLE: OUTPUT_TABLE, AUDIT_TABLE: OUTPUT_AUDIT_TABLE, IMAGES_BUCKET: OUTPUT_IMAGES_BUCKET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A project and its two keys; the emulator holds only their hashes."""

    project_id: str
    api_key: str
    admin_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A deployed gateway; `fingerprint` says from which sources, None when that is not known."""

    base_url: str
    keys: Keys
    outputs: dict[str, str]
    emulator: Emulator
    fingerprint: str | None

    def write(self, file: Path) -> None:
        """Write the file, readable by its owner only, in one step."""
        content = {
            "base_url": self.base_url,
            "api_key": self.keys.api_key,
            "admin_key": self.keys.admin_key,
            "project_id": self.keys.project_id,
            "aws_endpoint_url": self.emulator.endpoint_url,
            "outputs": self.outputs,
            "emulator": self.emulator.to_json(),
            "fingerprint": self.fingerprint,
        }
        draft = file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=2)
            stream.write("\n")
        draft.replace(file)


def read_gateway(file: Path) -> Gateway | None:
    """The gateway in a file, or None when there is none or it is of another version."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return Gateway(
            base_url=content["base_url"],
            keys=Keys(**{name: content[name] for name in ("project_id", "api_key", "admin_key")}),
            outputs=content["outputs"],
            emulator=Emulator.from_json(content["emulator"]),
            fingerprint=content["fingerprint"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def base_url_of(endpoint_url: str, outputs: Mapping[str, str]) -> str:
    """Where OpenAI clients find the gateway; the URL in the outputs is AWS's, which the emulator does not answer to."""
    return f"{endpoint_url}/_aws/execute-api/{outputs[OUTPUT_API_ID]}/{outputs[OUTPUT_STAGE]}/v1"


def _cli(arguments: list[str], environment: Mapping[str, str]) -> dict[str, str]:
    result = subprocess.run(
        [str(executable("dev", "imagegate")), *arguments, "--json"],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=_CLI_SECONDS,
    )
    if result.returncode != 0:
        raise StepFailedError(
            f"`imagegate {' '.join(arguments)}` failed:\n{result.stderr or result.stdout}",
            advice="`make down up` starts from an empty emulator.",
        )
    answer: dict[str, str] = json.loads(result.stdout)
    return answer


def cli_environment(endpoint_url: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """What the `imagegate` command needs in order to work on the emulator."""
    names = {variable: outputs[output] for variable, output in _CLI_SETTINGS.items()}
    return {**emulator.client_environment(endpoint_url, os.environ), **names}


def create_keys(endpoint_url: str, outputs: Mapping[str, str], *, project: str) -> Keys:
    """Create a project with a client key and an admin key, through the same command that users have."""
    environment = cli_environment(endpoint_url, outputs)
    project_id = _cli(["projects", "create", project], environment)["project_id"]
    roles = {
        role: _cli(["keys", "create", project_id, "--role", role], environment)["api_key"]
        for role in ("client", "admin")
    }
    return Keys(project_id=project_id, api_key=roles["client"], admin_key=roles["admin"])


def launch(
    folder: Path,
    *,
    port: int,
    project: str,
    settings: Mapping[str, str] | None = None,
    context: Mapping[str, str] | None = None,
) -> Gateway:
    """Start an emulator, deploy everything onto it and create keys; a failure leaves nothing running.

    `settings` are the emulator's, `context` are values for the CDK app, such as `provider_endpoints`.
    """
    started = emulator.start(folder, port=port, settings=settings)
    say(f"Emulator is up at {started.endpoint_url}")
    try:
        fingerprint = deploy.prepare(started.endpoint_url, folder, context)
        say("Deploying the stack onto the emulator")
        outputs = deploy.deploy(started.endpoint_url, folder, deploy.assembly_for(context))
        return _filled(started, fingerprint, outputs, project)
    except BaseException:
        emulator.stop(started)
        raise


def _filled(started: Emulator, fingerprint: str | None, outputs: dict[str, str], project: str) -> Gateway:
    say(f"Creating the project {project!r} and its keys")
    return Gateway(
        base_url=base_url_of(started.endpoint_url, outputs),
        keys=create_keys(started.endpoint_url, outputs, project=project),
        outputs=outputs,
        emulator=started,
        fingerprint=fingerprint,
    )
