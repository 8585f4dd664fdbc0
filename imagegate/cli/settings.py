"""Where the gateway and its table are: options, else environment variables, else what `make up` wrote down.

The address and the key are taken together: a key from the file is never sent to an address from elsewhere.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

import shared_names
from imagegate.cli.failures import CommandFailedError
from imagegate.cli.output import read_object

GATEWAY_FILE = Path(".local", "gateway.json")
BASE_URL_VARIABLE = "IMAGEGATE_BASE_URL"
API_KEY_VARIABLE = "IMAGEGATE_API_KEY"
HOW_TO_CONNECT = (
    f"`make up` starts a gateway on this machine; for any other one set {BASE_URL_VARIABLE} and {API_KEY_VARIABLE}."
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

BaseUrlOption = Annotated[
    str | None, typer.Option("--base-url", envvar=BASE_URL_VARIABLE, help="The gateway's address, ending in /v1.")
]
ApiKeyOption = Annotated[str | None, typer.Option("--api-key", envvar=API_KEY_VARIABLE, help="A key of a project.")]
TableOption = Annotated[
    str | None, typer.Option("--table", envvar=shared_names.TABLE, help="The gateway's DynamoDB table.")
]
ProviderArgument = Annotated[str, typer.Argument(metavar="PROVIDER", help="The provider's id, such as openai.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach a gateway; `found_in` says where this was found."""

    base_url: str
    api_key: str = field(repr=False)
    found_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLocation:
    """Which table holds projects and keys; without an emulator it is in the operator's AWS account."""

    table: str
    emulator_url: str | None = None
    found_in: str

    @property
    def secret_prefix(self) -> str:
        """Where the providers' secrets of the same deployment are: both names begin with the deployment's own."""
        return self.table + shared_names.PROVIDER_SECRET_PREFIX.removeprefix(shared_names.TABLE_NAME)


def find_connection(base_url: str | None, api_key: str | None) -> Connection:
    """Return the connection to use.

    Raises:
        CommandFailedError: settings are missing.
    """
    if base_url and api_key:
        return _connection(base_url, api_key, "options or environment")
    if base_url:
        message = "There is an address of a gateway and no key for it."
        raise CommandFailedError("missing_api_key", message, advice=f"Set {API_KEY_VARIABLE}, or pass --api-key.")
    local = read_local_gateway()
    if local is None:
        message = f"No gateway is configured, and there is no {GATEWAY_FILE} here."
        raise CommandFailedError("missing_configuration", message, advice=HOW_TO_CONNECT)
    return _connection(_text(local, "base_url"), api_key or _text(local, "api_key"), str(GATEWAY_FILE))


def find_table(table: str | None) -> TableLocation:
    """Return where projects and keys are kept.

    Raises:
        CommandFailedError: the file of the local gateway cannot be read.
    """
    if table:
        return TableLocation(table=table, found_in=f"--table or {shared_names.TABLE}")
    local = read_local_gateway()
    if local is None:
        return TableLocation(table=shared_names.TABLE_NAME, found_in="the default name")
    outputs, emulator_url = local.get("outputs"), _text(local, "aws_endpoint_url")
    if not emulator_url.startswith(("http://", "https://")):
        raise _unreadable("its 'aws_endpoint_url' is not an address")
    return TableLocation(
        table=_text(outputs if isinstance(outputs, dict) else {}, shared_names.OUTPUT_TABLE),
        emulator_url=emulator_url,
        found_in=str(GATEWAY_FILE),
    )


def read_local_gateway() -> dict[str, Any] | None:
    """Return what `make up` wrote in this folder, or None.

    Raises:
        CommandFailedError: the file is not what `make up` writes.
    """
    try:
        text = GATEWAY_FILE.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(error.strerror or "it cannot be opened") from error
    content = read_object(text)
    if content is None:
        raise _unreadable("it is not a JSON object")
    return content


def problem_with_url(base_url: str) -> str | None:
    """Say what is wrong with the shape of an address, or None."""
    try:
        parts = urlsplit(base_url)
        host = parts.hostname
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "it must begin with https:// and name a host"
    if parts.scheme == "http" and host not in _LOOPBACK and not host.endswith(".localhost"):
        return "it must begin with https://, or the key could be read on the way"
    if parts.query or parts.fragment or not parts.path.endswith("/v1"):
        return "it must end in /v1"
    return None


def _connection(base_url: str, api_key: str, found_in: str) -> Connection:
    key = api_key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        message = "The API key holds spaces or characters that no key has."
        raise CommandFailedError("invalid_api_key", message, advice="Copy the key again; keys begin with `ig_`.")
    return Connection(base_url=base_url.strip().rstrip("/"), api_key=key, found_in=found_in)


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise _unreadable(f"it has no {name!r}")
    return value


def _unreadable(reason: str) -> CommandFailedError:
    message = f"{GATEWAY_FILE} cannot be used: {reason}."
    return CommandFailedError("invalid_configuration", message, advice=HOW_TO_CONNECT)
