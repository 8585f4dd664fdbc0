"""`imagegate catalog`: compares the shipped models and prices with what the configured providers say of themselves."""

from dataclasses import asdict

import typer

from imagegate.cli.failures import FAILED, failures_told
from imagegate.cli.output import print_json, print_table
from imagegate.cli.settings import JsonOption, TableOption, find_table

app = typer.Typer(help="The shipped catalog of models and prices. Needs AWS credentials.", no_args_is_help=True)


@app.callback()
def catalog() -> None:
    """Keep `check` a subcommand while it is the only one."""


@app.command()
def check(table: TableOption = None, as_json: JsonOption = False) -> None:
    """Compare the catalog with the configured providers; the exit status is 1 if anything differs."""
    from imagegate.cli.operator import opened_catalog_check

    with failures_told(as_json):
        location = find_table(table)
        with opened_catalog_check(location) as check_catalog:
            report = check_catalog()
    if as_json:
        print_json(asdict(report))
    else:
        if report.differences:
            rows = [(one.model, one.kind.value, one.in_catalog, one.at_provider) for one in report.differences]
            print_table(("model", "difference", "in the catalog", "at the provider"), rows)
        if report.unchecked:
            print_table(("not checked", "why"), [(one.name, one.reason) for one in report.unchecked])
        typer.echo(f"Models compared: {len(report.checked)}; differences: {len(report.differences)}")
    if report.differences:
        raise typer.Exit(FAILED)
