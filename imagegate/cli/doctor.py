"""`imagegate doctor`: checks everything between this command and a picture; the exit status is 1 if a check failed."""

from dataclasses import asdict

import typer

from imagegate.cli.checks import Result, run_checks
from imagegate.cli.failures import FAILED
from imagegate.cli.output import print_json, print_table
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, JsonOption, TableOption


def doctor(
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the configuration, the gateway, the key and the tools, and say what to do."""
    checks = run_checks(base_url, api_key, table)
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    else:
        rows = [(check.name, check.result.value, check.found, check.advice) for check in checks]
        print_table(("check", "result", "found", "what to do"), rows)
    if any(check.result is Result.FAILED for check in checks):
        raise typer.Exit(FAILED)
