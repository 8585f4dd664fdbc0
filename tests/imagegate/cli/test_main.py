"""Tests of the command as a whole: its help is quick, its failures are words, and its transport has no credentials."""

import subprocess
import sys

import pytest

from imagegate import __version__
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.wire import HttpRequest, SigV4
from imagegate.http import HttpTransport
from tests.imagegate.cli.support import imagegate

SLOW = ("boto3", "botocore", "pydantic", "urllib3", "rich.progress")


def test_nothing_slow_is_loaded_before_a_command_runs() -> None:
    program = f"import sys, imagegate.cli.main; print([name for name in {SLOW!r} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


def test_calling_a_gateway_does_not_load_the_aws_sdk() -> None:
    program = "import sys, imagegate.cli.gateway, imagegate.cli.summary; print('boto3' in sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "False"


def test_the_version_is_told() -> None:
    assert imagegate("--version").stdout == f"imagegate {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        "generate",
        "models",
        "show",
        "list",
        "cancel",
        "delete",
        "projects",
        "keys",
        "providers",
        "secrets",
        "catalog",
        "doctor",
    ],
)
def test_every_command_has_help(command: str) -> None:
    assert command in imagegate("--help").stdout
    assert imagegate(command, "--help").exit_code == 0


def test_an_unknown_command_is_bad_usage() -> None:
    assert imagegate("paint").exit_code == 2


def test_a_transport_without_credentials_refuses_to_send_without_them() -> None:
    request = HttpRequest(method="POST", url="http://127.0.0.1:9/", auth=(SigV4(service="lambda"),))

    with pytest.raises(ConfigurationError, match="asks for credentials"):
        HttpTransport().send(request)
