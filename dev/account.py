"""`make deploy`: deploys into a real AWS account with the caller's own credentials, after saying what will happen.

Everything after the announcement is `cdk deploy`, which is handed our arguments too, such as `-c name=staging`.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from dev.console import StepFailedError, exit_with, say
from dev.deploy import cdk_environment
from dev.paths import CDK, ROOT
from shared_names import STACK_NAME

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ENDPOINT_PREFIX: Final = "AWS_ENDPOINT_URL"


def refuse_emulator(environment: Mapping[str, str]) -> None:
    """Stop when an AWS endpoint points at this machine: that is an emulator, and `make up` is for it."""
    for name, value in environment.items():
        if name.startswith(_ENDPOINT_PREFIX) and is_loopback(value):
            raise StepFailedError(
                f"{name} points at this machine ({value}), so this would not deploy to AWS.",
                advice=f"Unset {name} to deploy to your account, or use `make up` for the emulator.",
            )


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    return host in _LOOPBACK or host.endswith(".localhost") or host.startswith("127.")


def main() -> None:
    """Say what will be deployed and where, then hand over to CDK, which asks before it widens permissions."""
    try:
        refuse_emulator(os.environ)
    except StepFailedError as error:
        exit_with(error)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "your profile's region"
    say(f"Deploying the stack {STACK_NAME} with {_credentials(os.environ)} into {region}")
    print("    It creates an API, functions, tables and buckets; idle, they cost next to nothing.")
    print(
        "    CDK shows every change to permissions and asks first. A new account needs `cdk bootstrap` once.",
        flush=True,
    )
    command = [str(CDK), "deploy", STACK_NAME, "--no-notices", *sys.argv[1:]]
    sys.exit(subprocess.run(command, cwd=ROOT, env=cdk_environment(os.environ), check=False).returncode)


def _credentials(environment: Mapping[str, str]) -> str:
    profile = environment.get("AWS_PROFILE")
    return f"the profile {profile!r}" if profile else "the default AWS credentials"


if __name__ == "__main__":
    main()
