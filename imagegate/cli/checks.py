"""The checks of `imagegate doctor`: each asks one question and says what to do when the answer is no."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import shared_names
from imagegate.cli.failures import CommandFailedError, GatewayRefusedError
from imagegate.cli.settings import (
    GATEWAY_FILE,
    Connection,
    find_connection,
    find_table,
    problem_with_url,
)

if TYPE_CHECKING:
    from imagegate.cli.gateway import Gateway

MINIMUM_PYTHON = (3, 11)
MINIMUM_NODE = 20
_NODE_SECONDS = 10
# A folder with this file is a checkout, from which one can deploy.
_CDK_FILE = Path("cdk.json")


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question, its answer, and what to do."""

    name: str
    result: Result
    found: str
    advice: str = ""


def run_checks(base_url: str | None, api_key: str | None, table: str | None) -> list[Check]:
    """Run every check; what an earlier failure makes pointless is skipped."""
    return [
        check_python(sys.version_info[:3]),
        *_check_gateway(base_url, api_key),
        *_check_table_and_providers(table),
        check_node(shutil.which("node")),
    ]


def check_python(version: tuple[int, int, int]) -> Check:
    """Is this Python new enough?"""
    found = ".".join(str(part) for part in version)
    if version >= MINIMUM_PYTHON:
        return _ok("Python", found)
    return _failed("Python", found, f"Install Python {'.'.join(map(str, MINIMUM_PYTHON))} or newer.")


def check_table(table: str | None) -> Check:
    """Can this operator read the gateway's table?"""
    name = "AWS table"
    try:
        location = find_table(table)
        if location.emulator_url is None and not table:
            return _skipped(name, f"only operators need it; set {shared_names.TABLE} and AWS credentials to check it")

        from imagegate.cli.operator import opened_projects
        from imagegate.domain.ids import ProjectId

        with opened_projects(location) as manage:
            manage.projects.read_project(ProjectId("doctor"))
    except CommandFailedError as failure:
        return _told(name, failure)
    return _ok(name, f"{location.table} ({location.found_in})")


def check_providers(table: str | None) -> Check:
    """Is everything there that the configured providers need?"""
    name = "providers"
    try:
        from imagegate.cli.operator import opened_providers

        with opened_providers(find_table(table)) as manage:
            configured = [state for state in manage.list() if state.is_configured]
    except CommandFailedError as failure:
        return _told(name, failure)
    incomplete = [state for state in configured if not state.is_ready]
    if incomplete:
        found = "; ".join(f"{state.card.id} lacks {', '.join(state.missing)}" for state in incomplete)
        commands = ", ".join(f"`{command}`" for state in incomplete for command in state.commands)
        return _failed(name, found, f"Run {commands}.")
    return _ok(name, ", ".join(state.card.id for state in configured))


def check_node(node: str | None) -> Check:
    """Is there a Node.js that can run the AWS CDK?"""
    name, advice = "Node.js", f"Install Node.js {MINIMUM_NODE} or newer; deploying needs it."
    if not _CDK_FILE.exists():
        return _skipped(name, "only needed to deploy, and this folder is not a checkout of Imagegate")
    if node is None:
        return _failed(name, "not found", advice)
    try:
        answer = subprocess.run(  # noqa: S603 - the program that PATH names, asked for its version
            [node, "--version"], capture_output=True, text=True, check=False, timeout=_NODE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _failed(name, f"{node} does not run ({type(error).__name__})", advice)
    version = answer.stdout.strip()
    major = version.removeprefix("v").partition(".")[0]
    if major.isdecimal() and int(major) >= MINIMUM_NODE:
        return _ok(name, version)
    return _failed(name, version or "no version", advice)


def _check_table_and_providers(table: str | None) -> list[Check]:
    found = check_table(table)
    if found.result is not Result.OK:
        return [found, *_not_reached(("providers",), "the table was not read")]
    return [found, check_providers(table)]


def _check_gateway(base_url: str | None, api_key: str | None) -> list[Check]:
    later = ("base URL", "health", "API key", "models")
    try:
        connection = find_connection(base_url, api_key)
    except CommandFailedError as failure:
        return [_told("configuration", failure), *_not_reached(later, "there is no configuration")]
    found, url = _ok("configuration", f"found in {connection.found_in}"), _check_url(connection)
    if url.result is Result.FAILED:
        return [found, url, *_not_reached(later[1:], "the base URL is wrong")]

    from imagegate.cli.gateway import open_gateway

    gateway = open_gateway(connection)
    health = _check_health(gateway)
    if health.result is Result.FAILED:
        return [found, url, health, *_not_reached(later[2:], "the gateway is not healthy")]
    return [found, url, health, *_check_models(gateway)]


def _check_url(connection: Connection) -> Check:
    problem = problem_with_url(connection.base_url)
    if problem is None:
        return _ok("base URL", connection.base_url)
    advice = f"{problem[0].upper()}{problem[1:]}. It looks like https://HOST/STAGE/v1."
    return _failed("base URL", connection.base_url, advice)


def _check_health(gateway: "Gateway") -> Check:
    try:
        status = gateway.health().get("status")
    except CommandFailedError as failure:
        return _told("health", failure)
    if status == "ok":
        return _ok("health", "ok")
    return _failed("health", f"status {status!r}", "Does the address lead to an Imagegate?")


def _check_models(gateway: "Gateway") -> list[Check]:
    """Read the models once: that the key is accepted, and that there is something to ask for."""
    unread = _not_reached(("models",), "they could not be read")
    try:
        models = gateway.models().get("data")
    except GatewayRefusedError as refusal:
        if refusal.status in {401, 403}:
            advice = "Use another key, or let an operator make one: `imagegate keys create PROJECT_ID`."
            return [_failed("API key", f"{refusal.code}: {refusal.message}", advice), *unread]
        return [_told("API key", refusal), *unread]
    except CommandFailedError as failure:
        return [_told("API key", failure), *unread]
    key = _ok("API key", "accepted")
    if isinstance(models, list) and models:
        return [key, _ok("models", f"{len(models)} listed")]
    return [key, _failed("models", "none listed", "Deploy the gateway again; the embedded model is always listed.")]


def _not_reached(names: tuple[str, ...], reason: str) -> list[Check]:
    return [_skipped(name, reason) for name in names]


def _told(name: str, failure: CommandFailedError) -> Check:
    advice = failure.advice or f"Look at {GATEWAY_FILE} and the environment."
    return _failed(name, f"{failure.code}: {failure.message}", advice)


def _ok(name: str, found: str) -> Check:
    return Check(name=name, result=Result.OK, found=found)


def _failed(name: str, found: str, advice: str) -> Check:
    return Check(name=name, result=Result.FAILED, found=found, advice=advice)


def _skipped(name: str, reason: str) -> Check:
    return Check(name=name, result=Result.SKIPPED, found=reason)
